"""From an index to a catalog file. Run as a program of its own, see `core.catalog.build`."""

import gc
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import msgspec

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


def write_catalog(
    index: Path, destination: Path, checksum: str, progressed: Callable[[int], None]
) -> CatalogSummary:
    """Write the catalog of an index to a new file.

    Args:
        index: the index document, uncompressed; the catalog needs it as long as it is used.
        destination: the file to write; it is removed again if anything goes wrong.
        checksum: the digest of the index, kept in the catalog.
        progressed: called with the number of bytes read, now and then.

    Raises:
        MirrorError: the index is no index, or two of its records have the same hash.
        OSError: a file cannot be read or written.
        sqlite3.Error: the catalog cannot be written.
    """
    destination.unlink(missing_ok=True)
    # Nobody else knows the file, and not every file system has locks.
    uri = f"{destination.absolute().as_uri()}?nolock=1"
    try:
        with (
            index.open("rb") as stream,
            closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection,
        ):
            connection.executescript(_SETTINGS + TABLES)
            connection.execute("BEGIN")
            place = os.path.relpath(index, destination.parent)
            size = os.fstat(stream.fileno()).st_size
            tables = fill_tables(connection, IndexDocument(stream, progressed))
            summary = CatalogSummary(checksum=checksum, index=place, size=size, **asdict(tables))
            values = {"schema": SCHEMA, **asdict(summary)}
            connection.executemany(
                "INSERT INTO meta VALUES (?, ?)", ((k, str(v)) for k, v in values.items())
            )
            connection.execute("COMMIT")
    except BaseException:
        destination.unlink(missing_ok=True)
        raise
    return summary


def main(arguments: list[str]) -> int:
    """Write a catalog and report on standard output.

    Args:
        arguments: the index, the file to write, the checksum of the index.
    """
    index, destination, checksum = Path(arguments[0]), Path(arguments[1]), arguments[2]
    # Millions of small objects come and go, and none of them are in cycles.
    gc.disable()
    try:
        total = index.stat().st_size
        summary = write_catalog(
            index, destination, checksum, lambda done: _report(Progressed(done, total))
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
