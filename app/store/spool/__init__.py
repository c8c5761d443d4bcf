"""Where orders wait while the database is away: a file of each web process, its records set aside, its damage."""
