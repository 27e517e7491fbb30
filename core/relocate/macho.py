"""Relocation of the paths in a Mach-O file that the loader of macOS reads.

These are the id of a library, the libraries that a file loads, and its RPATHs; each stands in a
load command. What is changed, and how, is what Spack has `install_name_tool` do (1.x
`relocate.py:relocate_macho_binaries`): the load commands are written anew, and take more or less of
the gap that linkers leave behind them. A signature in the file does not hold afterwards; whoever
runs it on macOS must sign it again (`codesign -f -s -`).
"""

import struct
from collections.abc import Callable, Iterator

from core.model.value import Value
from core.relocate.data import Data, as_bytes
from core.relocate.prefixes import PrefixMap
from core.relocate.refusals import cannot_grow

MOST_SLICES = 9
"""More architectures than that are none: Java classes begin like files for several."""
ALIGN = 8
"""Load commands are a multiple of so many bytes long, for 32 bits too."""
_THIN = {
    b"\xcf\xfa\xed\xfe": ("<", True),
    b"\xfe\xed\xfa\xcf": (">", True),
    b"\xce\xfa\xed\xfe": ("<", False),
    b"\xfe\xed\xfa\xce": (">", False),
}
_FAT = {b"\xca\xfe\xba\xbe": ">", b"\xbe\xba\xfe\xca": "<"}
_OBJECT = 1  # file type of what was compiled and not linked
_SEGMENT, _SEGMENT_64 = 0x1, 0x19
_LOAD_DYLIB, _ID_DYLIB, _RPATH = 0xC, 0xD, 0x8000001C
_OTHER_DYLIBS = (0x80000018, 0x8000001F, 0x20, 0x80000023)  # weak, re-exported, lazy, upward
_FIXED = {_RPATH: 12}
"""Bytes of a command before its path; 24 in all others that have one."""


class _Command(Value, frozen=True):
    """A load command."""

    kind: int
    """Which."""
    data: bytes
    """All of it."""
    path: bytes | None
    """The path in it; `None` if there is none that counts."""


class _Slice(Value, frozen=True):
    """What a file holds for one architecture."""

    start: int
    """Where it begins in the file."""
    order: str
    """Byte order, as `struct` spells it."""
    wide: bool
    """True for 64 bits."""
    commands: tuple[_Command, ...]
    """Its load commands."""
    room: int
    """Bytes from the first load command to what follows the gap behind them."""

    @property
    def head(self) -> int:
        """Bytes of the header."""
        return 32 if self.wide else 28


def is_macho(data: Data) -> bool:
    """True if `data` begins like a Mach-O file."""
    return bool(_places(data))


def relocate_macho(data: Data, prefixes: PrefixMap) -> bytes:
    """`data` with the old paths in its load commands replaced; it stays as long as it is.

    Here alone the longest old path counts, and every place where it occurs. Files that are no
    well-formed Mach-O files or were not linked yet stay as they are.

    Raises:
        RelocationError: the gap behind the load commands is too small.
    """
    try:
        slices = [_read(data, place) for place in _places(data)]
    except (struct.error, ValueError):
        return as_bytes(data)
    changes = _changes(slices[-1], prefixes) if slices else {}
    if not changes:
        return as_bytes(data)
    new = bytearray(data)
    for part in slices:
        _write(new, part, changes)
    return bytes(new)


def _places(data: Data) -> list[int]:
    """Where the slices begin."""
    magic = bytes(data[:4])
    if magic in _THIN:
        return [0]
    order = _FAT.get(magic)
    if order is None or len(data) < 8:
        return []
    (count,) = struct.unpack_from(order + "L", data, 4)
    if count > MOST_SLICES or len(data) < 8 + 20 * count:
        return []
    return [struct.unpack_from(order + "L", data, 8 + 20 * at + 8)[0] for at in range(count)]


def _read(data: Data, start: int) -> _Slice:
    order, wide = _THIN.get(bytes(data[start : start + 4]), ("", False))
    if not order:
        raise ValueError("no Mach-O file")
    head = 32 if wide else 28
    kind, count, size = struct.unpack_from(order + "3L", data, start + 12)
    end = start + head + size
    if kind == _OBJECT or end > len(data):
        raise ValueError("not linked, or cut short")
    commands: list[_Command] = []
    at = start + head
    for _ in range(count):
        command = _command(data, at, end, order)
        commands.append(command)
        at += len(command.data)
    offsets = [offset for command in commands for offset in _section_offsets(command, order)]
    room = min(offsets, default=head + size) - head
    if room < size or start + head + room > len(data):
        raise ValueError("sections among the load commands")
    return _Slice(start, order, wide, tuple(commands), room)


def _command(data: Data, at: int, end: int, order: str) -> _Command:
    kind, size = struct.unpack_from(order + "LL", data, at)
    if size < 8 or at + size > end:
        raise ValueError("a load command has a wrong size")
    whole = bytes(data[at : at + size])
    if kind not in (_LOAD_DYLIB, _ID_DYLIB, _RPATH, *_OTHER_DYLIBS):
        return _Command(kind, whole, None)
    (offset,) = struct.unpack_from(order + "L", whole, 8)
    if offset != _FIXED.get(kind, 24) or offset > size:
        raise ValueError("a path is not where it should be")
    return _Command(kind, whole, whole[offset:].rstrip(b"\0"))


def _section_offsets(command: _Command, order: str) -> Iterator[int]:
    """Where in the slice the sections of a segment are that take room in the file."""
    if command.kind not in (_SEGMENT, _SEGMENT_64):
        return
    wide = command.kind == _SEGMENT_64
    first, step, inside = (72, 80, 48) if wide else (56, 68, 40)
    (count,) = struct.unpack_from(order + "L", command.data, first - 8)
    for index in range(min(count, len(command.data) // step)):
        (offset,) = struct.unpack_from(order + "L", command.data, first + index * step + inside)
        if offset:
            yield offset


def _changes(part: _Slice, prefixes: PrefixMap) -> dict[tuple[str, bytes], bytes]:
    """What becomes of which path, by the kind of its command, as Spack takes it from one slice."""
    changes: dict[tuple[str, bytes], bytes] = {}
    moved = _mover(prefixes)
    rpaths = {command.path for command in part.commands if command.kind == _RPATH}
    for command in part.commands:
        path = command.path
        if path is None or command.kind in _OTHER_DYLIBS:
            continue
        new = moved(path)
        if new == path:
            continue
        # The same RPATH must not be there twice.
        if command.kind == _RPATH:
            if new in rpaths:
                continue
            rpaths.add(new)
        changes[_key(command.kind), path] = new
    return changes


def _key(kind: int) -> str:
    return {_RPATH: "rpath", _ID_DYLIB: "id"}.get(kind, "library")


def _mover(prefixes: PrefixMap) -> Callable[[bytes], bytes]:
    longest_first = sorted(prefixes.entries, key=lambda entry: -len(entry[0]))

    def moved(path: bytes) -> bytes:
        for old, new in longest_first:
            if path.startswith(old):
                return path.replace(old, new)
        return path

    return moved


def _write(data: bytearray, part: _Slice, changes: dict[tuple[str, bytes], bytes]) -> None:
    """Write the load commands of a slice anew, with nothing but zeros behind them."""
    commands = [_changed(command, part, changes) for command in part.commands]
    whole = b"".join(commands)
    if len(whole) > part.room:
        old, new = max(
            ((key[1], new) for key, new in changes.items()), key=lambda pair: len(pair[1])
        )
        raise cannot_grow(old, new)
    size = sum(len(command.data) for command in part.commands)
    at = part.start + part.head
    data[at : at + max(size, len(whole))] = whole.ljust(size, b"\0")
    struct.pack_into(part.order + "L", data, part.start + 20, len(whole))


def _changed(command: _Command, part: _Slice, changes: dict[tuple[str, bytes], bytes]) -> bytes:
    new = None if command.path is None else changes.get((_key(command.kind), command.path))
    if new is None:
        return command.data
    fixed = _FIXED.get(command.kind, 24)
    size = -(-(fixed + len(new) + 1) // ALIGN) * ALIGN
    head = struct.pack(part.order + "LL", command.kind, size) + command.data[8:fixed]
    return (head + new).ljust(size, b"\0")
