"""The prefix locks of a run: exclusive on what it makes, shared on what that needs.

They are kept until the run ends, as Spack keeps those of what it has installed: what a package of
the run needs may not vanish before the package itself is registered. Nobody waits for an
exclusive lock while another holds a shared one on a prefix that is registered: two runs that make
the same packages in another order do not wait for each other for ever.
"""

import threading
from collections.abc import Callable

from core.cancel import CancelToken
from core.model.ident import DagHash
from core.store.locks import PrefixLock, pauses
from core.store.paths import StorePaths


class Holdings:
    """The locks that one run holds. May be used by several threads at once."""

    def __init__(self, paths: StorePaths, cancel: CancelToken) -> None:
        self._paths = paths
        self._cancel = cancel
        self._locks: dict[DagHash, PrefixLock] = {}
        self._mutex = threading.Lock()

    def share(self, hash_: DagHash) -> None:
        """Keep others from removing or replacing a prefix; at once if the run holds it already.

        Raises:
            StoreError: the file system cannot lock.
            Interrupted: the run was cancelled while waiting.
        """
        if self._holds(hash_):
            return
        lock = PrefixLock(self._paths, hash_)
        for pause in pauses():
            if lock.try_acquire(write=False):
                break
            self._wait(pause)
        self._keep(hash_, lock)

    def make(self, hash_: DagHash, is_there: Callable[[], bool]) -> bool:
        """Have a prefix for ourselves, to make it; False if somebody else has made it meanwhile.

        Args:
            hash_: which.
            is_there: whether it is registered and there, as of now.

        Raises:
            StoreError: the file system cannot lock, or the store may only be read.
            Interrupted: the run was cancelled while waiting.
        """
        lock = PrefixLock(self._paths, hash_)
        for pause in pauses():
            if lock.try_acquire(write=True):
                self._keep(hash_, lock)
                return not self._is_found(hash_, is_there)
            if lock.try_acquire(write=False):
                if is_there():
                    self._keep(hash_, lock)
                    return False
                lock.release()
            self._wait(pause)
        raise AssertionError("pauses never end")

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

    def close(self) -> None:
        """Give all locks back."""
        for hash_ in list(self._locks):
            self.drop(hash_)

    def _is_found(self, hash_: DagHash, is_there: Callable[[], bool]) -> bool:
        try:
            found = is_there()
        except BaseException:
            self.drop(hash_)
            raise
        if found:
            self.made(hash_)
        return found

    def _holds(self, hash_: DagHash) -> bool:
        with self._mutex:
            return hash_ in self._locks

    def _keep(self, hash_: DagHash, lock: PrefixLock) -> None:
        with self._mutex:
            if self._locks.setdefault(hash_, lock) is not lock:
                lock.release()

    def _wait(self, pause: float) -> None:
        self._cancel.wait(pause)
        self._cancel.check()
