"""The smallest Mach-O libraries with an id, libraries that they load, and RPATHs."""

import struct
from dataclasses import dataclass

LOAD_DYLIB, ID_DYLIB, LOAD_WEAK_DYLIB, RPATH = 0xC, 0xD, 0x80000018, 0x8000001C
X86_64, ARM64, I386 = 0x01000007, 0x0100000C, 7


@dataclass(frozen=True)
class MachO:
    """What the file is to be like."""

    paths: tuple[tuple[int, bytes], ...]
    """Kind of load command, path."""
    wide: bool = True
    order: str = "<"
    cpu: int = X86_64
    kind: int = 6
    """MH_DYLIB; 1 is MH_OBJECT."""
    gap: int = 256
    """Zeros behind the load commands."""
    text: bytes = b"the text of the program\0"


def make_macho(shape: MachO) -> bytes:
    """The bytes of such a file: header, load commands, gap, one section."""
    commands = [_path_command(shape, *item) for item in shape.paths]
    segment, section = (72, 80) if shape.wide else (56, 68)
    head = 32 if shape.wide else 28
    size = segment + section + sum(map(len, commands))
    offset = -(-(head + size + shape.gap) // 8) * 8
    text = _segment(shape, offset)
    magic = 0xFEEDFACF if shape.wide else 0xFEEDFACE
    header = struct.pack(
        shape.order + "7L", magic, shape.cpu, 3, shape.kind, len(commands) + 1, size, 0
    ).ljust(head, b"\0")
    return (header + text + b"".join(commands)).ljust(offset, b"\0") + shape.text


def make_fat(*slices: MachO, order: str = ">") -> bytes:
    """A file for several architectures."""
    at, table, body = 4096, b"", b""
    for shape in slices:
        data = make_macho(shape)
        table += struct.pack(order + "5L", shape.cpu, 3, at + len(body), len(data), 12)
        body += data.ljust(-(-len(data) // 4096) * 4096, b"\0")
    return (struct.pack(order + "2L", 0xCAFEBABE, len(slices)) + table).ljust(at, b"\0") + body


def paths_in(data: bytes, wide: bool = True, order: str = "<") -> list[tuple[int, bytes]]:
    """Kinds and paths of the load commands, read independently of what is tested."""
    count, size = struct.unpack_from(order + "2L", data, 16)
    at = start = 32 if wide else 28
    found = []
    for _ in range(count):
        kind, length = struct.unpack_from(order + "2L", data, at)
        if kind in (LOAD_DYLIB, ID_DYLIB, LOAD_WEAK_DYLIB, RPATH):
            (offset,) = struct.unpack_from(order + "L", data, at + 8)
            found.append((kind, data[at + offset : data.index(b"\0", at + offset)]))
        at += length
    assert at == start + size
    return found


def _path_command(shape: MachO, kind: int, path: bytes) -> bytes:
    align = 8 if shape.wide else 4
    fixed = 12 if kind == RPATH else 24
    size = -(-(fixed + len(path) + 1) // align) * align
    versions = () if kind == RPATH else (2, 0x10000, 0x10000)
    head = struct.pack(f"{shape.order}{3 + len(versions)}L", kind, size, fixed, *versions)
    return (head + path).ljust(size, b"\0")


def _segment(shape: MachO, offset: int) -> bytes:
    end = offset + len(shape.text)
    name, text = b"__TEXT".ljust(16, b"\0"), b"__text".ljust(16, b"\0")
    word = "Q" if shape.wide else "L"
    head = struct.pack(shape.order + "2L", 0x19 if shape.wide else 1, 152 if shape.wide else 124)
    places = struct.pack(f"{shape.order}4{word}4L", 0, end, 0, end, 5, 5, 1, 0)
    where = struct.pack(f"{shape.order}2{word}", offset, len(shape.text))
    rest = struct.pack(
        f"{shape.order}{8 if shape.wide else 7}L", offset, *([0] * (7 if shape.wide else 6))
    )
    return head + name + places + text + name + where + rest
