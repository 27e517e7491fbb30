"""Filling one partial file, from a neighbour's cache or from a mirror, where it was left off."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from msgspec import field

from core.blobs.shelf import BLOBS, using
from core.cancel import CancelToken
from core.model.ident import Sha256
from core.model.value import Value

Pieces = Callable[[int], AbstractContextManager[Iterator[bytes]]]
"""Gives the bytes of a blob from an offset on; the errors of the mirror pass."""
Progress = Callable[[int, int], None]
"""Called with the bytes that are here and those that will be; 0 if nobody knows these."""

_CHUNK = 1 << 20


def no_progress(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


class Order(Value, frozen=True):
    """A blob that is wanted."""

    digest: Sha256
    """Its digest, from a manifest that is believed."""
    size: int | None
    """Its bytes; `None` if nobody knows."""
    limit: int
    """Bytes that it may have if nobody knows."""
    pieces: Pieces
    """Where it comes from if no cache has it."""
    cancel: CancelToken = field(default_factory=CancelToken)
    """Looked at between pieces and while waiting."""
    progress: Progress = no_progress
    """Told after each piece."""

    def tell(self, count: int) -> None:
        """Tell that so many bytes are here, and look whether to go on."""
        self.cancel.check()
        self.progress(count, self.size or 0)

    def is_met(self, count: int, digest: Sha256) -> bool:
        """True if a file of this size and digest is the blob."""
        return digest == self.digest and self.size in (None, count)


def read_through(descriptor: int, order: Order) -> tuple[int, Sha256]:
    """Size and digest of an open file.

    Raises:
        OSError: it cannot be read.
        Interrupted: the order was cancelled.
    """
    digest, count = hashlib.sha256(), 0
    while chunk := os.pread(descriptor, _CHUNK, count):
        digest.update(chunk)
        count += len(chunk)
        order.tell(count)
    return count, Sha256(digest.hexdigest())


class Fetching:
    """A partial file that we have alone, while it is filled. Raises `Unusable` if it cannot be."""

    def __init__(self, descriptor: int, path: Path, order: Order) -> None:
        self._descriptor = descriptor
        self._path = path
        self._order = order
        self._hash = hashlib.sha256()
        self._count = 0

    def fill(self, neighbours: tuple[Path, ...], say: Callable[[str], None]) -> tuple[int, Sha256]:
        """Get the blob; what is in the file already is its beginning, if it fits at the end.

        Returns:
            Size and digest of what came, whether or not it was ordered.

        Raises:
            MirrorError: it cannot be had; what came of it stays in the file.
            Interrupted: the order was cancelled.
        """
        for neighbour in neighbours:
            if self._copy(neighbour):
                if self._is_met:
                    return self._result
                self._restart()
                short = self._order.digest[:12]
                say(f"the shared cache {neighbour} has a damaged blob {short}, which is not used")
        resumed = self._resume()
        if not self._is_met:
            self._fetch()
        if resumed and not self._is_met:
            # What was here was of no use.
            self._restart()
            self._fetch()
        return self._result

    @property
    def _result(self) -> tuple[int, Sha256]:
        return self._count, Sha256(self._hash.hexdigest())

    @property
    def _is_met(self) -> bool:
        return self._order.is_met(*self._result)

    def _resume(self) -> bool:
        """Take up what is in the file; true if there is something."""
        with using(self._path):
            size = os.fstat(self._descriptor).st_size
        if size > (self._order.size or self._order.limit):
            self._restart()
            return False
        self._hash, self._count = hashlib.sha256(), 0
        while chunk := self._read():
            self._took(chunk)
        return self._count > 0

    def _read(self) -> bytes:
        with using(self._path):
            return os.pread(self._descriptor, _CHUNK, self._count)

    def _restart(self) -> None:
        with using(self._path):
            os.ftruncate(self._descriptor, 0)
        self._hash, self._count = hashlib.sha256(), 0

    def _fetch(self) -> None:
        if self._count == self._order.size:
            return
        with self._order.pieces(self._count) as pieces:
            for piece in pieces:
                self._write(piece)
                self._took(piece)

    def _took(self, piece: bytes) -> None:
        self._hash.update(piece)
        self._count += len(piece)
        self._order.tell(self._count)

    def _write(self, piece: bytes) -> None:
        rest = memoryview(piece)
        with using(self._path):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def _copy(self, neighbour: Path) -> bool:
        """Take the blob from a neighbour's cache; false if it does not have it.

        Our copy is what counts: its owner may change theirs while we look at it.
        """
        digest = self._order.digest
        # A FIFO in its place would otherwise wait for a writer that never comes.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW
        try:
            theirs = os.open(neighbour / BLOBS / digest[:2] / digest, flags)
        except OSError:
            return False
        try:
            found = os.fstat(theirs)
            fits = found.st_size == self._order.size or (
                self._order.size is None and found.st_size <= self._order.limit
            )
            if not stat.S_ISREG(found.st_mode) or not fits:
                return False
            self._restart()
            with suppress(OSError):
                while chunk := os.pread(theirs, _CHUNK, self._count):
                    self._write(chunk)
                    self._took(chunk)
                    if self._count > found.st_size:
                        break
            return True
        finally:
            os.close(theirs)
