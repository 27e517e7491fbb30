"""Widgets: they draw what they are given and tell what was done; they start no jobs."""
