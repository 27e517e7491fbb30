"""From an index to a catalog file. Run as a program of its own, see `core.catalog.build`."""

import gc
import sqlite3
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import msgspec

from core.catalog.record import IndexedSpec, read_record
from core.catalog.schema import INDEXES, SCHEMA, TABLES, CatalogSummary
from core.catalog.split import IndexDocument, broken
from core.errors import MirrorError, WrongUse

# Nobody reads the file before it is complete: no journal, no waiting for the disk.
_SETTINGS = """
PRAGMA journal_mode=OFF;
PRAGMA synchronous=OFF;
PRAGMA page_size=16384;
PRAGMA cache_size=-32000;
"""
_FULL = "Is the disk full?"
_BATCH = 256
_INSERT_SPEC = "INSERT INTO specs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_LABEL = "INSERT INTO labels SELECT hash, name || '@' || version FROM specs WHERE hash = ?"
_INSERT_RECORD = "INSERT INTO records VALUES (?, ?)"


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
        index: the index document, uncompressed.
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
            summary = _Writer(connection).write(IndexDocument(stream, progressed), checksum)
            connection.execute("COMMIT")
    except BaseException:
        destination.unlink(missing_ok=True)
        raise
    return summary


class _Writer:
    """Fills the tables."""

    def __init__(self, connection: sqlite3.Connection):
        self._connection = connection
        self._builds = 0
        self._skipped = 0
        self._libc: dict[str, str | None] = {}
        self._needs: dict[str, tuple[str, ...]] = {}
        self._providers: set[tuple[str, str]] = set()
        self._labelled: set[str | None] = set()

    def write(self, document: IndexDocument, checksum: str) -> CatalogSummary:
        """Write all records of the document, then what depends on all of them."""
        numbered = enumerate(self._specs(document))
        while batch := list(islice(numbered, _BATCH)):
            self._connection.executemany(
                _INSERT_SPEC, [(number, hash_, *spec[:12]) for number, (hash_, spec, _) in batch]
            )
            self._connection.executemany(
                _INSERT_RECORD, [(number, record) for number, (_, _, record) in batch]
            )
        for statement in INDEXES:
            self._connection.execute(statement)
        inherited = inherited_libc(self._libc, self._needs)
        self._connection.executemany(
            "UPDATE specs SET libc_hash = ? WHERE hash = ?",
            ((libc, hash_) for hash_, libc in inherited.items()),
        )
        self._connection.executemany(_INSERT_LABEL, ((hash_,) for hash_ in self._labelled))
        self._connection.executemany("INSERT INTO providers VALUES (?, ?)", self._providers)
        summary = CatalogSummary(
            checksum=checksum,
            database_version=document.version,
            records=len(self._libc),
            builds=self._builds,
            skipped=self._skipped,
        )
        values = {"schema": SCHEMA, **asdict(summary)}
        self._connection.executemany(
            "INSERT INTO meta VALUES (?, ?)", ((key, str(value)) for key, value in values.items())
        )
        return summary

    def _specs(self, document: IndexDocument) -> Iterator[tuple[str, IndexedSpec, bytes]]:
        """Every record that can be understood: its hash, its columns, and itself."""
        for hash_, record in document.records():
            try:
                spec = read_record(hash_, record)
            except (msgspec.ValidationError, WrongUse):
                self._skipped += 1
                continue
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise broken(f"the record of {hash_} is not valid JSON") from error
            if hash_ in self._libc:
                raise broken(f"it has two records of {hash_}")
            self._libc[hash_] = spec.libc_hash
            if spec.needs:
                self._needs[hash_] = spec.needs
            self._providers.update(spec.providers)
            self._labelled.update((spec.compiler_hash, spec.libc_hash))
            self._builds += spec.is_build
            yield hash_, spec, record


def inherited_libc(
    direct: Mapping[str, str | None], needs: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """The C library of specs that are not linked to one, but need one that is.

    Args:
        direct: hash of every spec to the hash of its own C library, if it has one.
        needs: hash of a spec without one to the hashes of its link and run dependencies.
    """
    users: dict[str, list[str]] = {}
    for hash_, children in needs.items():
        for child in children:
            users.setdefault(child, []).append(hash_)
    found: dict[str, str] = {}
    queue = deque((hash_, libc) for hash_ in users if (libc := direct.get(hash_)))
    while queue:
        child, libc = queue.popleft()
        for user in users.get(child, ()):
            if user not in found:
                found[user] = libc
                queue.append((user, libc))
    return found


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
