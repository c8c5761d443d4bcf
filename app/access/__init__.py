"""Who may come in: storefronts by key, people by password."""
