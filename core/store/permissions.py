"""Modes in a prefix: what Spack gives packages that everyone may read and only the owner write."""

import os
import stat
from pathlib import Path

DIRECTORY = 0o2755
"""Mode of every directory of a package; the set-gid bit lets new files keep its group."""
EXECUTABLE = 0o755
"""Mode of a file that anyone may execute."""
PLAIN = 0o644
"""Mode of any other file."""


def set_permissions(prefix: Path) -> None:
    """Give all in `prefix`, itself included, its mode (Spack `hooks/permissions_setters.py`).

    Raises:
        OSError: a mode cannot be changed.
    """
    for directory, _, names in os.walk(prefix, onerror=_raise):
        Path(directory).chmod(DIRECTORY)
        for name in names:
            path = Path(directory, name)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                wanted = EXECUTABLE if mode & 0o111 else PLAIN
                if stat.S_IMODE(mode) != wanted:
                    path.chmod(wanted)


def _raise(error: OSError) -> None:
    raise error
