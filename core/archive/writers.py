"""Threads that write and hash files while more of the archive is being unpacked."""

import hashlib
import os
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import msgspec

Contents = Sequence[bytes | memoryview]
"""The bytes of a file, or of a part of it, in the pieces in which they came."""

WAITING = 2**24
"""Bytes that may wait for a thread; with more, whoever brings them has to write them."""

_MOST_PIECES = 512  # that one call takes; the system's own bound is 1024


class WrittenFile(msgspec.Struct):
    """A file that was written."""

    mode: int
    """Permission bits, final."""
    owner: int
    """User id."""
    group: int
    """Group id."""
    size: int
    """Bytes."""
    beginning: bytes
    """Its first four bytes."""
    held: bytes | None = None
    """The contents, if they are still to be written."""
    sha1: bytes | None = None
    """Digest of the contents, if they were hashed."""


@dataclass(slots=True)
class Writing:
    """All of a file that is to be written."""

    descriptor: int
    """The empty file; whoever writes it closes it."""
    contents: Contents
    """What is to be in it."""
    file: WrittenFile
    """Gets the digest."""
    is_hashed: bool
    """False if the digest is not wanted."""

    def do(self) -> None:
        """Write, hash and close the file."""
        try:
            write_pieces(self.descriptor, self.contents)
            os.utime(self.descriptor, ns=(0, 0))
        finally:
            os.close(self.descriptor)
        if self.is_hashed:
            digest = hashlib.sha1(*self.contents[:1], usedforsecurity=False)
            for piece in self.contents[1:]:
                digest.update(piece)
            self.file.sha1 = digest.digest()


class Writers:
    """Writes files in other threads, or at once if there are to be none.

    Args:
        threads: how many other ones; they are started when there is something for them.
    """

    def __init__(self, threads: int) -> None:
        self._files: queue.SimpleQueue[Writing | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"write-{number}") for number in range(threads)
        ]
        self._are_started = False
        self._changing = threading.Lock()
        self._waiting = 0
        self._error: BaseException | None = None

    def __enter__(self) -> "Writers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._error = self._error or error  # what waits is of no more use
        if self._are_started:
            for _ in self._threads:
                self._files.put(None)
            for thread in self._threads:
                thread.join()
        if self._error and error is None:
            raise self._error

    def write(self, writing: Writing) -> None:
        """Have a file written, now or soon.

        Raises:
            OSError: this file or an earlier one cannot be written.
        """
        if self._error:
            os.close(writing.descriptor)
            raise self._error
        with self._changing:
            is_passed_on = bool(self._threads) and self._waiting < WAITING
            if is_passed_on:
                self._waiting += writing.file.size
        if not is_passed_on:
            writing.do()
            return
        self._files.put(writing)
        if not self._are_started:
            self._are_started = True
            for thread in self._threads:
                thread.start()

    def _work(self) -> None:
        while (writing := self._files.get()) is not None:
            try:
                if self._error:
                    os.close(writing.descriptor)
                else:
                    writing.do()
            except Exception as error:  # raised by `write` or at the end
                self._error = error
            size = writing.file.size
            del writing  # while this thread waits, nobody needs the contents
            with self._changing:
                self._waiting -= size


def write_all(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of `data`; one call may take a part."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def write_pieces(descriptor: int, pieces: Contents) -> None:
    """Write all of `pieces`, one behind the other."""
    if len(pieces) == 1:
        write_all(descriptor, pieces[0])
        return
    for at in range(0, len(pieces), _MOST_PIECES):
        some = pieces[at : at + _MOST_PIECES]
        written = os.writev(descriptor, some)
        for piece in some:
            if written >= len(piece):
                written -= len(piece)
            else:
                write_all(descriptor, memoryview(piece)[written:])
                written = 0
