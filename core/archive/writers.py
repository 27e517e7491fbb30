"""Threads that write and hash files while more of the archive is being unpacked."""

import hashlib
import os
import queue
import threading
from collections.abc import Sequence
from types import TracebackType

import msgspec

from core.archive.tree import Tree

Contents = Sequence[bytes | memoryview]
"""The bytes of a file, or of a part of it, in the pieces in which they came."""

WAITING = 2**24
"""Bytes that may wait for a thread; with more, whoever brings them has to write them."""

_EACH = 2**12  # bytes that a file counts besides its contents
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


class Writing(msgspec.Struct):
    """All of a file that is to be written."""

    contents: Contents
    """What is to be in it."""
    file: WrittenFile
    """Gets the digest. Of one that is held nothing is written."""
    is_hashed: bool
    """False if the digest is not wanted."""
    path: str = ""
    """Where it is to be made, if it is not there yet. Gets its owner and group then."""
    descriptor: int | None = None
    """The empty file, if it is there; whoever writes it closes it."""

    def do(self, tree: Tree) -> None:
        """Make it if it is not there; write, hash and close the file."""
        file = self.file
        if self.descriptor is None:
            self.descriptor, file.owner, file.group = tree.create(self.path, file.mode)
        try:
            if file.held is None:
                write_pieces(self.descriptor, self.contents)
                os.utime(self.descriptor, ns=(0, 0))
        finally:
            os.close(self.descriptor)
        if self.is_hashed:
            digest = hashlib.sha1(*self.contents[:1], usedforsecurity=False)
            for piece in self.contents[1:]:
                digest.update(piece)
            file.sha1 = digest.digest()

    def drop(self) -> None:
        """Leave it as it is."""
        if self.descriptor is not None:
            os.close(self.descriptor)


class Writers:
    """Writes files in other threads, or at once if there are to be none.

    Args:
        tree: where files are made that are not there yet.
        threads: how many other ones; they are started when there is something for them.
    """

    def __init__(self, tree: Tree, threads: int) -> None:
        self._tree = tree
        self._files: queue.SimpleQueue[Writing | None] = queue.SimpleQueue()
        self._most = threads
        self._threads: list[threading.Thread] = []
        self._changing = threading.Condition()
        self._waiting = 0
        self._unfinished = 0
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
        for _ in self._threads:
            self._files.put(None)
        for thread in self._threads:
            thread.join()
        if self._error and error is None:
            raise self._error

    def widen(self, threads: int) -> None:
        """Have at least so many other threads, if there is something for them."""
        self._most = max(self._most, threads)

    def write(self, writing: Writing) -> None:
        """Have a file written, now or soon.

        Raises:
            OSError: this file or an earlier one cannot be written.
        """
        if self._error:
            writing.drop()
            raise self._error
        if len(self._threads) < self._most:
            self._start()
        with self._changing:
            is_passed_on = bool(self._threads) and self._waiting < WAITING
            if is_passed_on:
                self._waiting += writing.file.size + _EACH
                self._unfinished += 1
        if is_passed_on:
            self._files.put(writing)
        else:
            writing.do(self._tree)

    def settle(self) -> None:
        """Wait until all files are there.

        Raises:
            OSError: one of them cannot be written.
        """
        with self._changing:
            self._changing.wait_for(lambda: not self._unfinished)
        if self._error:
            raise self._error

    def _start(self) -> None:
        while len(self._threads) < self._most:
            tree, name = self._tree.another(), f"write-{len(self._threads)}"
            thread = threading.Thread(target=self._work, args=(tree,), name=name)
            try:
                thread.start()
            except RuntimeError:  # the user may not have more; those that there are must do
                tree.close()
                self._most = len(self._threads)
                return
            self._threads.append(thread)

    def _work(self, tree: Tree) -> None:
        with tree:
            while (writing := self._files.get()) is not None:
                try:
                    if self._error:
                        writing.drop()
                    else:
                        writing.do(tree)
                except Exception as error:  # raised by `write` or at the end
                    self._error = error
                size = writing.file.size
                del writing  # while this thread waits, nobody needs the contents
                with self._changing:
                    self._waiting -= size + _EACH
                    self._unfinished -= 1
                    if not self._unfinished:
                        self._changing.notify_all()


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
