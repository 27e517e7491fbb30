"""Modes of a package that a test has put together."""

import os
import stat
from pathlib import Path

from core.model.modes import DIRECTORY, EXECUTABLE, PLAIN


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
