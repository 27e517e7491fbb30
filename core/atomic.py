"""Small files: replaced in one step, and changed by one process at a time."""

import fcntl
import os
import stat
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from core.errors import StoreError


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace the file at `path` (or where a symbolic link there leads) by `data`.

    Its permissions stay; a new file can be read by its owner alone. Missing directories are
    made. Nothing is left behind if it fails.

    Args:
        path: of the file.
        data: all that is to be in it.
        durable: False for what can be had again, and is checked when it is read: after a power
            cut the file may be empty or damaged. Each one that is durable waits for the disk.

    Raises:
        StoreError: it cannot be written.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                if durable:
                    os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(
            f"A file cannot be written: {error.strerror or error}",
            str(path),
            "Look at its permissions and at the space left",
        ) from error


PATIENCE = 30.0
"""Seconds to wait until another process has changed a file."""
_POLL = 0.02
_threads = threading.RLock()


@contextmanager
def changing(path: Path, *, patience: float = PATIENCE) -> Generator[None]:
    """Be the only one who reads, changes and writes the file at `path`.

    All who change it must do so inside of this; who only reads need not. The lock is that of a
    file of the same name with `.lock` at its end, which stays.

    Raises:
        StoreError: another process does not finish within `patience` seconds, or the lock
            cannot be had.
    """
    path = path.resolve()
    lock = path.with_name(f".{path.name}.lock")
    with _threads:
        descriptor = _opened(lock)
        try:
            _wait(descriptor, lock, time.monotonic() + patience)
            yield
        finally:
            os.close(descriptor)


def _opened(lock: Path) -> int:
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"A file cannot be written: {error.strerror or error}",
            str(lock),
            "Look at its permissions and at the space left",
        ) from error


def _wait(descriptor: int, lock: Path, end: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise StoreError(
                    "Another spackbin is changing the same file and does not finish",
                    str(lock),
                    "End it, then try again",
                    retry=True,
                ) from None
            time.sleep(_POLL)
        except OSError as error:
            raise StoreError(
                f"A file cannot be locked: {error.strerror or error}",
                str(lock),
                "Choose a directory on a file system that has locks",
            ) from error
        else:
            return
