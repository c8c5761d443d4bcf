"""Access: storefronts and programs by key, people by password."""
