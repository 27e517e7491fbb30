"""Who builds what no mirror has: one small protocol, and those that keep it."""
