"""What the service remembers: SQLite in WAL mode by default, PostgreSQL by URL."""
