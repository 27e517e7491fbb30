"""How large a cache is, and how it is made smaller: what was not used for longest goes first.

To look at every blob takes long where there are thousands, and each is a question to the server of
a network file system. So what comes is noted in `blobs/grown`: on the first line when the cache was
last looked through and for which limit, on each further one how many bytes came since.
"""

import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from fcntl import LOCK_EX
from pathlib import Path

from core.atomic import write_atomically
from core.blobs.shelf import BLOBS, PART, is_at, try_lock
from core.errors import StoreError
from core.model.value import Value

LARGEST = 10 * 10**9
"""Bytes that a cache may have if nobody says how many, but never more than `SHARE`."""
SHARE = 10
"""One part in so many of its file system is what a cache may take of it."""

GROWN = "blobs/grown"
"""Where it is noted what came, below a cache."""
SLACK = 20
"""One part in so many of the limit may come before a cache is looked through again."""

_DAY = 24 * 3600.0
_NAME = re.compile(rf"[0-9a-f]{{64}}({re.escape(PART)})?")
_STRAY_AGE = _DAY


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


def keep_within(directory: Path, limit: int, came: int) -> int:
    """Evict as `trim` does, but look at the cache only if it may have grown over its limit.

    That is at least once a day, and leaves room for what comes before the next time.

    Args:
        directory: the cache.
        limit: bytes that it may have.
        came: bytes that came since this was last called.

    Returns:
        Bytes that were freed.
    """
    room = limit // SLACK
    grown = _note_growth(directory, limit, came)
    if grown is not None and grown <= room:
        return 0
    # Before anything is looked at: what others add meanwhile is noted after it.
    with suppress(StoreError):
        first = f"{int(time.time())} {limit}\n".encode()
        write_atomically(directory / GROWN, first, durable=False)
    return trim(directory, limit - room)


def _note_growth(directory: Path, limit: int, came: int) -> int | None:
    """Bytes that came since the cache was looked through; `None` if that must be done anew."""
    with suppress(OSError, ValueError):
        # Not made if it is not there: without its first line it says nothing.
        descriptor = os.open(directory / GROWN, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            if came:
                file.write(b"%d\n" % came)
            file.seek(0)
            looked, for_limit, *grown = map(int, file.read().split())
        if 0 <= time.time() - looked < _DAY and for_limit == limit:
            return sum(grown)
    return None


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
