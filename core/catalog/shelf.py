"""The catalog of one mirror, read-only."""

import os
import sqlite3
import threading
import weakref
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from core.catalog.edges import EdgeBlocks
from core.catalog.record import split_parameters
from core.catalog.schema import (
    CatalogSummary,
    connect_readonly,
    open_index,
    summary_of,
    unusable,
)
from core.errors import MirrorError, WrongUse
from core.model.columns import EdgeColumns, Machine, Parameters, Release, SpecColumns
from core.model.graph import LINK_RUN
from core.model.ident import DagHash, MirrorName
from core.model.spec import ConcreteSpec, VariantValue, spec_from_node

_SPECS = """
SELECT s.id, s.hash, k.release, k.machine, s.parameters, k.is_build, k.external
FROM specs s JOIN kinds k ON k.id = s.kind
"""
_BATCH = 500
_names = msgspec.json.Decoder(frozenset[str])


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
        self._path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._index = -1
        self.known_parameters: dict[int, Parameters] = {}
        self._children = EdgeBlocks("children", self._all_of)
        self._parents = EdgeBlocks("parents", self._all_of)
        try:
            self._connection = connect_readonly(path)
            weakref.finalize(self, self._connection.close)
            summary = summary_of(self._connection)
            # Records are read with pread, not through a mapping: a file that somebody cuts off
            # then makes a read short, and does not kill the process.
            self._index = open_index(path, summary)
            weakref.finalize(self, os.close, self._index)
            self.summary = summary
        except (sqlite3.Error, OSError, ValueError, KeyError):
            self.give_up()

    @property
    def releases(self) -> Mapping[int, Release]:
        """Versions of packages by number."""
        return self._releases

    @cached_property
    def _releases(self) -> Mapping[int, Release]:
        rows = self._all("SELECT id, name, version, namespace FROM releases")
        return {number: Release(*row) for number, *row in rows}

    @cached_property
    def _releases_by_name(self) -> Mapping[str, list[int]]:
        by_name: dict[str, list[int]] = {}
        for number, release in self.releases.items():
            by_name.setdefault(release.name, []).append(number)
        return by_name

    @property
    def machines(self) -> Mapping[int, Machine]:
        """What builds were made for, by number."""
        return self._machines

    @cached_property
    def _machines(self) -> Mapping[int, Machine]:
        sql = "SELECT id, platform, os, target, compiler, own_compiler, libc FROM machines"
        return {number: Machine(*row) for number, *row in self._all(sql)}

    @cached_property
    def edge_kinds(self) -> Sequence[EdgeColumns]:
        """Kinds of edges; the number of each is its place."""
        sql = "SELECT id, name, deptypes, virtuals FROM edge_kinds ORDER BY id"
        return [
            EdgeColumns(number, name, _names.decode(deptypes), _names.decode(virtuals))
            for number, name, deptypes, virtuals in self._all(sql)
        ]

    @property
    def linked(self) -> AbstractSet[int]:
        """Numbers of the kinds of link and run edges."""
        return self._linked

    @cached_property
    def _linked(self) -> AbstractSet[int]:
        return {kind.id for kind in self.edge_kinds if not kind.deptypes.isdisjoint(LINK_RUN)}

    @cached_property
    def _edge_kinds_by_name(self) -> Mapping[str, list[EdgeColumns]]:
        by_name: dict[str, list[EdgeColumns]] = {}
        for kind in self.edge_kinds:
            for name in {kind.name, *kind.virtuals}:
                by_name.setdefault(name, []).append(kind)
        return by_name

    def edge_kinds_named(self, name: str) -> Sequence[EdgeColumns]:
        """The kinds of edges to a package, or to what provides it; all for an empty name."""
        return self._edge_kinds_by_name.get(name, ()) if name else self.edge_kinds

    @cached_property
    def builds(self) -> Sequence[tuple[int, int, int]]:
        """Numbers of releases and machines, and how many binaries there are of both."""
        columns = self._all("SELECT releases, machines, specs FROM builds")
        return [
            row
            for releases, machines, specs in columns
            for row in zip(
                array("I", releases), array("I", machines), array("I", specs), strict=True
            )
        ]

    @cached_property
    def build_names(self) -> AbstractSet[str]:
        """Names of the packages of which there is a binary."""
        sql = """
            SELECT DISTINCT name FROM releases r
            WHERE EXISTS (SELECT 1 FROM kinds k WHERE k.release = r.id AND k.is_build)
        """
        return {row[0] for row in self._all(sql)}

    @cached_property
    def providers(self) -> Mapping[str, AbstractSet[str]]:
        """Packages that provide a virtual package, by its name."""
        found: dict[str, set[str]] = {}
        for kind in self.edge_kinds:
            for virtual in kind.virtuals:
                found.setdefault(virtual, set()).add(kind.name)
        return found

    @property
    def is_closed(self) -> bool:
        """True if every spec that another one needs is described here."""
        return self.summary is not None and self.summary.is_closed

    def releases_named(self, name: str) -> Sequence[int]:
        """The releases of the package `name`."""
        return self._releases_by_name.get(name, ())

    def specs_of(self, hashes: Sequence[DagHash]) -> list[SpecColumns]:
        """The specs with these hashes, as far as there are any."""
        return [SpecColumns(*row) for row in self._all_of(f"{_SPECS} WHERE s.hash IN", hashes)]

    def specs_numbered(self, numbers: Sequence[int]) -> list[SpecColumns]:
        """The specs with these numbers, as far as they have a record."""
        return [SpecColumns(*row) for row in self._all_of(f"{_SPECS} WHERE s.id IN", numbers)]

    def specs_where(
        self,
        releases: Collection[int] | None,
        machines: Collection[int] | None,
        *,
        only_builds: bool,
    ) -> list[SpecColumns]:
        """The specs of these releases and machines; `None` for any."""
        conditions = ["k.is_build"] * only_builds
        if releases is not None:
            conditions.append(f"k.release IN ({','.join(map(str, releases))})")
        if machines is not None:
            conditions.append(f"k.machine IN ({','.join(map(str, machines))})")
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        return [SpecColumns(*row) for row in self._all(f"{_SPECS} {where}")]

    def specs_beginning(self, prefix: str, *, only_builds: bool) -> list[SpecColumns]:
        """The specs whose hashes begin with `prefix`."""
        # `{` is the character behind `z`.
        sql = f"{_SPECS} WHERE s.hash >= ? AND s.hash < ?" + " AND k.is_build" * only_builds
        found = [SpecColumns(*row) for row in self._all(sql, (prefix, prefix + "{"))]
        return [spec for spec in found if spec.hash.startswith(prefix)]

    def parameters(self, numbers: Iterable[int]) -> Mapping[int, Parameters]:
        """The parameters with these numbers, and perhaps others."""
        missing = list({*numbers} - self.known_parameters.keys())
        for number, text in self._all_of("SELECT id, text FROM parameters WHERE id IN", missing):
            self.known_parameters[number] = _parameters(text)
        return self.known_parameters

    def all_builds(self) -> list[tuple[DagHash, int, int]]:
        """Hash, release and machine of every binary."""
        sql = "SELECT s.hash, k.release, k.machine FROM specs s JOIN kinds k ON k.id = s.kind"
        return self._all(f"{sql} WHERE k.is_build")

    def all_hashes(self) -> list[DagHash]:
        """Hashes of all specs."""
        rows = self._all("SELECT hash FROM specs WHERE kind >= 0")
        return [DagHash(row[0]) for row in rows]

    def children(self, numbers: Sequence[int]) -> Mapping[int, "array[int]"]:
        """Edges of these specs: pairs of (number of the child, kind of edge)."""
        return self._children.of(numbers)

    def parents(self, numbers: Sequence[int]) -> Mapping[int, "array[int]"]:
        """Edges to these specs: pairs of (number of the parent, kind of edge)."""
        return self._parents.of(numbers)

    def dependents(self, hash_: DagHash) -> list[DagHash]:
        """Hashes of the specs with an edge to `hash_`."""
        numbers = [row[0] for row in self._all("SELECT id FROM specs WHERE hash = ?", (hash_,))]
        found = {parent for edges in self.parents(numbers).values() for parent in edges[::2]}
        return [spec.hash for spec in self.specs_numbered(list(found)) if spec.hash != hash_]

    def read(self, hashes: Sequence[DagHash]) -> dict[DagHash, ConcreteSpec]:
        """The specs with these hashes, as far as there are any, in full."""
        sql = "SELECT hash, start, length FROM specs WHERE kind >= 0 AND hash IN"
        # In the order in which they stand in the index.
        places = sorted(self._all_of(sql, hashes), key=lambda row: row[1])
        specs = (_spec(DagHash(hash_), self._record(*place)) for hash_, *place in places)
        return {spec.hash: spec for spec in specs if spec}

    def close(self) -> None:
        """Close the file; nothing is found in it from then on."""
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    def give_up(self) -> None:
        """Count as empty from now on: something in the files is not as it should be."""
        self.summary = None
        self.problem = unusable(self._path)
        if self._connection:
            self._connection.close()
        self._connection = None

    def _record(self, start: int, length: int) -> bytes:
        try:
            record = os.pread(self._index, length, start)
        except OSError:
            record = b""
        if len(record) < length:
            self.give_up()
        return record

    def _all_of(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(values), _BATCH):
            part = values[start : start + _BATCH]
            rows += self._all(f"{sql} ({', '.join('?' * len(part))})", part)
        return rows

    def _all(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            if self._connection is None:
                return []
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.Error:
                self.give_up()
                return []


def _spec(hash_: DagHash, record: bytes) -> ConcreteSpec | None:
    """The spec of a record; `None` for the rare one that shows only now that it is no spec."""
    try:
        node = msgspec.json.decode(record)["spec"]
        # Not every Spack wrote the hash into the node; the key of the record counts.
        node.setdefault("hash", hash_)
        spec = spec_from_node(node)
    except (WrongUse, msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, KeyError):
        return None
    return spec if spec.hash == hash_ else None


def _parameters(text: bytes) -> Parameters:
    variants, flags = split_parameters(text)
    shown = sorted((name, _shown(value)) for name, value in variants.items())
    return Parameters(variants, flags, tuple(shown))


def _shown(value: VariantValue) -> str:
    if isinstance(value, bool):
        return "+" if value else "~"
    return value if isinstance(value, str) else ",".join(value)
