"""Pins per mirror, verification by GnuPG, policy. The only room that calls a thing verified."""
