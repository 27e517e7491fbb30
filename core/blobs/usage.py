"""How large a cache is, and how it is made smaller: what was not used for longest goes first."""

import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from fcntl import LOCK_EX
from pathlib import Path

from core.blobs.shelf import BLOBS, PART, is_at, try_lock
from core.model.value import Value

LARGEST = 10 * 10**9
"""Bytes that a cache may have if nobody says how many, but never more than `SHARE`."""
SHARE = 10
"""One part in so many of its file system is what a cache may take of it."""

_NAME = re.compile(rf"[0-9a-f]{{64}}({re.escape(PART)})?")
_STRAY_AGE = 24 * 3600.0


class Entry(Value, frozen=True):
    """A file of a cache."""

    path: Path
    """Where it is."""
    size: int
    """Its bytes."""
    used: float
    """When it was last used, seconds since the epoch."""

    @property
    def is_part(self) -> bool:
        """True if the blob did not come whole."""
        return self.path.name.endswith(PART)


def default_limit(directory: Path) -> int:
    """Bytes that a cache in `directory` may have if nobody says how many."""
    while not os.path.exists(directory):
        directory = directory.parent
    return min(LARGEST, shutil.disk_usage(directory).total // SHARE)


def entries(directory: Path) -> list[Entry]:
    """The files of the cache in `directory`, the one not used for longest first."""
    found = [entry for path in _files(directory) if (entry := _entry(path))]
    return sorted(found, key=lambda entry: (entry.used, entry.path))


def trim(directory: Path, limit: int) -> int:
    """Evict what was not used for longest until at most `limit` bytes are left.

    What somebody reads or fetches at the moment stays.

    Returns:
        Bytes that were freed.
    """
    known = entries(directory)
    excess = sum(entry.size for entry in known) - limit
    freed = 0
    for entry in known:
        is_stray = not _NAME.fullmatch(entry.path.name)
        if is_stray and time.time() - entry.used > _STRAY_AGE:
            # A small document whose writer was killed.
            freed += entry.size if _evict(entry.path) else 0
        elif excess > freed and _evict(entry.path):
            freed += entry.size
    return freed


def trim_by(directory: Path, needed: int) -> int:
    """Evict as `trim` does, about `needed` bytes; the bytes that were freed."""
    return trim(directory, max(0, sum(entry.size for entry in entries(directory)) - needed))


def _files(directory: Path) -> Iterator[Path]:
    root = directory / BLOBS
    for shelf in root.glob("[0-9a-f][0-9a-f]"):
        with suppress(OSError):
            yield from shelf.iterdir()


def _entry(path: Path) -> Entry | None:
    with suppress(OSError):
        found = path.stat(follow_symlinks=False)
        if stat.S_ISREG(found.st_mode):
            return Entry(path, found.st_size, found.st_mtime)
    return None


def _evict(path: Path) -> bool:
    with suppress(OSError):
        # For writing: NFS gives exclusive locks to nobody else.
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            if try_lock(descriptor, LOCK_EX) and is_at(descriptor, path):
                path.unlink()
                return True
        finally:
            os.close(descriptor)
    return False
