"""The index document, cut into its records without ever holding it whole.

An index is `{"database": {"version": V, "installs": {HASH: RECORD, ...}}}` (Spack 1.x
`database.py`), of hundreds of MB on big mirrors. The only keys that are 32 base32 characters and
have an object as value are the DAG hashes of `installs`, so the places between two records can
be found by their look. A cut at a wrong place makes two pieces that are no JSON, and whoever
decodes the pieces refuses them.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec

from core.errors import MirrorError

OLDEST_DATABASE, NEWEST_DATABASE = 6, 8
"""Database versions that are understood: Spack 0.17 to 1.x."""
LARGEST_RECORD = 16 << 20
"""Bytes; real records have 1 to 40 thousand."""

_CHUNK = 1 << 20
_LARGEST_FRAME = 1 << 16
_BLANKS = rb"[ \t\r\n]*"
_KEY = rb'"([a-z2-7]{32})"%s:%s(?=\{)' % (_BLANKS, _BLANKS)
_INSTALLS = re.compile(rb'"installs"%s:%s\{%s' % (_BLANKS, _BLANKS, _BLANKS))
_FIRST = re.compile(_KEY)
_NEXT = re.compile(rb"\}%s,%s%s" % (_BLANKS, _BLANKS, _KEY))
_VERSION = re.compile(rb'"version"%s:%s"?([0-9]{1,9})\b' % (_BLANKS, _BLANKS))


class _Database(msgspec.Struct):
    version: str | int
    installs: dict[str, msgspec.Raw]


class _Frame(msgspec.Struct):
    database: _Database


class IndexDocument:
    """An index that is read once, from the beginning to the end."""

    def __init__(self, stream: BinaryIO, progressed: Callable[[int], None] = lambda _: None):
        """Read `stream`, uncompressed; tell `progressed` the bytes read so far, now and then."""
        self._stream = stream
        self._progressed = progressed
        self.version = 0
        """Database version; known after the last record."""
        self.start = 0
        """Where in the document the record stands that was yielded last, in bytes."""
        self.end = 0
        """Where that record ends."""

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Every (DAG hash, record), in order; the records are not yet decoded.

        Raises:
            MirrorError: the document is no index, is cut off, has a version that is not
                understood, or a record of absurd size. What was yielded before must then be
                thrown away.
        """
        head, rest = _head(self._stream)
        hash_, start = "", 0
        base = len(head)
        if first := _FIRST.match(rest):
            hash_, start = first[1].decode(), first.end()
        elif not rest.startswith(b"}"):
            raise broken("its list of builds does not begin with a build")
        while True:
            for between in _NEXT.finditer(rest, start):
                self.start, self.end = base + start, base + between.start() + 1
                yield hash_, rest[start : between.start() + 1]
                hash_, start = between[1].decode(), between.end()
            rest, base, start = rest[start:], base + start, 0
            if len(rest) > LARGEST_RECORD:
                raise broken(f"one of its records is larger than {LARGEST_RECORD >> 20} MiB")
            chunk = self._stream.read(_CHUNK)
            if not chunk:
                break
            self._progressed(self._stream.tell())
            rest += chunk
        if hash_:
            record, rest = _last_record(rest)
            self.start, self.end = base, base + len(record)
            yield hash_, record
        self.version = _checked_frame(head + rest)


def _head(stream: BinaryIO) -> tuple[bytes, bytes]:
    """What stands before the first record, and what was read beyond it."""
    start = stream.read(_CHUNK)
    found = _INSTALLS.search(start, 0, _LARGEST_FRAME)
    if found is None:
        raise broken("it has no list of builds (database.installs)")
    head = start[: found.end()]
    if version := _VERSION.search(head):
        _checked_version(int(version[1]))
    # The first record must be there to be looked at.
    rest = start[found.end() :]
    return head, rest or stream.read(_CHUNK)


def _last_record(rest: bytes) -> tuple[bytes, bytes]:
    try:
        text = rest.decode()
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise broken("it is cut off, or its last record is damaged") from error
    return text[:end].encode(), text[end:].encode()


def _checked_frame(frame: bytes) -> int:
    """Check the document as it is without its records; its version."""
    if len(frame) > 2 * _LARGEST_FRAME:
        raise broken("there is too much around its list of builds")
    try:
        database = msgspec.json.decode(frame, type=_Frame).database
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise broken("it is cut off, or not valid JSON") from error
    if database.installs:
        raise broken("it has two lists of builds")
    version = str(database.version)
    if not (version.isascii() and version.isdigit()):
        raise broken(f"its version {version[:20]!a} is not a number")
    return _checked_version(int(version[:9]))


def _checked_version(version: int) -> int:
    if version > NEWEST_DATABASE:
        raise MirrorError(
            "The index of this mirror needs a newer spackbin",
            f"It has database version {version}; {OLDEST_DATABASE} to {NEWEST_DATABASE} are known",
            "Update spackbin",
        )
    if version < OLDEST_DATABASE:
        raise MirrorError(
            "The index of this mirror is too old to be read",
            f"It has database version {version}; {OLDEST_DATABASE} to {NEWEST_DATABASE} are known",
            "Ask its maintainer to update the index with Spack 0.17 or newer",
        )
    return version


def broken(why: str) -> MirrorError:
    """The error for an index that is none; `why` begins in lower case."""
    return MirrorError(
        "The index of this mirror is broken",
        why[0].upper() + why[1:],
        "Refresh again later; the last good index stays in use",
        retry=True,
    )
