"""Spack's locks: the database as a whole, and one byte for each prefix.

Protocol (Spack 1.x `util/lock.py`, `database.py:SpecLocker`): POSIX record locks by `fcntl`, never
waiting in the kernel but polling. Closing any descriptor of a file drops all locks that the process
has on it, therefore one descriptor per lock file is kept for the life of the process. The kernel
does not part the threads of a process; `_LockFile.held` does. Locks are not re-entrant.

Lock order: prefixes before the database; never wait for a prefix while holding the database.
"""

import base64
import errno
import fcntl
import os
import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from core.cancel import CancelToken
from core.errors import StoreError
from core.model.ident import DagHash
from core.model.value import Value
from core.store.disk import store_error
from core.store.paths import CANNOT_LOCK, StorePaths, cannot_lock
from core.store.waiting import Listener, Wait, wait_until

DATABASE_TIMEOUT = 60.0
"""Seconds to wait for the database; the default of Spack's `config:db_lock_timeout`."""

_BUSY = {errno.EAGAIN, errno.EACCES}
_READ_ONLY = {errno.EACCES, errno.EPERM, errno.EROFS}
_FLOCK = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux: type, whence, start, length, pid


def prefix_offset(hash_: DagHash) -> int:
    """The byte of `prefix_lock` that stands for a prefix: the first 63 bits of the hash."""
    return int.from_bytes(base64.b32decode(hash_.upper())[:8], "big") >> 1


class _Range(Value, frozen=True):
    """Bytes to lock."""

    start: int
    """Offset of the first."""
    length: int
    """How many; 0 means all to the end of the file, however long it becomes."""


_WHOLE_FILE = _Range(0, 0)


class _LockFile(msgspec.Struct):
    """The only descriptor of a lock file in this process, and what the process holds of it."""

    path: Path
    """By which path it was opened first."""
    descriptor: int
    """Open for the life of the process."""
    writable: bool
    """False if it could be opened for reading only; then there are no exclusive locks."""
    held: dict[_Range, int] = msgspec.field(default_factory=dict[_Range, int])
    """Number of threads that share a range; -1 if one has it for itself."""
    mutex: threading.Lock = msgspec.field(default_factory=threading.Lock)
    """Guards `held` and the calls to the kernel."""

    def try_lock(self, range_: _Range, write: bool) -> bool:
        """Lock `range_` if that is possible at once."""
        with self.mutex:
            holders = self.held.get(range_, 0)
            if holders and (write or holders < 0):
                return False
            kind = fcntl.LOCK_EX if write else fcntl.LOCK_SH
            if not holders and not self._kernel(kind | fcntl.LOCK_NB, range_):
                return False
            self.held[range_] = -1 if write else holders + 1
            return True

    def unlock(self, range_: _Range) -> None:
        """Give back what `try_lock` gave; the kernel hears of it from the last holder."""
        with self.mutex:
            if self.held[range_] > 1:
                self.held[range_] -= 1
            else:
                del self.held[range_]
                self._kernel(fcntl.LOCK_UN, range_)

    def share(self, range_: _Range) -> None:
        """Make an exclusive lock a shared one; nobody else has it for a moment in between."""
        with self.mutex:
            self._kernel(fcntl.LOCK_SH | fcntl.LOCK_NB, range_)
            self.held[range_] = 1

    def _kernel(self, command: int, range_: _Range) -> bool:
        try:
            fcntl.lockf(self.descriptor, command, range_.length, range_.start, os.SEEK_SET)
        except OSError as error:
            if error.errno in _BUSY:
                return False
            if error.errno in CANNOT_LOCK:
                raise cannot_lock(self.path) from error
            raise store_error("The store cannot be locked", self.path, error) from error
        return True

    def holder(self, range_: _Range) -> int | None:
        """Process id of one who keeps us from an exclusive lock, as far as can be known."""
        if range_ in self.held:
            return os.getpid()
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, range_.start, range_.length, 0)
        try:
            kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(self.descriptor, fcntl.F_GETLK, asked))
        except (OSError, struct.error):
            return None
        return pid if kind != fcntl.F_UNLCK and pid > 0 else None


class _LockFiles:
    """Every lock file that this process ever opened, by device and inode."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew, as a child must: it has none of its parent's locks."""
        self._files: dict[tuple[int, int], _LockFile] = {}
        self._mutex = threading.Lock()

    def get(self, path: Path) -> _LockFile:
        """The file that is at `path` now, created if there is none."""
        with self._mutex:
            known = self._known(path)
            if known is None:
                known = _open(path)
                found = os.fstat(known.descriptor)
                known = self._files.setdefault((found.st_dev, found.st_ino), known)
            return known

    def _known(self, path: Path) -> _LockFile | None:
        try:
            found = path.stat()
        except OSError:
            return None
        return self._files.get((found.st_dev, found.st_ino))


_files = _LockFiles()
os.register_at_fork(after_in_child=_files.forget)


def _open(path: Path) -> _LockFile:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # 0777 less the umask is the mode that Spack's lock files have.
            return _LockFile(path, os.open(path, os.O_RDWR | os.O_CREAT, 0o777), writable=True)
        except OSError as error:
            if error.errno not in _READ_ONLY or not path.exists():
                raise
            return _LockFile(path, os.open(path, os.O_RDONLY), writable=False)
    except OSError as error:
        raise store_error("The store cannot be locked", path, error) from error


def _lockable(path: Path, write: bool) -> _LockFile:
    file = _files.get(path)
    if write and not file.writable:
        raise StoreError(
            "The store cannot be written: you may only read it",
            str(path),
            "Ask its owner for permission to write, or choose another store with --store",
        )
    return file


@contextmanager
def database_lock(
    paths: StorePaths,
    *,
    write: bool,
    timeout: float | None = DATABASE_TIMEOUT,
    cancel: CancelToken | None = None,
    listener: Listener | None = None,
) -> Generator[None]:
    """Hold the lock of the database.

    Args:
        paths: the store.
        write: True for the exclusive lock, False for one that is shared with other readers.
        timeout: seconds to wait, `None` for ever.
        cancel: looked at while waiting.
        listener: told whom we wait for.

    Raises:
        StoreError: it did not come free in time, or the file system cannot lock.
        Interrupted: `cancel` was set while waiting.
    """
    file = _lockable(paths.lock, write)
    wait = Wait(
        "The database of the store", file.path, lambda: file.holder(_WHOLE_FILE), timeout, listener
    )
    wait_until(lambda: file.try_lock(_WHOLE_FILE, write), wait, cancel)
    try:
        yield
    finally:
        file.unlock(_WHOLE_FILE)


@contextmanager
def prefix_lock(
    paths: StorePaths,
    hash_: DagHash,
    *,
    write: bool = True,
    timeout: float | None = None,
    cancel: CancelToken | None = None,
    listener: Listener | None = None,
) -> Generator[None]:
    """Hold the lock of one prefix.

    Args:
        paths: the store.
        hash_: whose prefix.
        write: True to install or remove it, False to keep others from removing it.
        timeout: seconds to wait, `None` for ever, as Spack does.
        cancel: looked at while waiting.
        listener: told whom we wait for.

    Raises:
        StoreError: it did not come free in time, or the file system cannot lock.
        Interrupted: `cancel` was set while waiting.
    """
    file = _lockable(paths.prefix_lock, write)
    range_ = _Range(prefix_offset(hash_), 1)
    what = f"The prefix of /{hash_[:7]}"
    wait = Wait(what, file.path, lambda: file.holder(range_), timeout, listener)
    wait_until(lambda: file.try_lock(range_, write), wait, cancel)
    try:
        yield
    finally:
        file.unlock(range_)


@contextmanager
def try_prefix_lock(paths: StorePaths, hash_: DagHash, *, write: bool = True) -> Generator[bool]:
    """Hold the lock of one prefix if it is free now; yields whether it was.

    Raises:
        StoreError: the file system cannot lock.
    """
    lock = PrefixLock(paths, hash_)
    is_free = lock.try_acquire(write=write)
    try:
        yield is_free
    finally:
        lock.release()


class PrefixLock:
    """The lock of one prefix, for those who hold it longer than a call lasts."""

    def __init__(self, paths: StorePaths, hash_: DagHash) -> None:
        self._paths = paths
        self._range = _Range(prefix_offset(hash_), 1)
        self._file: _LockFile | None = None

    def try_acquire(self, *, write: bool) -> bool:
        """Take it if it is free now; whether it was. It must not be held yet.

        Raises:
            StoreError: the file system cannot lock, or the store may only be read.
        """
        file = _lockable(self._paths.prefix_lock, write)
        if not file.try_lock(self._range, write):
            return False
        self._file = file
        return True

    def holder(self) -> int | None:
        """Process id of one who keeps us from it, as far as can be known."""
        return _files.get(self._paths.prefix_lock).holder(self._range)

    def share(self) -> None:
        """Let others read the prefix too; it was held exclusively."""
        if self._file:
            self._file.share(self._range)

    def release(self) -> None:
        """Give it back, if it is held."""
        if self._file:
            self._file.unlock(self._range)
            self._file = None


def holder(paths: StorePaths, hash_: DagHash | None = None) -> int | None:
    """Process id of one who holds the lock of a prefix, or of the database if none is named.

    `None` if it is free, or if the file system does not tell (another machine, another container).
    """
    if hash_ is None:
        return _files.get(paths.lock).holder(_WHOLE_FILE)
    return _files.get(paths.prefix_lock).holder(_Range(prefix_offset(hash_), 1))
