"""Modes in a prefix: what Spack gives packages that everyone may read and only the owner write."""

DIRECTORY = 0o2755
"""Mode of every directory of a package; the set-gid bit lets new files keep its group."""
EXECUTABLE = 0o755
"""Mode of a file that anyone may execute."""
PLAIN = 0o644
"""Mode of any other file."""
