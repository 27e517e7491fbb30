"""Relocation of the two paths in an ELF file that the loader reads: interpreter and RPATH.

They are changed in place: what is shorter is followed by NULs, so that nothing else moves. The same
files are touched in the same way as by Spack 1.x `util/elf.py`, except that the size of the string
table is taken from the dynamic section, which also stands in files without section headers.

They are read here and not by pyelftools, which takes some 40 times as long: every file of every
package goes this way twice.
"""

import struct
from collections.abc import Callable, Iterable, Iterator

from core.errors import RelocationError
from core.model.value import Value
from core.relocate.data import Data, Patch, patched
from core.relocate.prefixes import PrefixMap
from core.relocate.refusals import MustGrow, cannot_grow

MAGIC = b"\x7fELF"
"""How an ELF file begins."""
MOST_TAGS = 65_536
"""Entries of a dynamic section that are looked at; real ones have some hundreds."""


_LOADED = (2, 3)  # ET_EXEC, ET_DYN
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3  # PT_...
_END, _STRINGS, _STRINGS_SIZE, _RPATHS = 0, 5, 10, (15, 29)  # DT_..., the last are RPATH, RUNPATH


class _Form(Value, frozen=True):
    """How the numbers in a file are written, and where those of its header are."""

    order: str
    """Byte order, as `struct` spells it."""
    word: str
    """An address or offset, as `struct` spells it."""
    table: int
    """Where the offset of the table of segments is."""
    number: int
    """Where the size of its entries is, followed by their number."""


_FORMS = {
    (width, order): _Form(sign, word, table, number)
    for width, word, table, number in ((1, "L", 28, 42), (2, "Q", 32, 54))
    for order, sign in ((1, "<"), (2, ">"))
}
"""By the bytes for the width and the order."""


class ElfText(Value, frozen=True):
    """A string in an ELF file."""

    offset: int
    """Where it begins in the file."""
    value: bytes
    """It, without the NUL that ends it."""


class ElfPaths(Value, frozen=True):
    """The paths in an ELF file that the loader reads."""

    interpreter: ElfText | None
    """The program that loads it (PT_INTERP)."""
    rpath: ElfText | None
    """Where it looks for libraries (DT_RPATH or DT_RUNPATH), joined by colons."""


def read_elf_paths(data: Data) -> ElfPaths | None:
    """The paths in `data`; `None` if it is no well-formed executable or shared library.

    Packages hold broken ELF files on purpose, e.g. as test data; they are no error.
    """
    if data[: len(MAGIC)] != MAGIC:
        return None
    try:
        return _read(data)
    except (struct.error, ValueError, KeyError, IndexError, OverflowError):
        return None


def relocate_elf(data: Data, prefixes: PrefixMap) -> bytes:
    """`data` with the old paths at the start of interpreter and RPATH entries replaced.

    Raises:
        MustGrow: one of the two does not fit; then `grow.grown` has to change both.
    """
    return patched(data, loader_patches(data, prefixes))


def loader_patches(data: Data, prefixes: PrefixMap) -> list[Patch]:
    """What `relocate_elf` changes.

    Raises:
        MustGrow: as there.
    """
    paths = read_elf_paths(data)
    if paths is None:
        return []
    changes: list[tuple[ElfText, bytes]] = []
    rpath = interpreter = None
    if paths.rpath:
        entries = [entry for entry in paths.rpath.value.split(b":") if entry]
        moved = [prefixes.at_start(entry) for entry in entries]
        # Padding by empty entries is only given up where something changes anyway.
        if moved != entries:
            rpath = b":".join(moved)
            changes.append((paths.rpath, rpath))
    if paths.interpreter:
        new = prefixes.at_start(paths.interpreter.value)
        if new != paths.interpreter.value:
            interpreter = new
            changes.append((paths.interpreter, new))
    try:
        return _fitting(changes)
    except RelocationError as refusal:
        raise MustGrow(refusal, rpath, interpreter) from refusal


def drop_redundant_rpaths(data: Data, exists: Callable[[str], bool]) -> bytes:
    """`data` without the RPATH entries that are neither absolute and there nor begin with `$`.

    Args:
        data: the file.
        exists: whether there is something at an absolute path.
    """
    return patched(data, rpath_patches(data, exists))


def rpath_patches(data: Data, exists: Callable[[str], bool]) -> list[Patch]:
    """What `drop_redundant_rpaths` changes."""
    paths = read_elf_paths(data)
    if paths is None or paths.rpath is None:
        return []
    kept = [
        entry
        for entry in paths.rpath.value.split(b":")
        if entry.startswith(b"$")
        or (entry.startswith(b"/") and exists(entry.decode("utf-8", "surrogateescape")))
    ]
    return _fitting([(paths.rpath, b":".join(kept))])


def _fitting(changes: Iterable[tuple[ElfText, bytes]]) -> list[Patch]:
    real = [(text, new) for text, new in changes if text.value != new]
    for text, new in real:
        if len(new) > len(text.value):
            raise cannot_grow(text.value, new)
    return [(text.offset, new.ljust(len(text.value), b"\0")) for text, new in real]


def _read(data: Data) -> ElfPaths | None:
    form = _FORMS[data[4], data[5]]
    (kind,) = struct.unpack_from(form.order + "H", data, 16)
    if kind not in _LOADED:
        return None
    segments: dict[int, list[tuple[int, int, int]]] = {}
    for kind, address, offset, size in _segments(data, form):
        if size:
            segments.setdefault(kind, []).append((address, offset, size))
    interpreter = rpath = None
    if _INTERPRETER in segments:
        _, offset, size = segments[_INTERPRETER][-1]
        interpreter = _text_at(data, offset, offset + size)
    if _DYNAMIC in segments and _LOAD in segments:
        _, offset, size = segments[_DYNAMIC][-1]
        rpath = _read_rpath(data, list(_tags(data, form, offset, size)), segments[_LOAD])
    return ElfPaths(interpreter, rpath)


def _segments(data: Data, form: _Form) -> Iterator[tuple[int, int, int, int]]:
    """Type, address, offset in the file and size in the file of each segment."""
    (table,) = struct.unpack_from(form.order + form.word, data, form.table)
    step, number = struct.unpack_from(form.order + "2H", data, form.number)
    for at in range(table, table + step * number, step or 1):
        if form.word == "Q":
            kind, _, offset, address, _, size = struct.unpack_from(form.order + "2L4Q", data, at)
        else:
            kind, offset, address, _, size = struct.unpack_from(form.order + "5L", data, at)
        yield kind, address, offset, size


def _tags(data: Data, form: _Form, offset: int, size: int) -> Iterator[tuple[int, int]]:
    """The entries of the dynamic section: tag, value."""
    entry = struct.Struct(form.order + form.word * 2)
    for index in range(min(size // entry.size, MOST_TAGS)):
        tag, value = entry.unpack_from(data, offset + index * entry.size)
        if tag == _END:
            return
        yield tag, value


def _read_rpath(
    data: Data, tags: list[tuple[int, int]], loads: list[tuple[int, int, int]]
) -> ElfText | None:
    rpaths = [value for tag, value in tags if tag in _RPATHS]
    (address,) = (value for tag, value in tags if tag == _STRINGS)
    if not rpaths:
        return None
    (rpath,) = rpaths
    (size,) = (value for tag, value in tags if tag == _STRINGS_SIZE)
    load_address, load_offset, _ = max(load for load in loads if load[0] <= address)
    table = address - load_address + load_offset
    return _text_at(data, table + rpath, table + size)


def _text_at(data: Data, offset: int, end: int) -> ElfText:
    end = data.find(b"\0", offset, end) if offset >= 0 else -1
    if end < 0:
        raise ValueError("outside of the file, or without an end")
    return ElfText(offset, bytes(data[offset:end]))
