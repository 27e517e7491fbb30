"""The install tree: paths, locks, database, staging, metadata."""
