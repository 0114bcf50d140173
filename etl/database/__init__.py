"""The database: its schema, how to connect, how to upgrade. It knows nothing of runs or sources."""
