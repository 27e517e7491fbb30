"""Writing the members of an archive below one directory: each once, hashed on the way."""

import hashlib
import os
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol

from core.archive.members import Kind, Member
from core.archive.paths import refuse
from core.archive.stream import UnpackedStream
from core.archive.tree import Tree
from core.cancel import CancelToken
from core.model.modes import DIRECTORY, EXECUTABLE, PLAIN

Progress = Callable[[int, int], None]
"""Called with the entries done and all entries that are known of."""
Choose = Callable[[Member, bytes], "Treatment"]
"""Says what is to be done with a file, by its contents, or the beginning of them if it is large."""

LARGE = 2**22
"""Bytes from which on a file is never held in memory as a whole."""

_WORTH_PASSING_ON = 2**15
_PIECE = 2**20
_WAITING = 4  # pieces of at most LARGE bytes on their way to the helper


@dataclass(frozen=True, slots=True)
class Treatment:
    """What becomes of a file as it comes out of the archive."""

    is_held: bool = False
    """True to keep the contents in memory, and to make an empty file for now."""
    is_hashed: bool = True
    """False if its contents will change, or are only to be hashed later."""


@dataclass(slots=True)
class WrittenFile:
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
    held: bytes | None = field(default=None, repr=False)
    """The contents, if they are still to be written."""
    sha1: bytes | None = None
    """Digest of the contents, if they were hashed."""


def write_members(
    stream: UnpackedStream,
    members: Iterable[Member],
    target: Path,
    *,
    choose: Choose,
    progress: Progress,
    names: Mapping[str, str],
    cancel: CancelToken | None = None,
    threads: int = 1,
) -> dict[str, WrittenFile]:
    """Unpack `members` into the empty directory `target`; the files among them by their paths.

    Files get mode 0755 or 0644 and the modification time 0, as in Spack's archives of layout 2,
    directories mode 02755; owners are not changed. At most about 20 MB are on their way to the
    disk at any time, whatever the size of a file, and what `choose` held.

    Args:
        stream: the unpacked archive.
        members: what to unpack, in the order of the archive.
        target: an existing directory.
        choose: what to do with a file.
        progress: called after each member.
        names: paths of files that are to have another path for now.
        cancel: looked at between members and within large ones.
        threads: with more than one, another thread writes and hashes all but small files.

    Raises:
        Refused: the archive ends before the members do.
        Interrupted: `cancel` was cancelled.
        OSError: the archive cannot be read or the target not be written.
    """
    cancel = cancel or CancelToken()
    files: dict[str, WrittenFile] = {}
    with Tree(target) as tree, _Helper(is_thread=threads > 1) as helper:
        for done, member in enumerate(members, start=1):
            cancel.check()
            path = names.get(member.path, member.path)
            if member.kind is Kind.FILE:
                stream.seek(member.offset)
                files[member.path] = _add_file(tree, path, member, stream, choose, helper, cancel)
            else:
                tree.add(path, member, DIRECTORY)
            progress(done, done)
    return files


def _add_file(
    tree: Tree,
    path: str,
    member: Member,
    stream: UnpackedStream,
    choose: Choose,
    helper: "_Helper",
    cancel: CancelToken,
) -> WrittenFile:
    data = _read(stream, member, min(member.size, LARGE if member.size <= LARGE else _PIECE))
    treatment = choose(member, data)
    descriptor = tree.create(path, EXECUTABLE if member.executable else PLAIN)
    if treatment.is_held or (len(data) == member.size and not helper.is_for(data)):
        return _stored_at_once(descriptor, member, data, treatment)
    piece = _Piece(descriptor, data)
    try:
        written = _described(descriptor, member, data)
        piece.digest = hashlib.sha1(usedforsecurity=False) if treatment.is_hashed else None
        left = member.size - len(data)
        while left:
            helper.take(piece)
            cancel.check()
            data = _read(stream, member, min(left, _PIECE))
            piece = _Piece(descriptor, data, piece.digest)
            left -= len(data)
        piece.file = written
        descriptor = -1  # whoever stores the last piece closes it
        helper.take(piece)
    finally:
        if descriptor >= 0:
            helper.wait()
            os.close(descriptor)
    return written


def _stored_at_once(
    descriptor: int, member: Member, data: bytes, treatment: Treatment
) -> WrittenFile:
    """Write and hash a whole file, or hold it; closes it."""
    try:
        written = _described(descriptor, member, data)
        if treatment.is_held:
            written.held = data
            return written
        write_all(descriptor, data)
        os.utime(descriptor, ns=(0, 0))
    finally:
        os.close(descriptor)
    if treatment.is_hashed:
        written.sha1 = hashlib.sha1(data, usedforsecurity=False).digest()
    return written


def _read(stream: UnpackedStream, member: Member, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise refuse("it has changed while it was read", member.path)
    return data


def _described(descriptor: int, member: Member, data: bytes) -> WrittenFile:
    wanted = EXECUTABLE if member.executable else PLAIN
    status = os.fstat(descriptor)
    if status.st_mode & 0o7777 != wanted:
        os.fchmod(descriptor, wanted)
    return WrittenFile(wanted, status.st_uid, status.st_gid, member.size, data[:4])


class _Digest(Protocol):
    """What is used of the objects of `hashlib`."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Piece:
    """Bytes on their way into a file."""

    __slots__ = ("data", "descriptor", "digest", "file")

    def __init__(self, descriptor: int, data: bytes, digest: "_Digest | None" = None) -> None:
        self.descriptor = descriptor
        self.data = data
        self.digest = digest
        self.file: WrittenFile | None = None
        """What the file is, if these are its last bytes."""

    def store(self) -> None:
        try:
            write_all(self.descriptor, self.data)
            if self.digest is not None:
                self.digest.update(self.data)
            if self.file is not None:
                os.utime(self.descriptor, ns=(0, 0))
                self.file.sha1 = self.digest.digest() if self.digest is not None else None
        finally:
            self.close()

    def close(self) -> None:
        """Close the file if these are its last bytes."""
        if self.file is not None:
            os.close(self.descriptor)


class _Helper:
    """Stores pieces in order, in a thread of its own if there is to be one."""

    def __init__(self, *, is_thread: bool) -> None:
        self._pieces: queue.Queue[_Piece | None] = queue.Queue(_WAITING)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="write") if is_thread else None

    def __enter__(self) -> "_Helper":
        if self._thread:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread:
            self._pieces.put(None)
            self._thread.join()
        if self._error and error is None:
            raise self._error

    def is_for(self, data: bytes) -> bool:
        """True if a file with these contents had better be passed on."""
        return self._thread is not None and len(data) >= _WORTH_PASSING_ON

    def take(self, piece: _Piece) -> None:
        """Have a piece stored, now or soon; raises what storing an earlier one raised."""
        if self._thread is None:
            piece.store()
            return
        self._pieces.put(piece)
        if self._error:
            raise self._error

    def wait(self) -> None:
        """Return when no piece waits any longer."""
        if self._thread:
            self._pieces.join()

    def _work(self) -> None:
        while (piece := self._pieces.get()) is not None:
            try:
                if self._error:
                    piece.close()
                else:
                    piece.store()
            except Exception as error:  # raised by `take` or at the end
                self._error = error
            finally:
                self._pieces.task_done()


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`; one call may take a part."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])
