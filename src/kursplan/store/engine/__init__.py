"""How rows get in and out of SQLite and PostgreSQL: connections, transactions, types, schema."""
