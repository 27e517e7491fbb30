"""Relocation as pure functions: bytes and a prefix map to bytes."""
