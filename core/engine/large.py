"""Relocation of files too large to be held in memory: piece by piece, where they lie.

A binary is changed in place; a text is written anew beside it and then copied over it, so that its
hard links stay. What comes out is what the functions on whole files give.
"""

import os
import re
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from shutil import copyfileobj
from typing import IO

from core.relocate.cstrings import TAIL, old_strings, string_patch
from core.relocate.data import Data, Patch
from core.relocate.elf import rpath_patches
from core.relocate.grow import grown
from core.relocate.prefixes import PrefixMap
from core.relocate.refusals import MustGrow
from core.relocate.shebang import LONGEST, sbang_shebang
from core.relocate.text import relocate_text_counted

PIECE = 2**22
"""Bytes held at once. A text without any end of a line or a word for longer is held until one."""

_SEPARATORS = b"\n\0 \"'<>,;:=()[]{}"


def relocate_large_binary(
    path: Path, prefixes: PrefixMap, loader: Callable[[Data], list[Patch]]
) -> int:
    """Relocate a binary in place; how many strings were changed.

    Where the RPATH of an ELF file must grow it is laid out anew, and held in memory as a whole for
    that.

    Args:
        path: the file.
        prefixes: which path becomes which.
        loader: what changes of that which the loader reads, as `loader_patches`.

    Raises:
        RelocationError: as `relocate_elf` and `relocate_cstrings`.
        OSError: it cannot be read or written.
    """
    with path.open("r+b") as file:
        try:
            with _mapped(file) as data:
                patches = loader(data)
        except MustGrow as growth:
            with _mapped(file) as data:
                new = grown(data, growth)
            _overwrite(file, new)
            changed = 1
        else:
            changed = _apply(file, patches)
        return changed + _relocate_strings(file, prefixes)


def drop_large_rpaths(path: Path, exists: Callable[[str], bool]) -> int:
    """Drop the redundant RPATH entries of an ELF file in place; 1 if there were any, else 0.

    Raises:
        OSError: it cannot be read or written.
    """
    with path.open("r+b") as file:
        with _mapped(file) as data:
            patches = rpath_patches(data, exists)
        return _apply(file, patches)


def relocate_large_text(path: Path, prefixes: PrefixMap) -> int:
    """Relocate a text file; how many paths were replaced.

    Raises:
        OSError: it cannot be read or written.
    """
    changed = 0

    def relocated(pieces: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal changed
        for piece in pieces:
            new, count = relocate_text_counted(piece, prefixes)
            changed += count if new != piece else 0
            yield new

    with path.open("r+b") as file:
        _rewrite(file, path, relocated(_text_pieces(file, prefixes)), lambda: changed > 0)
    return changed


def finish_large_script(path: Path, sbang: bytes, limit: int) -> int:
    """Put the line for sbang before a first line that is too long; 1 if that was so, else 0.

    Raises:
        RelocationError: as `sbang_shebang`.
        OSError: it cannot be read or written.
    """
    with path.open("r+b") as file:
        beginning = file.read(LONGEST)
        new = sbang_shebang(beginning, sbang, limit)
        if new == beginning:
            return 0
        _rewrite(file, path, _then_rest(new, file), lambda: True)
        return 1


@contextmanager
def _mapped(file: IO[bytes]) -> Generator[mmap]:
    with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        yield data


def _apply(file: IO[bytes], patches: Sequence[Patch]) -> bool:
    for offset, new in patches:
        os.pwrite(file.fileno(), new, offset)
    return bool(patches)


def _relocate_strings(file: IO[bytes], prefixes: PrefixMap) -> int:
    # What begins before these last bytes of a piece lies within the piece.
    longest = prefixes.longest + TAIL + 1
    changed = position = 0
    size = os.fstat(file.fileno()).st_size
    while position < size:
        piece = os.pread(file.fileno(), PIECE + longest, position)
        is_last = position + len(piece) >= size
        end = len(piece) if is_last else len(piece) - longest
        done = end
        for string in old_strings(piece, prefixes):
            if string.start >= end:
                break
            if patch := string_patch(piece, string, prefixes):
                os.pwrite(file.fileno(), patch[1], position + patch[0])
                changed += 1
            done = max(end, string.end)
        position += done
    return changed


def _text_pieces(file: IO[bytes], prefixes: PrefixMap) -> Iterator[bytes]:
    """The text cut where no path, and no word before or behind one, can be cut."""
    used = set(b"".join(old for old, _ in prefixes.entries))
    separators = bytes(byte for byte in _SEPARATORS if byte not in used)
    last_end = re.compile(rb".*[%b]" % re.escape(separators), re.DOTALL)
    rest = b""
    while data := file.read(PIECE):
        found = last_end.match(data)
        if found:
            yield rest + data[: found.end()]
            rest = data[found.end() :]
        else:
            rest += data
    if rest:
        yield rest


def _then_rest(beginning: bytes, file: IO[bytes]) -> Iterator[bytes]:
    yield beginning
    while data := file.read(PIECE):
        yield data


def _rewrite(
    file: IO[bytes], path: Path, pieces: Iterator[bytes], is_changed: Callable[[], bool]
) -> None:
    """Replace the contents by `pieces`, which are made of them, if they have changed."""
    # The copy has no name, or loses it at once: nothing is left whatever happens.
    with tempfile.TemporaryFile(dir=path.parent) as copy:
        for piece in pieces:
            copy.write(piece)
        if is_changed():
            copy.seek(0)
            file.seek(0)
            copyfileobj(copy, file, PIECE)
            file.truncate()


def _overwrite(file: IO[bytes], data: bytes) -> None:
    file.seek(0)
    file.write(data)
    file.truncate()
    file.flush()
