"""The catalog file: SQLite, one per mirror, written once and then only read.

Most of what an index says of 200,000 specs is the same few things again and again, so each is
kept once and numbered: releases, machines, parameters, kinds of edges. What is left of a spec is a
few numbers. Its record stays in the index, beside the catalog.
"""

import os
import sqlite3
import sys
from pathlib import Path

from core.errors import MirrorError
from core.model.value import Value

SCHEMA = f"5-{sys.byteorder}"
"""Version of the tables, and order of bytes in blobs; a file with another is made anew."""

BLOCK = 256
"""Specs whose edges are kept together."""
EDGE_BYTES = 8
"""Bytes of an edge."""

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE releases (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, namespace TEXT NOT NULL
);
-- What decides where a build runs. The compiler and the C library are `name@version`;
-- own_compiler is 1 if the node itself names the compiler (before Spack 1.0).
CREATE TABLE machines (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    os TEXT NOT NULL,
    target TEXT NOT NULL,
    compiler TEXT NOT NULL,
    own_compiler INTEGER NOT NULL,
    libc TEXT NOT NULL
);
-- The parameters of a node as JSON: variants and compiler flags.
CREATE TABLE parameters (id INTEGER PRIMARY KEY, text BLOB NOT NULL);
-- For which machines there are builds of each release, and how many, in one row, 32 bits a number:
-- what every list begins with. ends: how many machines there are up to the last one of a release.
CREATE TABLE builds (
    releases BLOB NOT NULL, ends BLOB NOT NULL, machines BLOB NOT NULL, specs BLOB NOT NULL
);
-- All specs in one row, in order of their numbers; read at once, and then asked without SQL.
-- hashes: 32 characters each. releases: 32 bits, -1 for a spec that others need and no record
-- describes. machines, parameters: 32 bits. states: 8 bits, see core.model.columns.
-- by_release, by_machine: numbers of the specs that have a record, sorted by that; 32 bits.
CREATE TABLE columns (
    hashes BLOB NOT NULL,
    releases BLOB NOT NULL,
    machines BLOB NOT NULL,
    parameters BLOB NOT NULL,
    states BLOB NOT NULL,
    by_release BLOB NOT NULL,
    by_machine BLOB NOT NULL
);
-- The number of each spec, and where in the index its record is; length 0 if there is none.
CREATE TABLE specs (
    hash TEXT PRIMARY KEY, id INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL
) WITHOUT ROWID;
-- Lists of names, as JSON.
CREATE TABLE edge_kinds (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, deptypes TEXT NOT NULL, virtuals TEXT NOT NULL
);
-- The kinds of edges that builds of a package have, 32 bits each.
CREATE TABLE needs (name TEXT PRIMARY KEY, edge_kinds BLOB NOT NULL) WITHOUT ROWID;
-- Edges of 256 specs a row, which is a great deal less to write and to find than a row for each.
-- Of each edge the id of the other spec, and the kind of edge 32 bits higher; 64 bits in all.
-- ends: how many edges there are up to the end of those of each spec, 32 bits each.
CREATE TABLE children (id INTEGER PRIMARY KEY, ends BLOB NOT NULL, edges BLOB NOT NULL);
CREATE TABLE parents (id INTEGER PRIMARY KEY, ends BLOB NOT NULL, edges BLOB NOT NULL);
"""
"""All tables."""


class CatalogSummary(Value, frozen=True):
    """What a catalog was made from, and how much is in it."""

    checksum: str
    """Digest of the index, as given by who had it built."""
    database_version: int
    """Version of the index document."""
    records: int
    """Records, externals and those without a binary included."""
    builds: int
    """Records with a binary."""
    skipped: int
    """Records that could not be understood and were left out."""
    index: str
    """The index, where the records are: a path, seen from the directory of the catalog."""
    size: int
    """Bytes of the index."""
    is_closed: bool
    """True if every spec that another one needs has a record."""
    read: int
    """Bytes of the index that were read: less than all of them in a partial catalog."""

    @property
    def is_partial(self) -> bool:
        """True if the index was not read to its end yet."""
        return self.read < self.size

    @property
    def expected(self) -> int:
        """Records that the whole index has, about."""
        return self.records * self.size // self.read if self.is_partial else self.records


def partial_of(catalog: Path) -> Path:
    """Where there is what was read so far of an index whose catalog is made for the first time."""
    return catalog.with_suffix(".partial")


def connect_readonly(path: Path) -> sqlite3.Connection:
    """A connection to a finished catalog; any thread may use it.

    Raises:
        sqlite3.Error: the file cannot be opened.
    """
    # A finished catalog is replaced, never changed: nothing needs to be locked.
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, check_same_thread=False)


def read_summary(path: Path) -> CatalogSummary | None:
    """What the catalog at `path` holds; `None` if there is no file.

    Raises:
        MirrorError: the file is damaged, or was made by another version of this program.
    """
    if not path.exists():
        return None
    try:
        connection = connect_readonly(path)
        try:
            summary = summary_of(connection)
        finally:
            connection.close()
        os.close(open_index(path, summary))
        return summary
    except (sqlite3.Error, OSError, ValueError, KeyError) as error:
        raise unusable(path) from error


def problem_of(path: Path) -> MirrorError | None:
    """Why the catalog at `path` cannot be used; `None` if it can, or if there is none."""
    try:
        read_summary(path)
    except MirrorError as error:
        return error
    return None


def summary_of(connection: sqlite3.Connection) -> CatalogSummary:
    """The summary in an open catalog.

    Raises:
        sqlite3.Error: the file is no catalog.
        ValueError: a number is none, or the schema is another.
        KeyError: a value is missing.
    """
    values: dict[str, str] = dict(connection.execute("SELECT key, value FROM meta"))
    if values["schema"] != SCHEMA:
        raise ValueError(values["schema"])
    return CatalogSummary(
        checksum=values["checksum"],
        database_version=int(values["database_version"]),
        records=int(values["records"]),
        builds=int(values["builds"]),
        skipped=int(values["skipped"]),
        index=values["index"],
        size=int(values["size"]),
        is_closed=values["is_closed"] == "True",
        read=int(values["read"]),
    )


def open_index(path: Path, summary: CatalogSummary) -> int:
    """A descriptor of the index from which the catalog at `path` was made.

    Whoever has it open keeps it: another index gets another file.

    Raises:
        OSError: it is not there.
        ValueError: it is another.
    """
    descriptor = os.open(path.parent / summary.index, os.O_RDONLY | os.O_CLOEXEC)
    if os.fstat(descriptor).st_size != summary.size:
        os.close(descriptor)
        raise ValueError(summary.index)
    return descriptor


def unusable(path: Path) -> MirrorError:
    """The error for a catalog that cannot be read."""
    return MirrorError(
        "The catalog of this mirror is damaged, or of another version of spackbin",
        str(path),
        "Refresh the mirror to make it anew",
        retry=True,
    )
