"""The unpacked bytes of a gzip file, forwards only and within a bound."""

import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.archive.limits import Limits
from core.archive.paths import refuse
from core.cancel import CancelToken

PIECE = 2**18
"""Bytes read or unpacked at once."""
LARGEST_READ = 2**20
"""Bytes that may be asked for at once. A header that claims to be larger is a trick."""
END_OF_TAR = 1024
"""Zero bytes that end a tar archive (POSIX.1-2001 pax)."""

_GZIP_ONLY = 31  # zlib's window bits: a gzip header must come, its checksum and length must hold


class UnpackedStream:
    """As much of a file object as `tarfile` needs.

    Every method raises `Refused` if the file is no whole gzip stream or grows over the bound.
    """

    def __init__(self, source: BinaryIO, bound: int, cancel: CancelToken) -> None:
        self._source = source
        self._bound = bound
        self._cancel = cancel
        self._decoder = zlib.decompressobj(wbits=_GZIP_ONLY)
        self._piece = b""
        self._used = 0  # bytes of the piece that were read
        self._unpacked = 0  # bytes unpacked, the whole piece included
        self._content_end = 0  # position behind the last byte that is not zero

    def tell(self) -> int:
        """Position in the unpacked bytes."""
        return self._unpacked - len(self._piece) + self._used

    def seek(self, position: int) -> int:
        """Go forwards to `position`, or as far as there is something."""
        if position < self.tell():
            raise refuse("its headers lead backwards")
        while position > self.tell() and self._fill():
            self._used += min(len(self._piece) - self._used, position - self.tell())
        return self.tell()

    def read(self, size: int) -> bytes:
        """The next `size` bytes, less at the end."""
        if not 0 <= size <= LARGEST_READ:
            raise refuse("a header is too large")
        parts: list[bytes] = []
        while size and self._fill():
            part = self._piece[self._used : self._used + size]
            self._used += len(part)
            size -= len(part)
            parts.append(part)
        return b"".join(parts)

    def finish(self, archive_end: int) -> None:
        """Read to the end; nothing but zeros may follow `archive_end`, where the tar ends."""
        while self._fill():
            self._used = len(self._piece)
        if self._content_end > archive_end:
            raise refuse("it cannot be read to its end")
        if self._unpacked < archive_end + END_OF_TAR:
            raise refuse("it is cut short")

    def _fill(self) -> bool:
        """Have something unread in the piece; False at the end."""
        while self._used == len(self._piece):
            if self._decoder.eof:
                return False
            self._cancel.check()
            self._unpack_more()
        return True

    def _unpack_more(self) -> None:
        packed = self._decoder.unconsumed_tail or self._source.read(PIECE)
        try:
            self._piece = self._decoder.decompress(packed, PIECE)
        except zlib.error as error:
            raise refuse("its compression is damaged") from error
        self._used = 0
        content = len(self._piece.rstrip(b"\0"))
        if content:
            self._content_end = self._unpacked + content
        self._unpacked += len(self._piece)
        if self._unpacked > self._bound:
            raise refuse(f"it unpacks to more than {self._bound} bytes")
        if self._decoder.eof:
            if self._decoder.unused_data or self._source.read(1):
                raise refuse("something follows its end")
        elif not packed and not self._piece:
            raise refuse("it is cut short")


@contextmanager
def open_unpacked(archive: Path, limits: Limits, cancel: CancelToken) -> Generator[UnpackedStream]:
    """The unpacked bytes of `archive`.

    Raises:
        OSError: the file cannot be read.
    """
    with archive.open("rb") as source:
        bound = limits.unpacked(archive.stat().st_size)
        yield UnpackedStream(source, bound, cancel)
