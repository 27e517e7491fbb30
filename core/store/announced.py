"""Operations that are announced before they happen, so that a crash cannot hide them.

A file in `.spackbin`, locked as long as its writer lives, says what is about to happen. Whoever
looks next sees by the lock that the writer died, and by the database, which changes in one step,
whether it happened.
"""

import fcntl
import os
import time
from pathlib import Path

import msgspec

from core.model.history import Operation
from core.model.value import Value
from core.store.database import Database
from core.store.disk import store_error, sync_directory
from core.store.history import HistoryFile
from core.store.paths import StorePaths
from core.store.records import DatabaseState
from core.store.shared import DIRECTORY, open_shared, read_all, write_durably

_NAME = "announced-{}.json"


class Announcement:
    """An operation that is about to happen. Ends with `withdraw` or `happened`."""

    def __init__(self, paths: StorePaths, operation: Operation) -> None:
        """Write it down.

        Raises:
            StoreError: the store cannot be written.
        """
        self._history = HistoryFile(paths)
        self._operation = operation
        self._path = paths.root / DIRECTORY / _NAME.format(operation.id)
        try:
            self._descriptor = _locked(self._path, paths.root)
            try:
                write_durably(self._descriptor, msgspec.json.encode(operation))
                sync_directory(self._path.parent)
            except BaseException:
                self.withdraw()
                raise
        except OSError as error:
            what = "The history of the store cannot be written"
            raise store_error(what, self._path, error) from error

    def withdraw(self) -> None:
        """It did not happen."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def leave(self) -> None:
        """It happened, or may have, and nobody stays to say so: the next who looks finds out."""
        os.close(self._descriptor)

    def happened(self) -> Operation:
        """It happened: put it into the history; gives it with its number.

        Raises:
            StoreError: the history cannot be written; it stays announced, and the next will try.
        """
        try:
            done = self._history.append(msgspec.structs.replace(self._operation, ended=time.time()))
            self._path.unlink(missing_ok=True)
        finally:
            os.close(self._descriptor)
        return done


def _locked(path: Path, root: Path) -> int:
    """A new empty file, locked before it says anything: nobody takes it for one of the dead."""
    while True:
        descriptor = open_shared(path, root, os.O_EXCL)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Who came between the two has taken it away.
            if os.path.lexists(path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        os.close(descriptor)


class Settled(Value, frozen=True):
    """What became of operations whose writers died."""

    done: tuple[Operation, ...]
    """They had happened, and are in the history now."""
    given_up: tuple[Operation, ...]
    """They had not, and are announced no more."""


def complete_announced(paths: StorePaths) -> tuple[Operation, ...]:
    """Put into the history what the dead had announced and done; which operations that were.

    Raises:
        StoreError: the database or the history cannot be read or written.
    """
    return settle_announced(paths).done


def is_announced(paths: StorePaths) -> bool:
    """True if somebody has announced an operation, and not finished it."""
    return bool(_files(paths))


def settle_announced(paths: StorePaths) -> Settled:
    """Put into the history what the dead had announced and done, and take away what they had not.

    Raises:
        StoreError: the database or the history cannot be read or written.
    """
    completed: list[Operation] = []
    given_up: list[Operation] = []
    for path in _files(paths):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue  # somebody else was faster, or we may not write in this store
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            operation = _operation(descriptor)
            if operation and has_happened(operation, Database(paths).read()):
                completed.append(HistoryFile(paths).append(operation))
            elif operation:
                given_up.append(operation)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            continue  # its writer lives
        finally:
            os.close(descriptor)
    return Settled(tuple(completed), tuple(given_up))


def _files(paths: StorePaths) -> list[Path]:
    try:
        return sorted((paths.root / DIRECTORY).glob(_NAME.format("*")))
    except OSError:
        return []  # we may not look there


def _operation(descriptor: int) -> Operation | None:
    """What is announced; `None` if its writer died while it wrote, and so before doing it."""
    try:
        return msgspec.json.decode(read_all(descriptor), type=Operation)
    except msgspec.DecodeError:
        return None


def has_happened(operation: Operation, state: DatabaseState) -> bool:
    """True if the database is as a removal leaves it."""
    records = state.records
    if operation.removed:
        return not any(
            item.hash in records and records[item.hash].installed for item in operation.removed
        )
    return not any(
        item.hash in records and records[item.hash].explicit for item in operation.implicit
    )
