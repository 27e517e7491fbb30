"""Disposition of every node and its reason; the plan as a pure function."""
