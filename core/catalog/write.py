"""From an index to a catalog file. Run as a program of its own, see `core.catalog.build`."""

import gc
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec.structs import asdict

from core.catalog.gather import Gathered
from core.catalog.schema import SCHEMA, TABLES, CatalogSummary
from core.catalog.split import IndexDocument
from core.catalog.tables import fill_tables
from core.errors import MirrorError

# Nobody reads the file before it is complete: no journal, no waiting for the disk.
_SETTINGS = """
PRAGMA journal_mode=OFF;
PRAGMA synchronous=OFF;
PRAGMA page_size=16384;
PRAGMA cache_size=-32000;
"""
_LEAST_REST = 6
"""Seconds of reading for each second of showing what there is."""
_FULL = "Is the disk full?"


class Progressed(msgspec.Struct, tag=True):
    """Bytes of the index that were read."""

    done: int
    """So far."""
    total: int
    """In all."""


class Written(msgspec.Struct, tag=True):
    """The catalog is complete."""

    summary: CatalogSummary
    """What is in it."""


class Failed(msgspec.Struct, tag=True):
    """There is no catalog; the fields are those of the error."""

    title: str
    """What happened."""
    detail: str
    """Where."""
    hint: str
    """What to do next."""
    retry: bool
    """True if doing the same again can succeed."""


Report = Progressed | Written | Failed
"""What the child tells its parent, one JSON object a line."""


class _Pace:
    """When it is time to show what there is: now and then, and without taking long in all."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._next = time.monotonic() + pause

    def is_due(self) -> bool:
        return time.monotonic() >= self._next

    def took(self, seconds: float) -> None:
        self._next = time.monotonic() + max(self._pause, _LEAST_REST * seconds)


class CatalogWriter:
    """Writes catalogs of what was read of an index."""

    def __init__(self, stream: BinaryIO, index: Path, destination: Path, checksum: str) -> None:
        """Write to `destination` what is read from `stream`, the index in the file `index`."""
        self._index = os.path.relpath(index, destination.parent)
        self._size = os.fstat(stream.fileno()).st_size
        self._destination = destination
        self._checksum = checksum

    def write(self, document: IndexDocument, gathered: Gathered, read: int) -> CatalogSummary:
        """Write a new file."""
        self._destination.unlink(missing_ok=True)
        # Nobody else knows the file, and not every file system has locks.
        uri = f"{self._destination.absolute().as_uri()}?nolock=1"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            connection.executescript(_SETTINGS + TABLES)
            connection.execute("BEGIN")
            summary = CatalogSummary(
                checksum=self._checksum,
                database_version=document.version,
                records=gathered.records,
                builds=fill_tables(connection, gathered),
                skipped=gathered.skipped,
                index=self._index,
                size=self._size,
                is_closed=gathered.is_closed,
                read=read,
            )
            values = {"schema": SCHEMA, **asdict(summary)}
            connection.executemany(
                "INSERT INTO meta VALUES (?, ?)", ((k, str(v)) for k, v in values.items())
            )
            connection.execute("COMMIT")
        return summary

    def show(self, document: IndexDocument, gathered: Gathered, partial: Path) -> None:
        """Put a catalog of what was read so far at `partial`, in one step."""
        self.write(document, gathered, document.end)
        self._destination.replace(partial)


def write_catalog(
    index: Path,
    destination: Path,
    checksum: str,
    progressed: Callable[[int], None],
    partial: Path | None = None,
    *,
    pause: float = 1.0,
) -> CatalogSummary:
    """Write the catalog of an index to a new file.

    Args:
        index: the index document, uncompressed; the catalog needs it as long as it is used.
        destination: the file to write, in the directory in which it stays; it is removed again if
            anything goes wrong.
        checksum: the digest of the index, kept in the catalog.
        progressed: called with the number of bytes read, now and then.
        partial: where to put, again and again, a catalog of what was read so far; what is there
            last stays.
        pause: seconds between two of them, at least.

    Raises:
        MirrorError: the index is no index, or two of its records have the same hash.
        OSError: a file cannot be read or written.
        sqlite3.Error: the catalog cannot be written.
    """
    pace = _Pace(pause)
    try:
        with index.open("rb") as stream:
            document, gathered = IndexDocument(stream, progressed), Gathered()
            writer = CatalogWriter(stream, index, destination, checksum)
            for _ in gathered.add_all(document):
                if partial and pace.is_due():
                    started = time.monotonic()
                    writer.show(document, gathered, partial)
                    pace.took(time.monotonic() - started)
            return writer.write(document, gathered, os.fstat(stream.fileno()).st_size)
    except BaseException:
        destination.unlink(missing_ok=True)
        raise


def main(arguments: list[str]) -> int:
    """Write a catalog and report on standard output.

    Args:
        arguments: the index, the file to write, the checksum of the index, and where to put what
            there is meanwhile, if that is wanted.
    """
    index, destination, checksum = Path(arguments[0]), Path(arguments[1]), arguments[2]
    partial = Path(arguments[3]) if len(arguments) > 3 else None
    # Millions of small objects come and go, and none of them are in cycles.
    gc.disable()
    try:
        total = index.stat().st_size
        summary = write_catalog(
            index, destination, checksum, lambda done: _report(Progressed(done, total)), partial
        )
    except MirrorError as error:
        _report(Failed(error.title, error.detail, error.hint, error.retry))
        return 1
    except Exception as error:
        # Whatever it is, the parent has to say it: nobody sees what this process prints.
        what = f"{type(error).__name__}: {error}"
        _report(Failed("The catalog of this mirror could not be made", what, _FULL, True))
        return 1
    _report(Written(summary))
    return 0


def _report(report: Report) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
