"""gzip, unpacked piece by piece: by zlib-ng where there is a wheel of it, else by zlib.

Both give the same bytes; zlib-ng takes half the time (docs/adr/0008).
"""

import queue
import threading
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol, cast

from core.archive.paths import refuse
from core.cancel import CancelToken

try:
    from zlib_ng import zlib_ng as inflater
except ImportError:
    inflater = zlib

PIECE = 2**20
"""Bytes unpacked at once. After each piece the threads agree anew who goes on."""
PACKED_PIECE = 2**20
"""Bytes read at once. With less than `PIECE` most pieces would be shorter than that."""
AHEAD = 8
"""Pieces that may wait for their reader: 8 MiB."""

_GZIP_ONLY = 31  # zlib's window bits: a gzip header must come, its checksum and length must hold
_Damaged = cast("type[Exception]", inflater.error)


class _Decoder(Protocol):
    """A decompressor as in the module `zlib`."""

    eof: bool
    unconsumed_tail: bytes
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


_new_decoder = cast(
    "Callable[..., _Decoder]",
    inflater.decompressobj,  # pyright: ignore[reportUnknownMemberType]
)


def inflate(source: BinaryIO, bound: int, cancel: CancelToken) -> Iterator[bytes]:
    """The unpacked bytes of a gzip file, in pieces.

    Args:
        source: the file.
        bound: the most bytes that it may unpack to.
        cancel: looked at between pieces.

    Raises:
        Refused: it is no whole gzip stream, something follows it, or it grows over the bound.
        Interrupted: `cancel` was cancelled.
        OSError: the file cannot be read.
    """
    decoder = _new_decoder(wbits=_GZIP_ONLY)
    total = 0
    while not decoder.eof:
        cancel.check()
        packed = decoder.unconsumed_tail or source.read(PACKED_PIECE)
        try:
            piece = decoder.decompress(packed, PIECE)
        except _Damaged as error:
            raise refuse("its compression is damaged") from error
        total += len(piece)
        if total > bound:
            raise refuse(f"it unpacks to more than {bound} bytes")
        if piece:
            yield piece
        elif not packed and not decoder.eof:
            raise refuse("it is cut short")
    if decoder.unused_data or source.read(1):
        raise refuse("something follows its end")


@contextmanager
def ahead(pieces: Iterator[bytes]) -> Generator[Iterator[bytes]]:
    """The same pieces, made by a thread of their own while the last ones are being worked on."""
    ready: queue.SimpleQueue[bytes | BaseException | None] = queue.SimpleQueue()
    room: queue.SimpleQueue[None] = queue.SimpleQueue()  # one entry for each piece that may wait
    is_over = threading.Event()

    def work() -> None:
        last: BaseException | None = None
        try:
            for piece in pieces:
                room.get()
                if is_over.is_set():
                    return
                ready.put(piece)
        except BaseException as error:  # it is raised where the pieces are taken
            last = error
        ready.put(last)

    def take() -> Iterator[bytes]:
        while (piece := ready.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            room.put(None)
            yield piece

    for _ in range(AHEAD):
        room.put(None)
    thread = threading.Thread(target=work, name="inflate")
    thread.start()
    try:
        yield take()
    finally:
        is_over.set()
        room.put(None)
        thread.join()
