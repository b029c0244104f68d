"""DatabaseService: a PostgreSQL schema and a role for each tenant."""
