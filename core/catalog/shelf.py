"""The catalog of one mirror, read-only."""

import os
import sqlite3
import threading
import weakref
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import msgspec

from core.catalog.edges import EdgeBlocks, Needs
from core.catalog.record import split_parameters
from core.catalog.schema import (
    CatalogSummary,
    connect_readonly,
    open_index,
    summary_of,
    unusable,
)
from core.catalog.specs import SELECT_COLUMNS, SpecNumbers
from core.catalog.ways import KEPT, Ways
from core.errors import MirrorError, WrongUse
from core.model.columns import (
    BuildsByRelease,
    Columns,
    EdgeColumns,
    Edges,
    Machine,
    Parameters,
    Release,
    Sought,
)
from core.model.graph import LINK_RUN
from core.model.ident import DagHash, MirrorName
from core.model.spec import ConcreteSpec, VariantValue, spec_from_node

_BATCH = 500
# Few distinct ones among the many kinds of edges.
_names = lru_cache(maxsize=4096)(msgspec.json.Decoder(frozenset[str]).decode)


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
        self._ways: dict[Sought, Ways] = {}
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
            EdgeColumns(number, name, _names(deptypes), _names(virtuals))
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
    def builds(self) -> BuildsByRelease:
        """How many binaries there are of each release, and for which machines."""
        found: dict[int, tuple[array[int], array[int]]] = {}
        for row in self._all("SELECT releases, ends, machines, specs FROM builds"):
            releases, ends, machines, specs = (array("I", column) for column in row)
            start = 0
            for release, end in zip(releases, ends, strict=True):
                found[release] = machines[start:end], specs[start:end]
                start = end
        return found

    @cached_property
    def build_names(self) -> AbstractSet[str]:
        """Names of the packages of which there is a binary."""
        return {self.releases[release].name for release in self.builds}

    @property
    def columns(self) -> Columns:
        """All specs, by number."""
        return self._specs.columns

    @cached_property
    def _specs(self) -> SpecNumbers:
        return self._read_specs()

    def _read_specs(self) -> SpecNumbers:
        rows = self._all(SELECT_COLUMNS)
        try:
            return SpecNumbers(*rows[0]) if rows else SpecNumbers()
        except ValueError:
            self.give_up()
            return SpecNumbers()

    @cached_property
    def providers(self) -> Mapping[str, AbstractSet[str]]:
        """Packages that provide a virtual package, by its name."""
        found: dict[str, set[str]] = {}
        for kind in self.edge_kinds:
            for virtual in kind.virtuals:
                found.setdefault(virtual, set()).add(kind.name)
        return found

    def onward(self, kinds: AbstractSet[int]) -> AbstractSet[int]:
        """The kinds of link and run edges behind which there may be edges of these kinds."""
        return self._needs.onward(kinds)

    def ways(self, sought: Sought) -> Ways:
        """Where edges of these kinds are."""
        with self._lock:
            found = self._ways.get(sought)
            if found is None:
                if sum(map(len, self._ways.values())) > KEPT:
                    self._ways.clear()
                found = self._ways[sought] = Ways(
                    sought,
                    linked=self.linked,
                    onward=self.onward(sought.named | sought.providing),
                    children=self.children,
                )
            return found

    @cached_property
    def _needs(self) -> Needs:
        rows = self._all("SELECT name, edge_kinds FROM needs")
        return Needs(rows, self.edge_kinds, self.linked)

    @property
    def is_closed(self) -> bool:
        """True if every spec that another one needs is described here."""
        return self.summary is not None and self.summary.is_closed

    def releases_named(self, name: str) -> Sequence[int]:
        """The releases of the package `name`."""
        return self._releases_by_name.get(name, ())

    def specs_of(self, hashes: Sequence[DagHash]) -> list[int]:
        """Numbers of the specs with these hashes, as far as they have a record."""
        return self.described(self._numbers_of(hashes))

    def has_build(self, hash_: DagHash) -> bool:
        """True if the mirror has a binary of this spec."""
        return bool(self._specs.builds_among(self.specs_of([hash_])))

    def _numbers_of(self, hashes: Sequence[DagHash]) -> list[int]:
        return [row[0] for row in self._all_of("SELECT id FROM specs WHERE hash IN", hashes)]

    def described(self, numbers: Iterable[int]) -> list[int]:
        """Those of the numbers that are of specs with a record."""
        return self._specs.described(numbers)

    def specs_where(
        self,
        releases: Collection[int] | None,
        machines: Collection[int] | None,
        *,
        only_builds: bool,
    ) -> list[int]:
        """Numbers of the specs of these releases and machines; `None` for any."""
        try:
            return self._specs.where(releases, machines, only_builds=only_builds)
        except IndexError:
            self.give_up()
            return []

    def specs_beginning(self, prefix: str, *, only_builds: bool) -> list[int]:
        """Numbers of the specs whose hashes begin with `prefix`."""
        # `{` is the character behind `z`.
        sql = "SELECT id FROM specs WHERE hash >= ? AND hash < ?"
        numbers = self.described(row[0] for row in self._all(sql, (prefix, prefix + "{")))
        hash_of = self.columns.hash_of
        return [
            number
            for number in (self._specs.builds_among(numbers) if only_builds else numbers)
            if hash_of(number).startswith(prefix)
        ]

    def parameters(self, numbers: Iterable[int]) -> Mapping[int, Parameters]:
        """The parameters with these numbers, and perhaps others."""
        missing = list({*numbers} - self.known_parameters.keys())
        for number, text in self._all_of("SELECT id, text FROM parameters WHERE id IN", missing):
            self.known_parameters[number] = _parameters(text)
        return self.known_parameters

    def all_builds(self) -> list[tuple[DagHash, int, int]]:
        """Hash, release and machine of every binary."""
        columns = self.columns
        return [
            (columns.hash_of(number), columns.releases[number], columns.machines[number])
            for number in self.specs_where(None, None, only_builds=True)
        ]

    def all_hashes(self) -> list[DagHash]:
        """Hashes of all specs."""
        numbers = self.specs_where(None, None, only_builds=False)
        return self.columns.hashes_of(numbers)

    def children(self, numbers: Sequence[int]) -> Mapping[int, Edges]:
        """Edges of these specs to what they need."""
        return self._children.of(numbers)

    def parents(self, numbers: Sequence[int]) -> Mapping[int, Edges]:
        """Edges to these specs from those that need them."""
        return self._parents.of(numbers)

    def dependents(self, hash_: DagHash) -> list[DagHash]:
        """Hashes of the specs with an edge to `hash_`."""
        edges_of = self.parents(self._numbers_of([hash_]))
        found = {parent for parents, _ in edges_of.values() for parent in parents}
        hashes = self.columns.hashes_of(self.described(found))
        return [other for other in hashes if other != hash_]

    def read(self, hashes: Sequence[DagHash]) -> dict[DagHash, ConcreteSpec]:
        """The specs with these hashes, as far as there are any, in full."""
        sql = "SELECT hash, start, length FROM specs WHERE length > 0 AND hash IN"
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
