"""A Spack beside us: found and read, never run and never written."""
