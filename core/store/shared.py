"""Small files of ours in a store, which all who use the store write together.

They lie in `.spackbin`. Spack takes no notice of it: only a directory with `.spack/spec.json` is a
package to it (Spack 1.x `directory_layout.py:specs_from_metadata_dirs`).
"""

import contextlib
import fcntl
import os
import stat
import time
from pathlib import Path

from core.errors import StoreError

DIRECTORY = ".spackbin"
"""Directory of our files, relative to the root of the store."""
PATIENCE = 30.0
"""Seconds to wait for somebody else who is writing."""

_PAUSE = 0.02
_ATTEMPTS = 20


def open_shared(path: Path, root: Path, flags: int = 0) -> int:
    """A descriptor of a file in `.spackbin`, for reading and writing; made if there is none.

    Everyone may write it who may write `root`, the store's. The caller closes it.

    Raises:
        OSError: it cannot be opened or made.
    """
    flags |= os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = _made(path, flags)
    model = root.stat()
    found = os.fstat(descriptor)
    wanted = 0o644 | (model.st_mode & 0o022)
    # Only its owner can say so.
    if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != wanted:
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, -1, model.st_gid)
        os.fchmod(descriptor, wanted)
    return descriptor


def lock_shared(descriptor: int, path: Path) -> None:
    """Hold the lock of a file until its descriptor is closed.

    Raises:
        StoreError: somebody else keeps it.
        OSError: the file system cannot lock.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise StoreError(
                    "The history of the store is in use by another process",
                    f"Waited {PATIENCE:g} seconds for {path}",
                    "Wait until it has finished, then try again",
                    retry=True,
                ) from None
            time.sleep(_PAUSE)
        else:
            return


def read_all(descriptor: int) -> bytes:
    """All that a file holds."""
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        stream.seek(0)
        return stream.read()


def write_all(descriptor: int, data: bytes) -> None:
    """Write where the descriptor stands."""
    while data:
        data = data[os.write(descriptor, data) :]


def write_durably(descriptor: int, data: bytes) -> None:
    """Write where the descriptor stands, and see to it that it is on disk."""
    write_all(descriptor, data)
    os.fsync(descriptor)


def _made(path: Path, flags: int) -> int:
    """The open file, in a directory that another process may take away while it is empty."""
    for _ in range(_ATTEMPTS):
        _make_directory(path.parent)
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, flags, 0o644)
    return os.open(path, flags, 0o644)


def _make_directory(directory: Path) -> None:
    if directory.is_dir() and not directory.is_symlink():
        return
    with contextlib.suppress(FileExistsError):
        directory.mkdir()
        model = directory.parent.stat()
        with contextlib.suppress(PermissionError):
            os.chown(directory, -1, model.st_gid)
        directory.chmod(stat.S_IMODE(model.st_mode))
