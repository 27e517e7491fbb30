"""The headers of a tar archive (POSIX.1-2001 ustar and pax; GNU long names), one after the other.

Strict where the module `tarfile` is lenient, and many times as fast: every package has thousands.
Headers as Spack writes them are read in one go (`_usual_header`), all others step by step.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from zlib import adler32

import msgspec

from core.archive.paths import refuse
from core.archive.stream import LARGEST_READ, UnpackedStream
from core.model.value import Value

BLOCK = 512
"""Bytes of a tar block."""
FILE, OLD_FILE, HARDLINK, SYMLINK, DIRECTORY = b"0", b"\0", b"1", b"2", b"5"
"""Types of members."""

_ZEROS = bytes(BLOCK)
_PAX, _PAX_FOR_ALL, _LONG_NAME, _LONG_TARGET = b"x", b"g", b"L", b"K"
_FIELDS = struct.Struct("100s8s16x11sc12x8sc188xB166x")
"""Of a ustar block: name, mode, size and the byte behind it, checksum, type, beginning of the
directory."""
_MODES = {b"%07o\0" % mode: mode for mode in (0o644, 0o755)}
"""Modes as they usually stand in a block."""
_USUAL_KINDS = (FILE, DIRECTORY)
_MOST_KNOWN = 64
_RECORD = re.compile(rb"(\d{1,20}) ([^=\n]+)=")
_NO_TAR = "it is not a readable tar file"


class Header(Value, frozen=True, gc=False):
    """What the archive says about one member, by its own words."""

    name: str
    """Path. Foreign text; bytes that are no UTF-8 are surrogates."""
    kind: bytes
    """One byte, its type."""
    mode: int
    """Permission bits and those above them."""
    size: int
    """Bytes that it claims to have."""
    target: str
    """Where it leads if it is a link."""
    offset: int
    """Where its bytes begin in the unpacked archive."""


class _Pax(NamedTuple):
    """What is known of a pax header by its block alone."""

    size: int
    """Bytes of its records."""
    beginning: bytes
    """How they begin if there is but one, and that a path."""


class _Extension(msgspec.Struct):
    """What headers before a header say about it; `None` where they say nothing."""

    name: str | None = None
    target: str | None = None
    size: int | None = None

    def extend(self, kind: bytes, payload: bytes) -> None:
        """Take in one more such header."""
        if kind == _LONG_NAME:
            self.name = _text(payload)
        elif kind == _LONG_TARGET:
            self.target = _text(payload)
        else:
            self._extend_by_records(payload)

    def _extend_by_records(self, payload: bytes) -> None:
        position = 0
        while position < len(payload):
            found = _RECORD.match(payload, position)
            end = position + int(found[1]) - 1 if found else 0
            if found is None or end < found.end() or payload[end : end + 1] != b"\n":
                raise refuse(_NO_TAR)
            self._set(found[2], payload[found.end() : end])
            position = end + 1

    def _set(self, key: bytes, value: bytes) -> None:
        if key == b"path":
            self.name = value.decode("utf-8", "surrogateescape")
        elif key == b"linkpath":
            self.target = value.decode("utf-8", "surrogateescape")
        elif key == b"size" and value.isdigit():
            self.size = int(value[:20])  # more digits are no size of anything
        elif key == b"size" or key.startswith(b"GNU.sparse."):
            raise refuse("a member does not say its size plainly")


def read_headers(stream: UnpackedStream) -> Iterator[Header]:
    """The header of each member; the stream then stands at its bytes, and may be read from.

    At the end everything was read, and it is whole.

    Raises:
        Refused: it is no tar archive, is damaged, or uses what no archive of Spack needs.
    """
    end = 0
    known: dict[bytes, _Pax] = {}
    while header := _usual_header(stream, known) or _next_header(stream, end, known):
        yield header
        size = header.size if header.kind in (FILE, OLD_FILE) else 0
        end = header.offset + -(-size // BLOCK) * BLOCK
        stream.seek(end)
    if end == 0:
        raise refuse(_NO_TAR)
    stream.finish(end)


def _usual_header(stream: UnpackedStream, known: Mapping[bytes, _Pax]) -> Header | None:
    """What `_next_header` gives, if it is of the usual form and wholly at hand; else `None`.

    That is a file or a directory, with or without one pax header that holds its path alone.

    Args:
        stream: stands at the header; is left there if there is none of the usual form.
        known: blocks of pax headers that were read before.
    """
    data, at = stream.window()
    begin = at
    path = b""
    if pax := known.get(data[at : at + BLOCK]):
        size, beginning = pax
        at += BLOCK
        records = data[at : at + size]
        path = records[len(beginning) : -1]
        if not path or not records.startswith(beginning) or not records.endswith(b"\n"):
            return None
        at += -(-size // BLOCK) * BLOCK
    block = data[at : at + BLOCK]
    # For ASCII the sum of a whole block fits into half an Adler-32.
    if len(block) < BLOCK or not block.isascii():
        return None
    name, mode, digits, end, checksum, kind, directory = _FIELDS.unpack(block)
    # The checksum counts its own eight bytes as spaces.
    if checksum != b"%06o\0 " % (_sum(block) - sum(checksum) + 8 * 32):
        return None
    is_usual = kind in _USUAL_KINDS and mode in _MODES and digits.isdigit() and end == b"\0"
    if not is_usual or (directory and not path):
        return None
    try:
        length = int(digits, 8)
    except ValueError:
        return None
    text = path.decode("utf-8", "surrogateescape") if path else _text(name)
    if kind == DIRECTORY:
        text = text.rstrip("/")
    return Header(text, kind, _MODES[mode], length, "", stream.skip(at + BLOCK - begin))


def _next_header(stream: UnpackedStream, begin: int, known: dict[bytes, _Pax]) -> Header | None:
    """The next header; `known` learns of pax headers."""
    extension = _Extension()
    at = begin
    while True:
        block = stream.read(BLOCK)
        if block == _ZEROS and at == begin:
            return None
        kind = _checked_kind(block, at)
        if kind not in (_PAX, _PAX_FOR_ALL, _LONG_NAME, _LONG_TARGET):
            return _header(block, kind, stream.tell(), extension)
        if kind == _PAX_FOR_ALL:
            raise refuse("it has a header that holds for all members")
        size = _number(block[124:136])
        if not 0 <= size <= LARGEST_READ:
            raise refuse("a header is too large")
        payload = stream.read(size)
        at = stream.seek(stream.tell() + -size % BLOCK)
        extension.extend(kind, payload)
        if kind == _PAX and len(known) < _MOST_KNOWN:
            known[block] = _Pax(size, b"%d path=" % size)


def _checked_kind(block: bytes, at: int) -> bytes:
    if len(block) < BLOCK:
        raise refuse("it is cut short" if at else _NO_TAR)
    # The checksum counts its own eight bytes as spaces.
    total = _sum(block[:148]) + _sum(block[156:334]) + _sum(block[334:]) + 8 * 32
    if total != _number(block[148:156]):
        raise refuse("it cannot be read to its end" if at else _NO_TAR)
    return block[156:157]


def _header(block: bytes, kind: bytes, offset: int, extension: _Extension) -> Header:
    name, target = extension.name, extension.target
    if name is None:
        name = _text(block[:100])
        if block[257:263] == b"ustar\0" and block[345]:
            name = f"{_text(block[345:500])}/{name}"
    if kind == OLD_FILE and name.endswith("/"):
        kind = DIRECTORY  # before POSIX, directories had no type
    size = _number(block[124:136]) if extension.size is None else extension.size
    if size < 0:
        raise refuse("a member does not say its size plainly", name)
    mode = _number(block[100:108])
    if mode < 0:
        raise refuse("a member does not say its mode plainly", name)
    return Header(
        name=name.rstrip("/") if kind == DIRECTORY else name,
        kind=kind,
        mode=mode,
        size=size,
        target=_text(block[157:257]) if target is None else target,
        offset=offset,
    )


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int:
    """A number in octal digits or in GNU's binary form; -1 if it is neither, or negative."""
    if field[0] == 0o200:
        return int.from_bytes(field[1:], "big")
    if field[0] & 0o200:
        return -1
    digits = field.partition(b"\0")[0].strip(b" ")
    try:
        return int(digits, 8) if digits.isdigit() else -1 if digits else 0
    except ValueError:
        return -1


def _sum(part: bytes) -> int:
    """The sum of at most 256 bytes, or 512 of ASCII: half an Adler-32 less one (RFC 1950)."""
    return (adler32(part) & 0xFFFF) - 1
