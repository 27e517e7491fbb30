"""The prefix locks of a run: exclusive on what it makes, shared on what that needs.

They are kept until the run ends, as Spack keeps those of what it has installed: what a package of
the run needs may not vanish before the package itself is registered.

Nobody waits here: who cannot have a lock goes on with something else and asks again later. A run
claims a package before it fetches it, and holds claims while others of its packages wait for
somebody else; since a waiting package keeps no other from being made, two runs that make the same
packages share the work and never wait for each other for ever.
"""

import threading
from collections.abc import Callable
from enum import Enum

from core.model.ident import DagHash
from core.store.locks import PrefixLock
from core.store.paths import StorePaths


class Claim(Enum):
    """What came of asking for a prefix."""

    OURS = "ours"
    """It is ours alone, to be made."""
    THERE = "there"
    """It is made, and shared with others."""
    BUSY = "busy"
    """Somebody else has it for the moment."""


class Holdings:
    """The locks that one run holds. May be used by several threads at once."""

    def __init__(self, paths: StorePaths) -> None:
        self._paths = paths
        self._locks: dict[DagHash, PrefixLock] = {}
        self._mutex = threading.Lock()

    def share(self, hash_: DagHash) -> bool:
        """Keep others from removing or replacing a prefix; False if it is somebody else's now.

        Raises:
            StoreError: the file system cannot lock.
        """
        if self._holds(hash_):
            return True
        lock = PrefixLock(self._paths, hash_)
        if not lock.try_acquire(write=False):
            return False
        self._keep(hash_, lock)
        return True

    def claim(self, hash_: DagHash, is_there: Callable[[], bool]) -> Claim:
        """Have a prefix for ourselves, to make it, unless it is there already. Not held yet.

        Args:
            hash_: which.
            is_there: whether it is registered and there, as of now.

        Raises:
            StoreError: the file system cannot lock, or the store may only be read.
        """
        lock = PrefixLock(self._paths, hash_)
        is_ours = lock.try_acquire(write=True)
        # Who has made something shares it until its run ends.
        if not is_ours and not lock.try_acquire(write=False):
            return Claim.BUSY
        try:
            found = is_there()
        except BaseException:
            lock.release()
            raise
        if not found and not is_ours:
            lock.release()
            return Claim.BUSY
        if found and is_ours:
            lock.share()
        self._keep(hash_, lock)
        return Claim.THERE if found else Claim.OURS

    def made(self, hash_: DagHash) -> None:
        """What was made is registered: others may use it."""
        with self._mutex:
            self._locks[hash_].share()

    def drop(self, hash_: DagHash) -> None:
        """What was to be made is not there."""
        with self._mutex:
            lock = self._locks.pop(hash_, None)
        if lock:
            lock.release()

    def holder(self, hash_: DagHash) -> int | None:
        """Process id of one who keeps us from a prefix, as far as can be known."""
        return PrefixLock(self._paths, hash_).holder()

    def close(self) -> None:
        """Give all locks back."""
        for hash_ in list(self._locks):
            self.drop(hash_)

    def _holds(self, hash_: DagHash) -> bool:
        with self._mutex:
            return hash_ in self._locks

    def _keep(self, hash_: DagHash, lock: PrefixLock) -> None:
        with self._mutex:
            if self._locks.setdefault(hash_, lock) is not lock:
                lock.release()
