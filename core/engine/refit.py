"""What a file of a package needs to be at its new place: one file, whatever else is going on.

A file that is held in memory is written for the first time; one that lies on disk is read, changed
where it must be, and hashed, all in one go; one too large for that is worked on piece by piece.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from core.archive.paths import path_bytes
from core.archive.writers import WrittenFile, write_all
from core.engine.large import (
    drop_large_rpaths,
    finish_large_script,
    relocate_large_binary,
    relocate_large_text,
)
from core.engine.machos import MachOs, Signed, is_broken_macho
from core.model.value import Value
from core.relocate.cstrings import string_patches
from core.relocate.data import Data, Patch, as_bytes, patch
from core.relocate.elf import MAGIC, loader_patches, read_elf_paths, rpath_patches
from core.relocate.grow import grown
from core.relocate.prefixes import PrefixMap
from core.relocate.refusals import MustGrow
from core.relocate.shebang import LONGEST, sbang_shebang
from core.relocate.text import relocate_text_counted

WHOLE = 2**23
"""Bytes up to which a file is read into memory as a whole."""

_LOADED = (2, 3)  # ET_EXEC, ET_DYN: ELF files that a loader reads
_PIECE = 2**20
_NOTHING_OLD = "it holds no old path"
_BROKEN = "it is an ELF file that cannot be read"
_BROKEN_MACHO = "it is a Mach-O file that cannot be read"


class Task(Value, frozen=True):
    """A file, and as what the build info names it."""

    path: str
    """The file."""
    is_binary: bool = False
    """True if it is to be relocated as a binary."""
    is_text: bool = False
    """True if it is to be relocated as a text."""


class Outcome(msgspec.Struct):
    """What was done to a file."""

    is_changed: bool = False
    """True if it is not what was in the archive."""
    time: float = 0.0
    """When it was changed, seconds since the epoch; else 0."""
    binary: int = 0
    """Paths that were changed in it as a binary."""
    text: int = 0
    """Paths that were changed in it as a text."""
    rpaths: int = 0
    """1 if it lost needless entries of its RPATH."""
    shebangs: int = 0
    """1 if its first line goes through sbang now."""
    is_unsigned: bool = False
    """True if macOS does not run it before it is signed there."""
    left: list[str] = msgspec.field(default_factory=list[str])
    """Why it was left as it was, though it is named."""


class _Contents:
    """The bytes of a file in memory, and how they differ from what they were."""

    def __init__(self, data: bytes | bytearray) -> None:
        self.data = data
        self.patches: list[Patch] = []
        self.is_replaced = False

    @property
    def is_changed(self) -> bool:
        return self.is_replaced or bool(self.patches)

    def patch(self, patches: Sequence[Patch]) -> int:
        """Change some bytes; how many places."""
        if patches:
            if isinstance(self.data, bytes):
                self.data = bytearray(self.data)
            patch(self.data, patches)
            self.patches += patches
        return len(patches)

    def replace(self, data: bytes) -> None:
        """Have other ones."""
        self.data, self.is_replaced = data, True

    def sign(self, signed: Signed) -> None:
        """Have a signature that holds."""
        if signed.whole is not None:
            self.replace(signed.whole)
        self.patch(signed.patches)


class Refit:
    """Does to each file what Spack does to it between unpacking and the manifest.

    Any number of threads may call it, each for another file.

    Args:
        stage: where the tree lies.
        files: what is known of its files; changed along with them.
        moves: which path becomes which.
        sbang: path of the store's sbang.
        limit: bytes of a first line that the kernel takes.
        exists: whether there is something at an absolute path, now that the stage is the prefix.
        machos: for a package for macOS, where loaders read Mach-O files; `None` where ELF files.
    """

    def __init__(
        self,
        stage: Path,
        files: Mapping[str, WrittenFile],
        moves: PrefixMap,
        *,
        sbang: bytes,
        limit: int,
        exists: Callable[[str], bool],
        machos: MachOs | None = None,
    ) -> None:
        self._stage = stage
        self._files = files
        self._moves = moves
        self._sbang = sbang
        self._limit = limit
        self._exists = exists
        self._machos = machos

    def on_disk(self, path: str) -> Path:
        """`path` of the archive in the stage; names are bytes there, whatever the locale says."""
        return self._stage / os.fsdecode(path_bytes(path))

    def is_work(self, task: Task) -> bool:
        """False if there is nothing to do."""
        file = self._files[task.path]
        return task.is_binary or task.is_text or file.sha1 is None or _is_hooked(file)

    def __call__(self, task: Task) -> Outcome:
        """Relocate a file as the build info says, do what Spack does to any, write and hash it.

        Raises:
            RelocationError: it cannot be relocated.
            OSError: it cannot be read or written.
        """
        file = self._files[task.path]
        if file.held is not None:
            outcome = self._for_the_first_time(task, file, file.held)
        elif file.size > WHOLE:
            outcome = self._in_pieces(task, file)
        else:
            outcome = self._where_it_lies(task, file)
        if outcome.is_changed:
            status = self.on_disk(task.path).stat()
            file.size, outcome.time = status.st_size, status.st_mtime
        return outcome

    def _for_the_first_time(self, task: Task, file: WrittenFile, held: bytes) -> Outcome:
        contents = _Contents(held)
        outcome = self._change(task, file, contents)
        file.held = None
        descriptor = os.open(self.on_disk(task.path), os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            write_all(descriptor, contents.data)
            if not contents.is_changed:
                os.utime(descriptor, ns=(0, 0))
        finally:
            os.close(descriptor)
        file.sha1 = _sha1(contents.data)
        return outcome

    def _where_it_lies(self, task: Task, file: WrittenFile) -> Outcome:
        with self.on_disk(task.path).open("r+b", buffering=0) as disk:
            data = bytearray(file.size)
            size = disk.readinto(data)
            contents = _Contents(data[:size] if size < file.size else data)
            outcome = self._change(task, file, contents)
            if contents.is_replaced:
                disk.truncate(0)
                disk.seek(0)
                write_all(disk.fileno(), contents.data)
            else:
                for offset, new in contents.patches:
                    os.pwrite(disk.fileno(), new, offset)
        if contents.is_changed or file.sha1 is None:
            file.sha1 = _sha1(contents.data)
        return outcome

    def _change(self, task: Task, file: WrittenFile, contents: _Contents) -> Outcome:
        outcome = Outcome()
        if task.is_binary:
            outcome.binary = self._relocate_binary(task.path, contents)
            if not outcome.binary:
                outcome.left.append(_why_left(contents.data))
        if task.is_text:
            outcome.text = self._relocate_text(contents)
            if not outcome.text:
                outcome.left.append(_why_left(contents.data))
        if file.beginning == MAGIC and not self._machos:
            outcome.rpaths = min(1, contents.patch(rpath_patches(contents.data, self._exists)))
        elif _is_hooked(file):
            outcome.shebangs = self._put_through_sbang(contents)
        if self._machos and contents.is_changed:
            signed = self._machos.signed(self.on_disk(task.path), contents.data)
            contents.sign(signed)
            outcome.is_unsigned = signed.is_missing
        outcome.is_changed = contents.is_changed
        return outcome

    def _loader_patches(self, path: str, data: Data) -> list[Patch]:
        if self._machos:
            return self._machos.patches(path, data)
        return loader_patches(data, self._moves)

    def _relocate_binary(self, path: str, contents: _Contents) -> int:
        try:
            moved = min(1, contents.patch(self._loader_patches(path, contents.data)))
        except MustGrow as growth:
            contents.replace(grown(as_bytes(contents.data), growth))
            moved = 1
        return moved + contents.patch(string_patches(contents.data, self._moves))

    def _relocate_text(self, contents: _Contents) -> int:
        old = contents.data
        new, count = relocate_text_counted(old, self._moves)
        if count == 0 or new == old:
            return 0
        contents.replace(new)
        return count

    def _put_through_sbang(self, contents: _Contents) -> int:
        old = bytes(contents.data[:LONGEST])
        new = sbang_shebang(old, self._sbang, self._limit)
        if new == old:
            return 0
        contents.replace(new + contents.data[LONGEST:])
        return 1

    def _in_pieces(self, task: Task, file: WrittenFile) -> Outcome:
        outcome, disk = Outcome(), self.on_disk(task.path)
        if task.is_binary:
            loader = partial(self._loader_patches, task.path)
            outcome.binary = relocate_large_binary(disk, self._moves, loader)
            if not outcome.binary:
                outcome.left.append(_NOTHING_OLD)
        if task.is_text:
            outcome.text = relocate_large_text(disk, self._moves)
            if not outcome.text:
                outcome.left.append(_NOTHING_OLD)
        if file.beginning == MAGIC and not self._machos:
            outcome.rpaths = drop_large_rpaths(disk, self._exists)
        elif _is_hooked(file):
            outcome.shebangs = finish_large_script(disk, self._sbang, self._limit)
        outcome.is_changed = any((outcome.binary, outcome.text, outcome.rpaths, outcome.shebangs))
        if self._machos and outcome.is_changed:
            outcome.is_unsigned = self._machos.sign_large(disk)
        if outcome.is_changed or file.sha1 is None:
            file.sha1 = _digest(disk)
        return outcome


def _is_hooked(file: WrittenFile) -> bool:
    """True if Spack looks at the file after every install."""
    return file.beginning == MAGIC or (file.mode & 0o111 != 0 and file.beginning.startswith(b"#!"))


def _why_left(data: bytes | bytearray) -> str:
    """Why nothing was changed: an ELF file that a loader reads, but we cannot, is broken."""
    kind = int.from_bytes(data[16:18], "big" if data[5:6] == b"\2" else "little")
    if data.startswith(MAGIC) and kind in _LOADED and read_elf_paths(data) is None:
        return _BROKEN
    return _BROKEN_MACHO if is_broken_macho(data) else _NOTHING_OLD


def _sha1(data: bytes | bytearray) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _digest(path: Path) -> bytes:
    digest = hashlib.sha1(usedforsecurity=False)
    with path.open("rb", buffering=0) as file:
        while data := file.read(_PIECE):
            digest.update(data)
    return digest.digest()
