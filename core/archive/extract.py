"""Writing the members of an archive below one directory: each once, hashed on the way."""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from core.archive.members import Kind, Member
from core.archive.pace import Pace
from core.archive.paths import refuse
from core.archive.stream import UnpackedStream
from core.archive.tree import Tree
from core.archive.writers import Contents, Writers, Writing, WrittenFile, write_all, write_pieces
from core.cancel import CancelToken
from core.model.modes import DIRECTORY, EXECUTABLE, PLAIN
from core.model.value import Value

Progress = Callable[[int, int], None]
"""Called with the entries done and all entries that are known of."""
Choose = Callable[[Member, bytes, Contents], "Treatment"]
"""Says what is to be done with a file, by its first four bytes and its contents, or the beginning
of them if it is large."""

LARGE = 2**24
"""Bytes from which on a file is never held in memory as a whole."""

WAITERS = 8
"""Threads that wait for a slow file system, of which each call takes long and no processor."""

_WORTH_PASSING_ON = 2**16
_PIECE = 2**20


class Treatment(Value, frozen=True):
    """What becomes of a file as it comes out of the archive."""

    is_held: bool = False
    """True to keep the contents in memory, and to make an empty file for now."""
    is_hashed: bool = True
    """False if its contents will change, or are only to be hashed later."""


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
    pace: Pace | None = None,
) -> dict[str, WrittenFile]:
    """Unpack `members` into the empty directory `target`; the files among them by their paths.

    Files get mode 0755 or 0644 and the modification time 0, as in Spack's archives of layout 2,
    directories mode 02755; owners are not changed. At most about 32 MB are on their way to the
    disk at any time, whatever the size of a file, and what `choose` held.

    Args:
        stream: the unpacked archive.
        members: what to unpack, in the order of the archive.
        target: an existing directory.
        choose: what to do with a file.
        progress: called after each member.
        names: paths of files that are to have another path for now.
        cancel: looked at between members and within large ones.
        threads: with more than one, other threads write and hash all but small files.
        pace: finds out whether the file system of `target` is slow. Then several threads make the
            files, however many `threads` there may be: they only wait.

    Raises:
        Refused: the archive ends before the members do.
        Interrupted: `cancel` was cancelled.
        OSError: the archive cannot be read or the target not be written.
    """
    cancel = cancel or CancelToken()
    pace = pace or Pace()
    files: dict[str, WrittenFile] = {}
    with Tree(target) as tree, Writers(tree, threads - 1) as writers:
        extraction = _Extraction(stream, tree, writers, pace, choose, cancel)
        for done, member in enumerate(members, start=1):
            cancel.check()
            path = names.get(member.path, member.path)
            if member.kind is Kind.FILE:
                stream.seek(member.offset)
                files[member.path] = extraction.add_file(path, member)
            else:
                if member.kind is Kind.HARDLINK and pace.is_slow:
                    writers.settle()
                tree.add(path, member, DIRECTORY)
            progress(done, done)
    return files


class _Extraction:
    """Files on their way from the stream into the tree; the fields are those of `write_members`."""

    def __init__(
        self,
        stream: UnpackedStream,
        tree: Tree,
        writers: Writers,
        pace: Pace,
        choose: Choose,
        cancel: CancelToken,
    ) -> None:
        self._stream = stream
        self._tree = tree
        self._writers = writers
        self._pace = pace
        self._choose = choose
        self._cancel = cancel

    def add_file(self, path: str, member: Member) -> WrittenFile:
        """Make a file; the stream stands at its contents."""
        if member.size > LARGE:
            return self._add_large(path, member)
        if self._pace.is_slow:
            return self._have_added(path, member)
        if member.size < _WORTH_PASSING_ON:
            began = time.perf_counter()
            file = self._add_small(path, member)
            self._pace.note(time.perf_counter() - began)
            return file
        contents = self._read(member, member.size)
        beginning = _beginning(contents)
        treatment = self._choose(member, beginning, contents)
        descriptor, file = self._create(path, member, beginning)
        if treatment.is_held:
            os.close(descriptor)
            file.held = b"".join(contents)
        else:
            self._writers.write(Writing(contents, file, treatment.is_hashed, descriptor=descriptor))
        return file

    def _have_added(self, path: str, member: Member) -> WrittenFile:
        """As `add_file`, but some thread makes the file, soon."""
        contents = self._read(member, member.size)
        beginning = _beginning(contents)
        treatment = self._choose(member, beginning, contents)
        file = WrittenFile(_mode(member), 0, 0, member.size, beginning)
        if treatment.is_held:
            file.held = b"".join(contents)
        is_hashed = treatment.is_hashed and not treatment.is_held
        self._writers.widen(WAITERS)
        self._writers.write(Writing(contents, file, is_hashed, path))
        return file

    def _add_small(self, path: str, member: Member) -> WrittenFile:
        """As `add_file`, with as few steps as can be: packages have thousands of small files."""
        data = self._stream.read(member.size)
        if len(data) < member.size:
            raise refuse("it has changed while it was read", member.path)
        beginning = data[:4]
        treatment = self._choose(member, beginning, (data,))
        descriptor, file = self._create(path, member, beginning)
        try:
            if treatment.is_held:
                file.held = data
            else:
                write_all(descriptor, data)
                os.utime(descriptor, ns=(0, 0))
        finally:
            os.close(descriptor)
        if treatment.is_hashed and not treatment.is_held:
            file.sha1 = hashlib.sha1(data, usedforsecurity=False).digest()
        return file

    def _add_large(self, path: str, member: Member) -> WrittenFile:
        contents = self._read(member, min(member.size, _PIECE))
        beginning = _beginning(contents)
        treatment = self._choose(member, beginning, contents)
        descriptor, file = self._create(path, member, beginning)
        digest = hashlib.sha1(usedforsecurity=False)
        left = member.size
        try:
            while True:
                write_pieces(descriptor, contents)
                for piece in contents if treatment.is_hashed else ():
                    digest.update(piece)
                left -= sum(map(len, contents))
                if not left:
                    break
                self._cancel.check()
                contents = self._read(member, min(left, _PIECE))
            os.utime(descriptor, ns=(0, 0))
        finally:
            os.close(descriptor)
        file.sha1 = digest.digest() if treatment.is_hashed else None
        return file

    def _read(self, member: Member, size: int) -> Contents:
        contents = self._stream.views(size)
        if sum(map(len, contents)) < size:
            raise refuse("it has changed while it was read", member.path)
        return contents

    def _create(self, path: str, member: Member, beginning: bytes) -> tuple[int, WrittenFile]:
        mode = _mode(member)
        descriptor, owner, group = self._tree.create(path, mode)
        return descriptor, WrittenFile(mode, owner, group, member.size, beginning)


def _mode(member: Member) -> int:
    return EXECUTABLE if member.executable else PLAIN


def _beginning(contents: Contents) -> bytes:
    first = bytes(contents[0][:4]) if contents else b""
    if len(first) == 4 or len(contents) < 2:
        return first
    return b"".join(bytes(piece[:4]) for piece in contents[:4])[:4]
