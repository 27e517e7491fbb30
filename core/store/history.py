"""The history of a store: what was done to it, by whom, kept in the store itself.

`.spackbin/history.jsonl` holds one JSON object a line, oldest first, and is only ever appended to.
"""

import os
import pwd
import time

import msgspec

from core import __version__
from core.model.history import History, Operation, OperationKind
from core.store.disk import store_error
from core.store.paths import StorePaths
from core.store.shared import DIRECTORY, lock_shared, open_shared, read_all, write_durably

HISTORY = "history.jsonl"
"""The file of the history in `.spackbin`."""


def new_operation(kind: OperationKind, id_: str, started: float) -> Operation:
    """An operation by this user, on this machine, that ends now and did nothing yet."""
    return Operation(
        kind=kind,
        id=id_,
        started=started,
        ended=time.time(),
        user=user_name(os.getuid()),
        uid=os.getuid(),
        host=os.uname().nodename,
        spackbin=__version__,
    )


def user_name(uid: int) -> str:
    """Login name of a user; the number where the system knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


class HistoryFile:
    """The history of one store, for all who use the store."""

    def __init__(self, paths: StorePaths) -> None:
        self._root = paths.root
        self.path = paths.root / DIRECTORY / HISTORY
        """Where it is kept."""

    def read(self) -> History:
        """All operations; what is damaged hides nothing else. Takes no lock, creates nothing.

        Raises:
            StoreError: it is there and cannot be read.
        """
        try:
            return _parsed(self.path.read_bytes())
        except FileNotFoundError:
            return History()
        except OSError as error:
            what = "The history of the store cannot be read"
            raise store_error(what, self.path, error) from error

    def append(self, operation: Operation) -> Operation:
        """Add an operation, durably; gives it with its number.

        One whose id is there already is not added again: that one is given.

        Raises:
            StoreError: it cannot be written, or somebody else keeps it locked.
        """
        try:
            descriptor = open_shared(self.path, self._root, os.O_APPEND)
            try:
                lock_shared(descriptor, self.path)
                return _append(descriptor, operation)
            finally:
                os.close(descriptor)
        except OSError as error:
            what = "The history of the store cannot be written"
            raise store_error(what, self.path, error) from error


def _parsed(data: bytes) -> History:
    *lines, tail = data.split(b"\n")
    operations: list[Operation] = []
    damaged = 0
    for line in lines:
        operation = _understood(line)
        if operation:
            operations.append(operation)
        elif line.strip():
            damaged += 1
    # Without its end a line is either being written now, or was when its writer died.
    last = _understood(tail)
    return History((*operations, last) if last else tuple(operations), damaged)


def _understood(line: bytes) -> Operation | None:
    try:
        return msgspec.json.decode(line, type=Operation)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _append(descriptor: int, operation: Operation) -> Operation:
    """The caller holds the lock."""
    data = read_all(descriptor)
    known = _parsed(data).operations
    for there in known:
        if there.id == operation.id:
            return there
    number = 1 + max((there.number for there in known), default=0)
    numbered = msgspec.structs.replace(operation, number=number)
    # What somebody left without an end gets one, so that it damages nothing but itself.
    start = b"\n" if data and not data.endswith(b"\n") else b""
    try:
        write_durably(descriptor, start + msgspec.json.encode(numbered) + b"\n")
    except OSError:
        os.ftruncate(descriptor, len(data))
        raise
    return numbered
