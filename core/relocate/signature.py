"""The signature in a Mach-O file that was changed, and how it comes to hold again.

Macs with Apple's processors run nothing unsigned, and no Mac runs what its signature contradicts.
Linkers, and Spack after relocation, sign *ad hoc*: the signature is nothing but a table of the
hashes of all pages, and names nobody. Such a table can be brought up to date in place. A signature
by somebody cannot: then the file must be signed again on a Mac. See docs/adr/0024.

Formats: `kern/cs_blobs.h` of macOS (numbers are big-endian).
"""

import hashlib
import struct
from collections.abc import Iterator

from core.model.value import Value
from core.relocate.data import Data, Patch
from core.relocate.machofile import CODE_SIGNATURE, Slice, read_macho

_ARM64 = 0x0100000C
_WHOLE, _DIRECTORY = 0xFADE0CC0, 0xFADE0C02
_BY_SOMEBODY = 0x10000  # slot of the blob with the signature proper; 8 bytes if there is none
_DIRECTORIES = (0, *range(0x1000, 0x1005))  # slots: one for each kind of hash
_MOST_BLOBS = 64
_LARGEST = 2**26  # bytes of a signature; there are 32 for each 4096 of the file
_AD_HOC = 0x2
_HEADER = struct.Struct(">9L4BL")
_HASHES = {1: ("sha1", 20), 2: ("sha256", 32), 3: ("sha256", 20), 4: ("sha384", 48)}
"""By number: which, and how many bytes of it are kept."""


class _Directory(Value, frozen=True):
    """The table of hashes of one architecture."""

    start: int
    """Where the hashes begin in the file."""
    count: int
    """Number of pages."""
    page: int
    """Bytes of a page."""
    end: int
    """Bytes of the slice that are hashed."""
    hash: str
    """Name of the hash."""
    kept: int
    """Bytes of it that are kept."""


def needs_signature(data: Data) -> bool:
    """True if macOS runs `data` only with a signature that holds."""
    return any(_needs(part) for part in read_macho(data) or ())


def renewal(data: Data) -> list[Patch] | None:
    """What makes the signatures in `data` hold again; nothing if none is needed.

    `None` if there is one that only whoever signed can make again, or none where one is needed.
    """
    patches: list[Patch] = []
    for part in read_macho(data) or ():
        if not _needs(part):
            continue
        try:
            for directory in _directories(data, part):
                patches += _renewed(data, part, directory)
        except (struct.error, ValueError):
            return None
    return patches


def _needs(part: Slice) -> bool:
    is_signed = any(command.kind == CODE_SIGNATURE for command in part.commands)
    return part.is_linked and (is_signed or part.cpu == _ARM64)


def _directories(data: Data, part: Slice) -> list[_Directory]:
    """The tables in the signature of a slice.

    Raises:
        ValueError, struct.error: they are not all that the signature consists of.
    """
    commands = [item for item in part.commands if item.kind == CODE_SIGNATURE]
    if len(commands) != 1:
        raise ValueError("no signature, or several")
    place, size = struct.unpack_from(part.order + "2L", commands[0].data, 8)
    if place + size > part.size or size > _LARGEST:
        raise ValueError("the signature is not in the slice, or too large")
    # All further reading is within these bytes.
    blob = bytes(data[part.start + place : part.start + place + size])
    found = [_directory(blob, at, place, part.start) for at in _tables(blob)]
    if not found:
        raise ValueError("no table")
    return found


def _tables(blob: bytes) -> Iterator[int]:
    """Where in a signature the tables begin."""
    magic, _, count = struct.unpack_from(">3L", blob)
    if magic != _WHOLE or count > _MOST_BLOBS:
        raise ValueError("no signature")
    for index in range(count):
        slot, at = struct.unpack_from(">2L", blob, 12 + 8 * index)
        _, length = struct.unpack_from(">2L", blob, at)
        if slot == _BY_SOMEBODY and length > 8:
            raise ValueError("signed by somebody")
        if slot in _DIRECTORIES:
            yield at


def _directory(blob: bytes, at: int, place: int, slice_start: int) -> _Directory:
    fields = _HEADER.unpack_from(blob, at)
    magic, length, version, flags, hashes, _, _, count, end, kept, kind, _, page, _ = fields
    scattered, end64 = _later_fields(blob, at, version)
    name, bytes_kept = _HASHES.get(kind, ("", 0))
    is_plain = magic == _DIRECTORY and flags & _AD_HOC and not scattered and not end64
    if not is_plain or kept != bytes_kept:
        raise ValueError("another kind of table")
    is_whole = end <= place and count == -(-end >> page)
    if not is_whole or hashes + count * kept > min(length, len(blob) - at):
        raise ValueError("the table is not for this file")
    start = slice_start + place + at + hashes
    return _Directory(start, count, 1 << page, end, name, kept)


def _later_fields(blob: bytes, at: int, version: int) -> tuple[int, int]:
    """Two numbers that came with newer versions: scattered pages, and a size above 4 GB."""
    (scattered,) = struct.unpack_from(">L", blob, at + 44) if version >= 0x20100 else (0,)
    (end64,) = struct.unpack_from(">Q", blob, at + 56) if version >= 0x20300 else (0,)
    return scattered, end64


def _renewed(data: Data, part: Slice, table: _Directory) -> Iterator[Patch]:
    """The hashes of a table that do not hold."""
    with memoryview(data) as view:
        for number in range(table.count):
            first = number * table.page
            page = view[part.start + first : part.start + min(first + table.page, table.end)]
            with page:
                new = hashlib.new(table.hash, page, usedforsecurity=False).digest()[: table.kept]
            at = table.start + number * table.kept
            if bytes(view[at : at + table.kept]) != new:
                yield at, new
