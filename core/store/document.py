"""The text of the install database: record by record, and written back as it was.

A site's database has thousands of records, and a command looks at few of them: each stays text
until somebody opens it, and only what was opened is written anew.

Format: Spack 1.x `database.py:Database._read_from_stream`. What follows the first JSON value is
ignored, as Spack ignores it.
"""

import json
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import msgspec

from core.errors import StoreError
from core.model.nodes import WrittenEdge

WRITTEN_VERSION = 8
"""The database version that Spack 1.x writes, and we in a new store."""
OLDEST_VERSION = 6
"""The oldest that can be read: Spack 0.17."""

Record = dict[str, Any]
"""A record as JSON has it."""

OTHER_STORE = "Choose another store with --store"
"""What to do about a database that cannot be used."""
_REPAIR = "Restore the file from a backup, or let a Spack write it anew with 'spack reindex'"
_DAMAGED = (ValueError, KeyError, RecursionError)


class _Origin(msgspec.Struct, gc=False):
    hash: str


class GlancedNode(msgspec.Struct, gc=False):
    """What `Glance` has of the node."""

    name: str
    """Package name."""
    dependencies: tuple[WrittenEdge, ...] | None = ()
    """Its edges."""
    build_spec: _Origin | None = None
    """Of which package it is spliced, if it is."""


class Glance(msgspec.Struct, gc=False):
    """What refers to what, and whether it is there: quickly read, and not for writing."""

    spec: GlancedNode
    """Of its node."""
    ref_count: int = 0
    """How often it is referred to, as it is written."""
    installed: bool = False
    """Whether it is installed."""
    deprecated_for: str | None = None
    """What stands in for it."""


_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])
_glance = msgspec.json.Decoder(Glance)


class Installs(MutableMapping[str, Record]):
    """The records of a database by hash; each is read when it is asked for, and may be changed."""

    def __init__(self, texts: Mapping[str, msgspec.Raw] | None = None) -> None:
        """Take over records as they are written."""
        self._texts = dict(texts or {})
        self._opened: dict[str, Record] = {}

    def __getitem__(self, hash_: str) -> Record:
        if hash_ not in self._opened:
            self._opened[hash_] = msgspec.json.decode(self._texts[hash_])
        return self._opened[hash_]

    def __setitem__(self, hash_: str, record: Record) -> None:
        self._texts.setdefault(hash_, msgspec.Raw())
        self._opened[hash_] = record

    def __delitem__(self, hash_: str) -> None:
        del self._texts[hash_]
        self._opened.pop(hash_, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __contains__(self, hash_: object) -> bool:
        return hash_ in self._texts

    def glance(self, hash_: str) -> Glance:
        """What a record says of itself, without opening it."""
        if hash_ in self._opened:
            return msgspec.convert(self._opened[hash_], Glance)
        return _glance.decode(self._texts[hash_])

    def count_references(self) -> None:
        """Set every `ref_count`: how many records depend on it, or are deprecated in its favour."""
        records = {hash_: self.glance(hash_) for hash_ in self._texts}
        counts = dict.fromkeys(records, 0)
        for record in records.values():
            named = {edge.hash for edge in record.spec.dependencies or ()}
            for hash_ in (*named, record.deprecated_for or ""):
                if hash_ in counts:
                    counts[hash_] += 1
        for hash_, record in records.items():
            if record.ref_count != counts[hash_]:
                self[hash_]["ref_count"] = counts[hash_]

    def texts(self) -> dict[str, msgspec.Raw]:
        """The records as they are to be written: what was not opened as it was."""
        for hash_, record in self._opened.items():
            # ASCII alone: Spack before 1.0 reads the file in the encoding of its user.
            written = json.dumps(record, separators=(",", ":"))
            self._texts[hash_] = msgspec.Raw(written.encode())
        self._opened.clear()
        return self._texts


class Document:
    """The whole of a database: its records, and what else is written there."""

    def __init__(self, data: bytes, path: Path) -> None:
        """Read it as far as to the records; those are checked by `core.store.records.state_of`.

        Args:
            data: what is in the file, and nothing behind it.
            path: where it was, for messages.

        Raises:
            StoreError: its version is too new or too old.
            ValueError, KeyError, RecursionError: it is no database.
        """
        self._whole = _objects.decode(data)
        self._database = _objects.decode(self._whole["database"])
        self.version = int(msgspec.json.decode(self._database["version"], type=str))
        """Version of its format."""
        # First, because others need not have records as we know them.
        _check_version(self.version, path)
        self.installs = Installs(_objects.decode(self._database["installs"]))
        """Its records."""

    def encode(self) -> bytes:
        """All of it, with the records as they are now."""
        database: dict[str, object] = {**self._database, "installs": self.installs.texts()}
        return msgspec.json.encode({**self._whole, "database": database})


def new_document(path: Path) -> Document:
    """The document of an empty database, which will be at `path`."""
    return Document(b'{"database":{"version":"%d","installs":{}}}' % WRITTEN_VERSION, path)


def parse_document(data: bytes, path: Path) -> Document:
    """The document as it is, nothing taken away.

    Raises:
        StoreError: it is not a database, or one that is too new or too old.
    """
    try:
        try:
            return Document(data, path)
        except msgspec.DecodeError:
            # Perhaps something follows.
            text = data.decode()
            decoder = json.JSONDecoder(parse_constant=_no_constant)
            return Document(text[: decoder.raw_decode(text)[1]].encode(), path)
    except _DAMAGED as error:
        raise damaged(path, str(error)) from error


def damaged(path: Path, reason: str) -> StoreError:
    """The error that says so of the database at `path`."""
    return StoreError(f"The database of the store is damaged: {reason}", str(path), _REPAIR)


def _check_version(version: int, path: Path) -> None:
    if version > WRITTEN_VERSION:
        raise StoreError(
            f"The database of the store has version {version}, newer than spackbin knows"
            f" ({WRITTEN_VERSION})",
            str(path),
            "Update spackbin, or choose another store with --store",
        )
    if version < OLDEST_VERSION:
        raise StoreError(
            f"The database of the store has version {version}, of Spack 0.16 or older",
            str(path),
            OTHER_STORE,
        )


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON")
