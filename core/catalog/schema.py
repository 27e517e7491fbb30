"""The catalog file: SQLite, one per mirror, written once and then only read."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from core.errors import MirrorError

SCHEMA = "1"
"""Version of the tables below; a file with another is made anew."""

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- Narrow rows, so that a pass over all of them reads little.
CREATE TABLE specs (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    platform TEXT NOT NULL,
    os TEXT NOT NULL,
    target TEXT NOT NULL,
    namespace TEXT NOT NULL,
    variants TEXT NOT NULL,
    compiler TEXT NOT NULL,
    compiler_hash TEXT,
    libc_hash TEXT,
    is_build INTEGER NOT NULL,
    external INTEGER NOT NULL
);
-- The record as it stands in the index; its node has the edges.
CREATE TABLE records (id INTEGER PRIMARY KEY, record BLOB NOT NULL);
-- Compilers and C libraries, as lists show them.
CREATE TABLE labels (hash TEXT PRIMARY KEY, label TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE providers (virtual TEXT, package TEXT, PRIMARY KEY (virtual, package)) WITHOUT ROWID;
"""
"""All tables."""

INDEXES = (
    "CREATE UNIQUE INDEX specs_by_hash ON specs (hash)",
    "CREATE INDEX specs_by_name ON specs (name)",
)
"""Made after the rows, which is quicker."""


@dataclass(frozen=True, slots=True)
class CatalogSummary:
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
            return summary_of(connection)
        finally:
            connection.close()
    except (sqlite3.Error, OSError, ValueError, KeyError) as error:
        raise unusable(path) from error


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
    )


def unusable(path: Path) -> MirrorError:
    """The error for a catalog that cannot be read."""
    return MirrorError(
        "The catalog of this mirror is damaged, or of another version of spackbin",
        str(path),
        "Refresh the mirror to make it anew",
        retry=True,
    )
