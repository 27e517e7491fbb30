"""The smallest ELF files with an interpreter and a run path."""

import struct
from dataclasses import dataclass

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_STRTAB, DT_STRSZ, DT_RPATH, DT_RUNPATH = 5, 10, 15, 29
BASE = 0x10000


@dataclass(frozen=True)
class Shape:
    """What the file is to be like."""

    bits: int = 64
    order: str = "<"
    kind: int = 3
    """ET_DYN; 2 is ET_EXEC, 1 ET_REL."""
    interpreter: bytes | None = b"/lib/ld.so"
    rpaths: tuple[tuple[int, bytes], ...] = ()
    string_tables: int = 1


def make_elf(shape: Shape, tail: bytes = b"") -> bytes:
    """The bytes of such a file, followed by `tail`. It has no section headers."""
    wide = shape.bits == 64
    head_size, phdr_size = (64, 56) if wide else (52, 32)
    count = 2 + (shape.interpreter is not None)
    interpreter = (shape.interpreter or b"") + b"\0"
    strings, tags = b"\0", []
    for tag, value in shape.rpaths:
        tags.append((tag, len(strings)))
        strings += value + b"\0"
    interpreter_at = head_size + count * phdr_size
    strings_at = interpreter_at + len(interpreter)
    dynamic_at = strings_at + len(strings)
    tags += [(DT_STRTAB, BASE + strings_at)] * shape.string_tables
    tags += [(DT_STRSZ, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack(shape.order + ("qQ" if wide else "lL"), *tag) for tag in tags)
    end = dynamic_at + len(dynamic)
    segments = [(PT_LOAD, 0, end), (PT_DYNAMIC, dynamic_at, len(dynamic))]
    if shape.interpreter is not None:
        segments.append((PT_INTERP, interpreter_at, len(interpreter)))
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if shape.order == "<" else 2, 1]) + bytes(9)
    rest = (shape.kind, 62, 1, 0, head_size, 0, 0, head_size, phdr_size, count, 0, 0, 0)
    layout = "HHLQQQLHHHHHH" if wide else "HHLLLLLHHHHHH"
    headers = b"".join(_segment(wide, shape.order, *segment) for segment in segments)
    head = ident + struct.pack(shape.order + layout, *rest)
    return head + headers + interpreter + strings + dynamic + tail


def _segment(wide: bool, order: str, kind: int, offset: int, size: int) -> bytes:
    at = BASE + offset
    if wide:
        return struct.pack(order + "LLQQQQQQ", kind, 4, offset, at, at, size, size, 1)
    return struct.pack(order + "LLLLLLLL", kind, offset, at, at, size, size, 4, 1)
