"""Small Mach-O libraries with an id, libraries that they load, RPATHs, and perhaps a signature."""

import struct
from dataclasses import dataclass

from tests.core.relocate.signature_maker import ad_hoc_signature

LOAD_DYLIB, ID_DYLIB, LOAD_WEAK_DYLIB, RPATH = 0xC, 0xD, 0x80000018, 0x8000001C
REEXPORT_DYLIB = 0x8000001F
X86_64, ARM64, I386 = 0x01000007, 0x0100000C, 7
SIGNATURE = 0x1D
PAGE = 4096
PATH_KINDS = (LOAD_DYLIB, ID_DYLIB, LOAD_WEAK_DYLIB, REEXPORT_DYLIB, RPATH)


@dataclass(frozen=True)
class MachO:
    """What the file is to be like."""

    paths: tuple[tuple[int, bytes], ...]
    """Kind of load command, path."""
    wide: bool = True
    order: str = "<"
    cpu: int = X86_64
    kind: int = 6
    """MH_DYLIB; 1 is MH_OBJECT, 2 MH_EXECUTE."""
    gap: int = 256
    """Zeros behind the load commands."""
    text: bytes = b"the text of the program\0"
    signed: str = ""
    """The name in an ad-hoc signature; none if empty."""
    by_somebody: bytes = b""
    """Bytes of a signature by somebody."""
    hashes: tuple[int, ...] = (2,)
    """Kinds of hash in the signature: see `ad_hoc_signature`."""


def make_macho(shape: MachO) -> bytes:
    """The bytes of such a file: header, load commands, gap, text, and the table of symbols."""
    word = 8 if shape.wide else 4
    page = 4 * PAGE if shape.cpu == ARM64 else PAGE
    paths = [_path_command(shape, *item) for item in shape.paths]
    head = 32 if shape.wide else 28
    segment, section = (72, 80) if shape.wide else (56, 68)
    fixed = segment + section + segment + 24 + (16 if shape.signed else 0)
    size = fixed + sum(map(len, paths))
    offset = -(-(head + size + shape.gap) // word) * word
    link = -(-(offset + len(shape.text)) // page) * page
    end = link + (16 if shape.signed else word)
    length = end + (len(_signature(shape, bytes(end), link)) if shape.signed else 0)
    commands = [
        _segment(shape, b"__TEXT", 0, link, offset),
        _segment(shape, b"__LINKEDIT", link, length - link, None),
        struct.pack(shape.order + "6L", 2, 24, link, 0, link, word),
        *paths,
    ]
    if shape.signed:
        commands.append(struct.pack(shape.order + "4L", SIGNATURE, 16, end, length - end))
    magic = 0xFEEDFACF if shape.wide else 0xFEEDFACE
    header = struct.pack(
        shape.order + "7L", magic, shape.cpu, 0, shape.kind, len(commands), size, 4
    ).ljust(head, b"\0")
    data = (header + b"".join(commands)).ljust(offset, b"\0") + shape.text
    data = (data.ljust(link, b"\0") + b" ").ljust(end, b"\0")
    if shape.signed:
        data += _signature(shape, data, link)
    return data


def make_fat(*slices: MachO, order: str = ">") -> bytes:
    """A file for several architectures."""
    return join_fat([(shape.cpu, make_macho(shape)) for shape in slices], order)


def join_fat(slices: list[tuple[int, bytes]], order: str = ">") -> bytes:
    """A file for several architectures, of the files for each."""
    table, whole = b"", struct.pack(order + "2L", 0xCAFEBABE, len(slices)) + bytes(20 * len(slices))
    for cpu, data in slices:
        power = 14 if cpu == ARM64 else 12
        whole = whole.ljust(-(-len(whole) >> power) << power, b"\0")
        table += struct.pack(order + "5L", cpu, 0, len(whole), len(data), power)
        whole += data
    return whole[:8] + table + whole[8 + len(table) :]


def slices_of(data: bytes, order: str = ">") -> list[bytes]:
    """The files for each architecture."""
    (count,) = struct.unpack_from(order + "L", data, 4)
    places = [struct.unpack_from(order + "2L", data, 16 + 20 * at) for at in range(count)]
    return [data[start : start + size] for start, size in places]


def paths_in(data: bytes, wide: bool = True, order: str = "<") -> list[tuple[int, bytes]]:
    """Kinds and paths of the load commands, read independently of what is tested."""
    count, size = struct.unpack_from(order + "2L", data, 16)
    at = start = 32 if wide else 28
    found = []
    for _ in range(count):
        kind, length = struct.unpack_from(order + "2L", data, at)
        if kind in PATH_KINDS:
            (offset,) = struct.unpack_from(order + "L", data, at + 8)
            found.append((kind, data[at + offset : data.index(b"\0", at + offset)]))
        at += length
    assert at == start + size
    return found


def _signature(shape: MachO, data: bytes, text: int) -> bytes:
    return ad_hoc_signature(data, shape.signed, text, shape.by_somebody, hashes=shape.hashes)


def _path_command(shape: MachO, kind: int, path: bytes) -> bytes:
    align = 8 if shape.wide else 4
    fixed = 12 if kind == RPATH else 24
    size = -(-(fixed + len(path) + 1) // align) * align
    versions = () if kind == RPATH else (2, 0x10000, 0x10000)
    head = struct.pack(f"{shape.order}{3 + len(versions)}L", kind, size, fixed, *versions)
    return (head + path).ljust(size, b"\0")


def _segment(shape: MachO, name: bytes, start: int, size: int, section: int | None) -> bytes:
    """A segment, with one section `__text` if it is said where."""
    word = "Q" if shape.wide else "L"
    page = 4 * PAGE if shape.cpu == ARM64 else PAGE
    space = -(-size // page) * page
    where = struct.pack(f"{shape.order}4{word}", start, space, start, size)
    about = struct.pack(shape.order + "4L", 5, 5, 0 if section is None else 1, 0)
    content = b""
    if section is not None:
        number = 8 if shape.wide else 7
        place = struct.pack(f"{shape.order}2{word}", section, len(shape.text))
        rest = struct.pack(f"{shape.order}{number}L", section, *([0] * (number - 1)))
        content = b"__text".ljust(16, b"\0") + name.ljust(16, b"\0") + place + rest
    body = name.ljust(16, b"\0") + where + about + content
    return struct.pack(shape.order + "2L", 0x19 if shape.wide else 1, 8 + len(body)) + body
