"""The database itself: opened so that a commit means on disk, migrated, and watched."""
