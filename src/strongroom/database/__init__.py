"""State and ledger entries in one SQL database: SQLite or PostgreSQL."""
