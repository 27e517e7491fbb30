"""One directory of blobs, and the locks by which processes share it.

    blobs/sha256/HH/HHHH...         a blob, named by its digest
    blobs/sha256/HH/HHHH....part    what has come of one so far

Both are their own lock (flock): who reads a blob shares it, so that nobody evicts it meanwhile;
who fetches one has its partial file alone. The kernel frees the locks of the dead. Names move under
the lock, so after each lock the name is looked at again.

It is the layout of the blobs of a v3 mirror (Spack 1.x `url_buildcache.py`).
"""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.model.ident import Sha256

BLOBS = "blobs/sha256"
"""Where blobs are, below a cache."""
PART = ".part"
"""Ends the name of a partial file."""

_BUSY = {errno.EAGAIN, errno.EACCES}


class Unusable(Exception):
    """The directory cannot be used; never leaves this room."""

    def __init__(self, reason: str, errno_: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        """Why, in a few words."""
        self.errno = errno_
        """The error number of the system, if it was one."""


@contextmanager
def using(where: Path) -> Generator[None]:
    """Turn what the system says about the directory into `Unusable`."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Unusable(f"{where}: {reason}", error.errno) from error


def try_lock(descriptor: int, kind: int) -> bool:
    """Lock an open file if that is possible at once; `kind` is `LOCK_SH` or `LOCK_EX`."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise
    return True


def is_at(descriptor: int, path: Path) -> bool:
    """True if the open file is the one that has this name now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


class Shelf:
    """A directory of blobs that we may write to. Methods raise `Unusable` if we cannot."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        """The cache; the blobs are below it."""
        self.root = directory / BLOBS
        """Where the blobs are."""

    def prepare(self) -> None:
        """Make the directories; nobody but us may ever write there.

        A blob is hashed and then read once more: who could change it in between could give us
        another one.
        """
        with using(self.root):
            self.directory.mkdir(parents=True, exist_ok=True)
            for directory in (self.root.parent, self.root):
                _make_private(directory)

    def blob(self, digest: Sha256) -> Path:
        """Where a blob is, if it is here."""
        return self.root / digest[:2] / digest

    def part(self, digest: Sha256) -> Path:
        """Where the part of a blob is that has come so far."""
        return self.root / digest[:2] / f"{digest}{PART}"

    def open_blob(self, digest: Sha256) -> int | None:
        """A blob, open for reading and shared; `None` if it is not here. Close it after use."""
        path = self.blob(digest)
        with using(path):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            except FileNotFoundError:
                return None
            try:
                # Who has it alone is about to evict it: it is as good as gone.
                if try_lock(descriptor, fcntl.LOCK_SH) and is_at(descriptor, path):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
            return None

    def open_part(self, digest: Sha256) -> int:
        """The partial file of a blob, made if need be; not locked yet."""
        path = self.part(digest)
        with using(path):
            _make_private(path.parent)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            return os.open(path, flags, 0o644)

    def publish(self, descriptor: int, digest: Sha256) -> bool:
        """Give a whole partial file, which we have alone, its name, and share it from then on.

        Returns:
            False if it was evicted at the moment of the change.
        """
        path = self.blob(digest)
        with using(path):
            self.part(digest).rename(path)
            return try_lock(descriptor, fcntl.LOCK_SH) and is_at(descriptor, path)

    def set_aside(self, digest: Sha256) -> Path:
        """Give a partial file that we have alone, and that is not the blob, a name of no meaning.

        Nobody waits for it any more; it is for who took it to remove it.
        """
        path = self.part(digest)
        aside = path.with_name(f".refused-{secrets.token_hex(8)}")
        with using(path):
            return path.rename(aside)

    def drop_part(self, descriptor: int, digest: Sha256) -> None:
        """Remove a partial file that we have alone."""
        path = self.part(digest)
        with suppress(OSError):
            if is_at(descriptor, path):
                path.unlink()


def _make_private(directory: Path) -> None:
    with suppress(FileExistsError):
        directory.mkdir(0o755)
    found = directory.stat(follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, "it is not a directory")
    if found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to somebody else")
    if found.st_mode & 0o022:
        directory.chmod(stat.S_IMODE(found.st_mode) & ~0o022)
