"""Spack environments on disk."""
