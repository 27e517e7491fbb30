"""Relocation of the two paths in an ELF file that the loader reads: interpreter and RPATH.

They are changed in place: what is shorter is followed by NULs, so that nothing else moves. The same
files are touched in the same way as by Spack 1.x `util/elf.py`, except that the size of the string
table is taken from the dynamic section, which also stands in files without section headers.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO

from elftools.common.utils import struct_parse
from elftools.elf.elffile import ELFFile

from core.relocate.prefixes import PrefixMap
from core.relocate.refusals import cannot_grow

MAGIC = b"\x7fELF"
"""How an ELF file begins."""
MOST_TAGS = 65_536
"""Entries of a dynamic section that are looked at; real ones have some hundreds."""


@dataclass(frozen=True, slots=True)
class ElfText:
    """A string in an ELF file."""

    offset: int
    """Where it begins in the file."""
    value: bytes
    """It, without the NUL that ends it."""


@dataclass(frozen=True, slots=True)
class ElfPaths:
    """The paths in an ELF file that the loader reads."""

    interpreter: ElfText | None
    """The program that loads it (PT_INTERP)."""
    rpath: ElfText | None
    """Where it looks for libraries (DT_RPATH or DT_RUNPATH), joined by colons."""


def read_elf_paths(data: bytes) -> ElfPaths | None:
    """The paths in `data`; `None` if it is no well-formed executable or shared library.

    Packages hold broken ELF files on purpose, e.g. as test data; they are no error.
    """
    if not data.startswith(MAGIC):
        return None
    try:
        return _read(data)
    except Exception:  # pyelftools raises about any error of Python on broken files
        return None


def relocate_elf(data: bytes, prefixes: PrefixMap) -> bytes:
    """`data` with the old paths at the start of interpreter and RPATH entries replaced.

    Raises:
        RelocationError: one of the two would have to grow.
    """
    paths = read_elf_paths(data)
    if paths is None:
        return data
    changes: list[tuple[ElfText, bytes]] = []
    if paths.rpath:
        entries = [entry for entry in paths.rpath.value.split(b":") if entry]
        moved = [prefixes.at_start(entry) for entry in entries]
        # Padding by empty entries is only given up where something changes anyway.
        if moved != entries:
            changes.append((paths.rpath, b":".join(moved)))
    if paths.interpreter:
        changes.append((paths.interpreter, prefixes.at_start(paths.interpreter.value)))
    return _with(data, changes)


def drop_redundant_rpaths(data: bytes, exists: Callable[[str], bool]) -> bytes:
    """`data` without the RPATH entries that are neither absolute and there nor begin with `$`.

    Args:
        data: the file.
        exists: whether there is something at an absolute path.
    """
    paths = read_elf_paths(data)
    if paths is None or paths.rpath is None:
        return data
    kept = [
        entry
        for entry in paths.rpath.value.split(b":")
        if entry.startswith(b"$")
        or (entry.startswith(b"/") and exists(entry.decode("utf-8", "surrogateescape")))
    ]
    return _with(data, [(paths.rpath, b":".join(kept))])


def _with(data: bytes, changes: Iterable[tuple[ElfText, bytes]]) -> bytes:
    real = [(text, new) for text, new in changes if text.value != new]
    for text, new in real:
        if len(new) > len(text.value):
            raise cannot_grow(text.value, new)
    if not real:
        return data
    changed = bytearray(data)
    for text, new in real:
        size = len(text.value)
        changed[text.offset : text.offset + size] = new.ljust(size, b"\0")
    return bytes(changed)


def _read(data: bytes) -> ElfPaths | None:
    stream = BytesIO(data)
    elf = ELFFile(stream)
    if elf["e_type"] not in ("ET_EXEC", "ET_DYN"):
        return None
    segments: dict[str, list[tuple[int, int, int]]] = {}
    for index in range(elf["e_phnum"]):
        at = elf["e_phoff"] + index * elf["e_phentsize"]
        head = struct_parse(elf.structs.Elf_Phdr, stream, stream_pos=at)
        if head["p_filesz"]:
            place = (head["p_vaddr"], head["p_offset"], head["p_filesz"])
            segments.setdefault(head["p_type"], []).append(place)
    interpreter = None
    if "PT_INTERP" in segments:
        _, offset, size = segments["PT_INTERP"][-1]
        interpreter = _text_at(data, offset, offset + size)
    rpath = None
    if "PT_DYNAMIC" in segments and "PT_LOAD" in segments:
        _, offset, size = segments["PT_DYNAMIC"][-1]
        rpath = _read_rpath(data, list(_tags(elf, stream, offset, size)), segments["PT_LOAD"])
    return ElfPaths(interpreter, rpath)


def _tags(elf: ELFFile, stream: BytesIO, offset: int, size: int) -> Iterator[tuple[str, int]]:
    step = elf.structs.Elf_Dyn.sizeof()
    for index in range(min(size // step, MOST_TAGS)):
        entry = struct_parse(elf.structs.Elf_Dyn, stream, stream_pos=offset + index * step)
        if entry["d_tag"] == "DT_NULL":
            return
        yield entry["d_tag"], entry["d_val"]


def _read_rpath(
    data: bytes, tags: list[tuple[str, int]], loads: list[tuple[int, int, int]]
) -> ElfText | None:
    rpaths = [value for tag, value in tags if tag in ("DT_RPATH", "DT_RUNPATH")]
    (address,) = (value for tag, value in tags if tag == "DT_STRTAB")
    if not rpaths:
        return None
    (rpath,) = rpaths
    (size,) = (value for tag, value in tags if tag == "DT_STRSZ")
    load_address, load_offset, _ = max(load for load in loads if load[0] <= address)
    table = address - load_address + load_offset
    return _text_at(data, table + rpath, table + size)


def _text_at(data: bytes, offset: int, end: int) -> ElfText:
    if offset < 0:
        raise ValueError("before the file")
    return ElfText(offset, data[offset : data.index(b"\0", offset, end)])
