"""Spack's spec syntax, as far as it applies to concrete specs."""
