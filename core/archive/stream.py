"""The unpacked bytes of a gzip file, forwards only and within a bound."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.archive.inflate import ahead, inflate
from core.archive.limits import Limits
from core.archive.paths import refuse
from core.cancel import CancelToken

LARGEST_READ = 2**20
"""Bytes of a header at most. One that claims to be larger is a trick."""
END_OF_TAR = 1024
"""Zero bytes that end a tar archive (POSIX.1-2001 pax)."""
WORTH_A_THREAD = 2**20
"""Bytes of an archive from which on a thread of its own unpacks it."""


class UnpackedStream:
    """Reads pieces as if they were one file. What the pieces raise comes through."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece: bytes = b""
        self._used = 0  # bytes of the piece that were read
        self._start = 0  # position of the first byte of the piece

    def tell(self) -> int:
        """Position in the unpacked bytes."""
        return self._start + self._used

    def seek(self, position: int) -> int:
        """Go forwards to `position`, or as far as there is something.

        Raises:
            Refused: it lies behind.
        """
        left = position - self._start - self._used
        if left <= len(self._piece) - self._used:
            if left < 0:
                raise refuse("its headers lead backwards")
            self._used += left
            return position
        while left and self._fill():
            step = min(len(self._piece) - self._used, left)
            self._used += step
            left -= step
        return self.tell()

    def skip(self, size: int) -> int:
        """Go `size` bytes forwards, which are at hand; the position there."""
        self._used += size
        return self._start + self._used

    def read(self, size: int) -> bytes:
        """The next `size` bytes, less at the end."""
        used = self._used
        if used + size <= len(self._piece):
            self._used = used + size
            return self._piece[used : used + size]
        parts: list[bytes] = []
        while size and self._fill():
            part = self._piece[self._used : self._used + size]
            self._used += len(part)
            size -= len(part)
            parts.append(part)
        return b"".join(parts)

    def views(self, size: int) -> list[memoryview]:
        """The next `size` bytes, less at the end, as they came and without a copy of them."""
        views: list[memoryview] = []
        while size and self._fill():
            view = memoryview(self._piece)[self._used : self._used + size]
            self._used += len(view)
            size -= len(view)
            views.append(view)
        return views

    def window(self) -> tuple[bytes, int]:
        """What is at hand: some of the unpacked bytes, and where in them the unread ones begin."""
        return self._piece, self._used

    def finish(self, archive_end: int) -> None:
        """Read to the end; nothing but zeros may follow `archive_end`, where the tar ends.

        Raises:
            Refused: something follows, or not enough.
        """
        while self._fill():
            if self._piece[self._used :].strip(b"\0"):
                raise refuse("it cannot be read to its end")
            self._used = len(self._piece)
        if self.tell() < archive_end + END_OF_TAR:
            raise refuse("it is cut short")

    def _fill(self) -> bool:
        """Have something unread in the piece; False at the end."""
        while self._used == len(self._piece):
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._start += len(self._piece)
            self._piece, self._used = piece, 0
        return True


@contextmanager
def open_unpacked(
    archive: Path, limits: Limits, cancel: CancelToken, *, threads: int = 1
) -> Generator[UnpackedStream]:
    """The unpacked bytes of `archive`; with more than one thread, unpacked while they are read.

    Raises:
        OSError: the file cannot be read.
    """
    with archive.open("rb") as source:
        size = archive.stat().st_size
        pieces = inflate(source, limits.unpacked(size), cancel)
        if threads > 1 and size >= WORTH_A_THREAD:
            with ahead(pieces) as ready:
                yield UnpackedStream(ready)
        else:
            yield UnpackedStream(pieces)
