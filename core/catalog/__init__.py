"""Index blob to SQLite in a child process; a read-only reader for rows and graphs."""
