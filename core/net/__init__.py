"""Transports: bounded, cancellable reading from files and over HTTP."""
