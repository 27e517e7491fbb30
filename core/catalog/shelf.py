"""The catalog of one mirror, read-only."""

import sqlite3
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from core.catalog.schema import CatalogSummary, connect_readonly, summary_of, unusable
from core.errors import MirrorError, WrongUse
from core.model.ident import DagHash, MirrorName
from core.model.spec import ConcreteSpec, spec_from_node


class SpecColumns(NamedTuple):
    """One row of the table of specs."""

    hash: DagHash
    """DAG hash."""
    name: str
    """Package name."""
    version: str
    """Version."""
    platform: str
    """Platform."""
    os: str
    """Operating system."""
    target: str
    """Microarchitecture."""
    namespace: str
    """Namespace of the recipe."""
    variants: str
    """JSON list of [name, value]."""
    is_build: int
    """1 if the mirror has a binary of it, and it is no external."""
    external: int
    """1 if the system provides it."""
    compiler: str
    """`name@version`, or the name alone; may be empty."""
    compiler_hash: str | None
    """DAG hash of the compiler, if it is a dependency."""
    libc_hash: str | None
    """DAG hash of the C library, if there is one."""


class GroupKey(NamedTuple):
    """What builds have in common that run on the same machines."""

    name: str
    """Package name."""
    platform: str
    """Platform."""
    os: str
    """Operating system."""
    target: str
    """Microarchitecture."""
    libc_hash: str | None
    """DAG hash of the C library, if there is one."""
    compiled: bool
    """True if a compiler took part."""


_SPECS = """
SELECT hash, name, version, platform, os, target, namespace, variants, is_build, external,
       compiler, compiler_hash, libc_hash
FROM specs
"""
_BATCH = 500


class Shelf:
    """The catalog of one mirror. Any thread may use it.

    Damage, found at once or later, makes it empty and is kept in `problem`.
    """

    def __init__(self, mirror: MirrorName, path: Path):
        """Open the catalog of `mirror` at `path`."""
        self.mirror = mirror
        """The mirror."""
        self.summary: CatalogSummary | None = None
        """What is in it; `None` if it is unusable."""
        self.problem: MirrorError | None = None
        """Why it is unusable."""
        self.labels: dict[str, str] = {}
        """`name@version` of compilers and C libraries, by hash."""
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = connect_readonly(path)
            weakref.finalize(self, self._connection.close)
            self.summary = summary_of(self._connection)
            self.labels.update(self._connection.execute("SELECT hash, label FROM labels"))
        except (sqlite3.Error, ValueError, KeyError):
            self._give_up()

    def build_names(self) -> list[str]:
        """Names of the packages of which there is a binary."""
        return self._texts("SELECT DISTINCT name FROM specs WHERE is_build")

    def providers(self) -> list[tuple[str, str]]:
        """(virtual package, package that provides it)."""
        return [(row[0], row[1]) for row in self._all("SELECT virtual, package FROM providers")]

    def specs_named(self, name: str | None, *, only_builds: bool) -> list[SpecColumns]:
        """Specs of the package `name`, or of all packages."""
        conditions = ["is_build"] * only_builds + ["name = ?"] * (name is not None)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        values = () if name is None else (name,)
        return [SpecColumns(*row) for row in self._all(f"{_SPECS} {where}", values)]

    def specs_of(self, hashes: Sequence[DagHash]) -> list[SpecColumns]:
        """The specs with these hashes, as far as there are any."""
        rows = self._all_of(f"{_SPECS} WHERE hash IN", hashes)
        return [SpecColumns(*row) for row in rows]

    def find_hash(self, prefix: str, *, only_builds: bool) -> list[DagHash]:
        """Hashes of binaries, or of all specs, that begin with `prefix`."""
        # `{` is the character behind `z`.
        sql = "SELECT hash FROM specs WHERE hash >= ? AND hash < ?"
        sql += " AND is_build" * only_builds
        found = self._texts(sql, (prefix, prefix + "{"))
        return [DagHash(hash_) for hash_ in found if hash_.startswith(prefix)]

    def count_builds(self) -> list[tuple[GroupKey, int]]:
        """How many binaries there are of each kind."""
        kind = "name, platform, os, target, libc_hash, compiler <> ''"
        sql = f"SELECT {kind}, COUNT(*) FROM specs WHERE is_build GROUP BY {kind}"  # noqa: S608
        return [(GroupKey(*row[:-1]), row[-1]) for row in self._all(sql)]

    def build_hashes(self) -> list[DagHash]:
        """Hashes of all binaries."""
        return [DagHash(hash_) for hash_ in self._texts("SELECT hash FROM specs WHERE is_build")]

    def all_hashes(self) -> list[DagHash]:
        """Hashes of all specs."""
        return [DagHash(hash_) for hash_ in self._texts("SELECT hash FROM specs")]

    def read(self, hashes: Sequence[DagHash]) -> dict[DagHash, ConcreteSpec]:
        """The specs with these hashes, as far as there are any, in full."""
        sql = "SELECT s.hash, r.record FROM specs s JOIN records r USING (id) WHERE s.hash IN"
        specs = (_spec(DagHash(hash_), record) for hash_, record in self._all_of(sql, hashes))
        return {spec.hash: spec for spec in specs if spec}

    def dependents(self, hash_: DagHash) -> list[DagHash]:
        """Hashes of the specs with an edge to `hash_`."""
        # Edges stand in the records alone: what mentions the hash is looked at more closely.
        sql = (
            "SELECT s.hash, r.record FROM records r JOIN specs s USING (id) "
            "WHERE instr(r.record, ?) AND s.hash != ?"
        )
        specs = (
            _spec(DagHash(found), record)
            for found, record in self._all(sql, (hash_.encode(), hash_))
        )
        return [
            spec.hash
            for spec in specs
            if spec and any(edge.hash == hash_ for edge in spec.dependencies)
        ]

    def close(self) -> None:
        """Close the file; nothing is found in it from then on."""
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    def _texts(self, sql: str, values: Sequence[object] = ()) -> list[str]:
        return [row[0] for row in self._all(sql, values)]

    def _all_of(self, sql: str, hashes: Sequence[DagHash]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(hashes), _BATCH):
            part = hashes[start : start + _BATCH]
            rows += self._all(f"{sql} ({', '.join('?' * len(part))})", part)
        return rows

    def _all(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            if self._connection is None:
                return []
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.Error:
                self._give_up()
                return []

    def _give_up(self) -> None:
        self.summary = None
        self.problem = unusable(self._path)
        if self._connection:
            self._connection.close()
        self._connection = None


def _spec(hash_: DagHash, record: bytes) -> ConcreteSpec | None:
    """The spec of a record; `None` for the rare one that shows only now that it is no spec."""
    try:
        node = msgspec.json.decode(record)["spec"]
        # Not every Spack wrote the hash into the node; the key of the record counts.
        node.setdefault("hash", hash_)
        return spec_from_node(node)
    except (WrongUse, msgspec.DecodeError, RecursionError):
        return None
