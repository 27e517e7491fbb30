"""Reading of Mach-O files: what one holds for each architecture, and their load commands.

A file may come from anybody: what is not as the format wants it is no Mach-O file to us, and what
is read of one is bounded. Numbers are those of `mach-o/loader.h` and `mach-o/fat.h` of macOS.
"""

import struct
from collections.abc import Iterator

from core.model.value import Value
from core.relocate.data import Data

MOST_SLICES = 9
"""More architectures than that are none: Java classes begin like files for several."""
MOST_COMMANDS = 2**20
"""Bytes that the load commands of one architecture may take; real ones take some thousands."""
LOAD_DYLIB, ID_DYLIB, RPATH = 0xC, 0xD, 0x8000001C
"""Kinds of load commands: a library to load, the id of a library, where to look for libraries."""
OTHER_DYLIBS = (0x80000018, 0x8000001F, 0x20, 0x80000023)
"""Other kinds that name a library to load: weak, re-exported, lazy, upward."""
CODE_SIGNATURE = 0x1D
"""Kind of the load command that says where the signature is."""
FIXED = {LOAD_DYLIB: 24, ID_DYLIB: 24, RPATH: 12, **dict.fromkeys(OTHER_DYLIBS, 24)}
"""Bytes of a command before its path, by kind."""

_THIN = {
    b"\xcf\xfa\xed\xfe": ("<", True),
    b"\xfe\xed\xfa\xcf": (">", True),
    b"\xce\xfa\xed\xfe": ("<", False),
    b"\xfe\xed\xfa\xce": (">", False),
}
_FAT = {b"\xca\xfe\xba\xbe": ">", b"\xbe\xba\xfe\xca": "<"}
_OBJECT = 1  # file type of what was compiled and not linked
_SEGMENT, _SEGMENT_64 = 0x1, 0x19
_ENTRY = struct.Struct("5L")  # of the table of architectures


class Command(Value, frozen=True):
    """A load command."""

    kind: int
    """Which."""
    offset: int
    """Where in the file it begins."""
    data: bytes
    """All of it."""
    path: bytes | None
    """The path in it; `None` if there is none that counts."""


class Slice(Value, frozen=True):
    """What a file holds for one architecture."""

    start: int
    """Where it begins in the file."""
    size: int
    """Its bytes."""
    order: str
    """Byte order, as `struct` spells it."""
    wide: bool
    """True for 64 bits."""
    cpu: int
    """Kind of processor."""
    is_linked: bool
    """False for an object file, which no loader reads."""
    commands: tuple[Command, ...]
    """Its load commands."""
    room: int
    """Bytes from the first load command to what follows the gap behind them."""

    @property
    def head(self) -> int:
        """Bytes of the header."""
        return 32 if self.wide else 28


def is_macho(data: Data) -> bool:
    """True if `data` begins like a Mach-O file, as Spack tells one (1.x `is_macho_magic`)."""
    magic = bytes(data[:4])
    if magic in _THIN:
        return True
    order = _FAT.get(magic)
    count = bytes(data[4:8])
    return bool(order and len(count) == 4) and _number(order, count) <= MOST_SLICES


def read_macho(data: Data) -> tuple[Slice, ...] | None:
    """What is in `data`; `None` if it is no well-formed Mach-O file. The signature is not read."""
    if not is_macho(data):
        return None
    try:
        return tuple(_read(data, start, size) for start, size in _places(data))
    except (struct.error, ValueError):
        return None


def _number(order: str | None, four: bytes) -> int:
    return int.from_bytes(four, "big" if order == ">" else "little")


def _places(data: Data) -> list[tuple[int, int]]:
    """Where the slices begin, and their sizes."""
    order = _FAT.get(bytes(data[:4]))
    if order is None:
        return [(0, len(data))]
    count = _number(order, bytes(data[4:8]))
    end = 8 + count * 20
    entries = [struct.unpack_from(order + "5L", data, at) for at in range(8, end, 20)]
    places = [(entry[2], entry[3]) for entry in entries]
    # In the order of the file: none may begin within another, or end behind the file.
    for start, size in sorted(places):
        if start < end:
            raise ValueError("architectures overlap")
        end = start + size
    if end > len(data):
        raise ValueError("cut short")
    return places


def _read(data: Data, start: int, length: int) -> Slice:
    order, wide = _THIN.get(bytes(data[start : start + 4]), ("", False))
    if not order:
        raise ValueError("no Mach-O file")
    head = 32 if wide else 28
    cpu, _, kind, count, size = struct.unpack_from(order + "5L", data, start + 4)
    if size > MOST_COMMANDS or head + size > length:
        raise ValueError("too many load commands, or cut short")
    commands = tuple(_commands(data, start + head, count, size, order))
    if sum(command.kind == ID_DYLIB for command in commands) > 1:
        raise ValueError("several ids")
    places = [offset for command in commands for offset in _content_places(command, order)]
    room = min(places, default=head + size) - head
    if room < size or head + room > length:
        raise ValueError("content among the load commands, or behind the end")
    return Slice(start, length, order, wide, cpu, kind != _OBJECT, commands, room)


def _commands(data: Data, at: int, count: int, size: int, order: str) -> Iterator[Command]:
    end = at + size
    for _ in range(count):
        command = _command(data, at, end, order)
        yield command
        at += len(command.data)
    if at != end:
        raise ValueError("the load commands have another size than the header says")


def _command(data: Data, at: int, end: int, order: str) -> Command:
    kind, size = struct.unpack_from(order + "LL", data, at)
    if size < 8 or at + size > end:
        raise ValueError("a load command has a wrong size")
    whole = bytes(data[at : at + size])
    if kind not in FIXED:
        return Command(kind, at, whole, None)
    (offset,) = struct.unpack_from(order + "L", whole, 8)
    if offset != FIXED[kind] or offset > size:
        raise ValueError("a path is not where it should be")
    return Command(kind, at, whole, whole[offset:].partition(b"\0")[0])


def _content_places(command: Command, order: str) -> Iterator[int]:
    """Where in the slice a segment or its sections have content; the first segment has none of
    its own, it begins with the header.
    """
    if command.kind not in (_SEGMENT, _SEGMENT_64):
        return
    wide = command.kind == _SEGMENT_64
    first, step, inside = (72, 80, 48) if wide else (56, 68, 40)
    offset, size = struct.unpack_from(f"{order}2{'Q' if wide else 'L'}", command.data, first - 32)
    if offset and size:
        yield offset
    (count,) = struct.unpack_from(order + "L", command.data, first - 8)
    if len(command.data) != first + count * step:
        raise ValueError("a segment has a wrong size")
    for index in range(count):
        (offset,) = struct.unpack_from(order + "L", command.data, first + index * step + inside)
        if offset:
            yield offset
