"""Changing the files of a staged tree: each held one in memory, each other one where it lies."""

import hashlib
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.archive.extract import LARGE, WrittenFile, write_all
from core.archive.paths import path_bytes
from core.engine.large import (
    drop_large_rpaths,
    finish_large_script,
    relocate_large_binary,
    relocate_large_text,
)
from core.model.artifact import LeftFile, RelocationReport
from core.relocate.cstrings import relocate_cstrings_counted
from core.relocate.elf import MAGIC, drop_redundant_rpaths, read_elf_paths, relocate_elf
from core.relocate.grow import grown
from core.relocate.links import relocate_link
from core.relocate.prefixes import PrefixMap
from core.relocate.refusals import MustGrow
from core.relocate.shebang import sbang_shebang
from core.relocate.text import relocate_text_counted
from core.store.manifest import Entry, file_entry

MOST_LEFT = 20
"""Files that a report names at most as left alone."""

_LOADED = (2, 3)  # ET_EXEC, ET_DYN: ELF files that a loader reads
_PIECE = 2**20


@dataclass(slots=True)
class _Counts:
    """What was done so far."""

    binaries: set[str] = field(default_factory=set[str])
    texts: set[str] = field(default_factory=set[str])
    links: int = 0
    shebangs: int = 0
    rpaths: int = 0
    strings: int = 0
    left: list[LeftFile] = field(default_factory=list[LeftFile])


class Relocation:
    """The steps that make of an extracted tree what Spack would have installed.

    Args:
        stage: where the tree lies.
        files: what is known of its files; changed along with them.
        moves: which path becomes which.
        sbang: path of the store's sbang.
        limit: bytes of a first line that the kernel takes.
        exists: whether there is something at an absolute path, now that the stage is the prefix.
        twice: files that are relocated both as binaries and as texts.
    """

    def __init__(
        self,
        stage: Path,
        files: dict[str, WrittenFile],
        moves: PrefixMap,
        *,
        sbang: bytes,
        limit: int,
        exists: Callable[[str], bool],
        twice: frozenset[str] = frozenset(),
    ) -> None:
        self._stage = stage
        self._twice = twice
        self._files = files
        self._moves = moves
        self._sbang = sbang
        self._limit = limit
        self._exists = exists
        self._changed: set[str] = set()
        self._finished: set[str] = set()
        self._counts = _Counts()

    def binary(self, path: str) -> None:
        """Relocate an ELF file or another binary."""
        with self._loaded(path):
            count = self._change(path, self._relocated_binary, relocate_large_binary)
            self._note(path, count, self._counts.binaries)

    def text(self, path: str) -> None:
        """Relocate a text file."""
        with self._loaded(path):
            count = self._change(path, relocate_text_counted, relocate_large_text)
            self._note(path, count, self._counts.texts)

    def link(self, path: str) -> None:
        """Relocate a symbolic link."""
        place = self.on_disk(path)
        old = os.fsencode(place.readlink())
        new = relocate_link(old, self._moves)
        if new == old:
            self._leave(path, "it leads to no path of the builder")
            return
        place.unlink()
        place.symlink_to(os.fsdecode(new))
        self._counts.links += 1

    def finish(self, path: str) -> None:
        """Do what Spack does to any file after an install; then write and hash it if need be."""
        file = self._files[path]
        if path in self._finished:
            return
        self._run_hooks(path, file)
        if file.held is not None:
            self._write(path, file, file.held)
        elif file.sha1 is None:
            file.sha1 = self._digest(path)

    def _run_hooks(self, path: str, file: WrittenFile) -> None:
        if file.beginning == MAGIC:
            self._counts.rpaths += self._change(path, self._without_rpaths, self._drop_rpaths)
        elif file.mode & 0o111 and file.beginning.startswith(b"#!"):
            self._counts.shebangs += self._change(path, self._through_sbang, self._large_script)

    @contextmanager
    def _loaded(self, path: str) -> Generator[None]:
        """Have a file that was not held in memory once and for all, until it is finished."""
        file = self._files[path]
        if file.held is not None or file.size > LARGE or path in self._twice:
            yield
            return
        old = self.on_disk(path).read_bytes()
        file.held = old
        yield
        self._run_hooks(path, file)
        if file.held is not old:
            _overwrite(self.on_disk(path), file.held)
        file.sha1 = hashlib.sha1(file.held, usedforsecurity=False).digest()
        file.held = None
        self._finished.add(path)

    def entry(self, path: str) -> Entry:
        """What the install manifest says about a file that is finished."""
        file = self._files[path]
        time = 0.0
        if path in self._changed:
            status = self.on_disk(path).stat()
            file.size, time = status.st_size, status.st_mtime
        assert file.sha1 is not None
        return file_entry(
            file.mode, file.owner, file.group, sha1=file.sha1, time=time, size=file.size
        )

    def report(self) -> RelocationReport:
        """What was done."""
        counts = self._counts
        return RelocationReport(
            binaries=len(counts.binaries),
            texts=len(counts.texts),
            links=counts.links,
            shebangs=counts.shebangs,
            rpaths=counts.rpaths,
            strings=counts.strings,
            left=tuple(counts.left[:MOST_LEFT]),
            left_count=len(counts.left),
        )

    def on_disk(self, path: str) -> Path:
        """`path` of the archive in the stage; names are bytes there, whatever the locale says."""
        return self._stage / os.fsdecode(path_bytes(path))

    def _change(
        self,
        path: str,
        whole: Callable[[bytes, PrefixMap], tuple[bytes, int]],
        in_place: Callable[[Path, PrefixMap], int],
    ) -> int:
        """Change a file; its hard links go along. How many strings in it were changed."""
        file = self._files[path]
        if file.held is None and file.size > LARGE:
            count = in_place(self.on_disk(path), self._moves)
            is_changed = count > 0
        else:
            old = self.on_disk(path).read_bytes() if file.held is None else file.held
            new, count = whole(old, self._moves)
            is_changed = new != old
            if is_changed and file.held is None:
                _overwrite(self.on_disk(path), new)
            elif is_changed:
                file.held = new
        if is_changed:
            file.sha1 = None
            self._changed.add(path)
        return count if is_changed else 0

    def _relocated_binary(self, data: bytes, moves: PrefixMap) -> tuple[bytes, int]:
        try:
            moved = relocate_elf(data, moves)
        except MustGrow as growth:
            moved = grown(data, growth)
        new, count = relocate_cstrings_counted(moved, moves)
        return new, count + (moved is not data)

    def _without_rpaths(self, data: bytes, _moves: PrefixMap) -> tuple[bytes, int]:
        return drop_redundant_rpaths(data, self._exists), 1

    def _drop_rpaths(self, path: Path, _moves: PrefixMap) -> int:
        return drop_large_rpaths(path, self._exists)

    def _through_sbang(self, data: bytes, _moves: PrefixMap) -> tuple[bytes, int]:
        return sbang_shebang(data, self._sbang, self._limit), 1

    def _large_script(self, path: Path, _moves: PrefixMap) -> int:
        return finish_large_script(path, self._sbang, self._limit)

    def _note(self, path: str, count: int, changed: set[str]) -> None:
        if count:
            changed.add(path)
            self._counts.strings += count
            return
        is_broken = self._files[path].beginning == MAGIC and self._is_broken(path)
        reason = "it is an ELF file that cannot be read" if is_broken else "it holds no old path"
        self._leave(path, reason)

    def _is_broken(self, path: str) -> bool:
        """True for an ELF file of a kind that a loader reads, if ours cannot."""
        file = self._files[path]
        if file.held is None and file.size > LARGE:
            return False
        data = self.on_disk(path).read_bytes() if file.held is None else file.held
        order = "big" if data[5:6] == b"\2" else "little"
        kind = int.from_bytes(data[16:18], order)
        return kind in _LOADED and read_elf_paths(data) is None

    def _leave(self, path: str, reason: str) -> None:
        self._counts.left.append(LeftFile(path, reason))

    def _write(self, path: str, file: WrittenFile, data: bytes) -> None:
        descriptor = os.open(self.on_disk(path), os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            write_all(descriptor, data)
            file.sha1 = hashlib.sha1(data, usedforsecurity=False).digest()
            file.held = None
            if path not in self._changed:
                os.utime(descriptor, ns=(0, 0))
        finally:
            os.close(descriptor)

    def _digest(self, path: str) -> bytes:
        digest = hashlib.sha1(usedforsecurity=False)
        with self.on_disk(path).open("rb", buffering=0) as file:
            while data := file.read(_PIECE):
                digest.update(data)
        return digest.digest()


def _overwrite(path: Path, data: bytes) -> None:
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()
