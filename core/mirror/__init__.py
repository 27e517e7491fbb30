"""Mirrors: configuration, layouts, and the client that reads them."""
