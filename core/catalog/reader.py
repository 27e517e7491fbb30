"""Everything the mirrors have on offer, merged, read-only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from core.catalog.filtered import FilteredShelf
from core.catalog.groups import BuildCounts, BuildGroup, count_builds, group_builds
from core.catalog.schema import CatalogSummary
from core.catalog.shelf import Shelf
from core.errors import MirrorError
from core.model.columns import BUILD, EXTERNAL
from core.model.graph import SpecGraph
from core.model.ident import DagHash, MirrorName
from core.model.spec import ConcreteSpec
from core.model.value import Value
from core.model.version import version_key

_NO_NODE: Mapping[str, object] = MappingProxyType({})
_NOTHING: Mapping[MirrorName, AbstractSet[DagHash]] = MappingProxyType({})


class CatalogRow(Value, frozen=True):
    """One spec of the indices, as far as lists show it. All text is as the mirror gave it."""

    hash: DagHash
    """DAG hash."""
    name: str
    """Package name."""
    version: str
    """Version."""
    platform: str
    """Platform."""
    os: str
    """Operating system it was built on."""
    target: str
    """Microarchitecture it was built for."""
    namespace: str
    """Namespace of the recipe."""
    compiler: str
    """`gcc@12.2.0`; empty if nothing was compiled."""
    libc: str
    """`glibc@2.36`, the C library that it or its link/run dependencies use; may be empty."""
    variants: tuple[tuple[str, str], ...]
    """(name, value) sorted by name; booleans as `+` and `~`, several values joined by commas."""
    mirrors: tuple[MirrorName, ...]
    """Mirrors that have a binary, in order of configuration; empty if none has."""
    external: bool
    """True if it stands for a package of the system."""


class Catalog:
    """The catalogs of all mirrors as one. Any thread may use it.

    A mirror whose catalog cannot be read is left out, and `problems` says so.
    """

    def __init__(
        self,
        paths: Mapping[MirrorName, Path],
        hidden: Mapping[MirrorName, AbstractSet[DagHash]] = _NOTHING,
    ):
        """Open the catalogs.

        Args:
            paths: catalog file by mirror, in order of configuration; a file that does not exist
                (the mirror was never read) counts as empty.
            hidden: builds of a mirror that are not on offer although it has them.
        """
        self.hidden = hidden
        """Builds of a mirror that are not on offer although it has them."""
        self._shelves = [
            FilteredShelf(name, path, hidden[name]) if name in hidden else Shelf(name, path)
            for name, path in paths.items()
            if path.exists()
        ]
        self._whole = SpecGraph((), _LazyNodes(self._read, self._all_hashes))

    @property
    def problems(self) -> Mapping[MirrorName, MirrorError]:
        """Mirrors whose catalog is damaged or of another version, and the error to show."""
        return {shelf.mirror: shelf.problem for shelf in self._shelves if shelf.problem}

    @property
    def counts(self) -> Mapping[MirrorName, CatalogSummary]:
        """What is in the catalog of each mirror."""
        return {shelf.mirror: shelf.summary for shelf in self._shelves if shelf.summary}

    @property
    def shelves(self) -> Sequence[Shelf]:
        """The catalogs of the mirrors that can be read, in order of configuration."""
        return [shelf for shelf in self._shelves if shelf.summary]

    @cached_property
    def builds(self) -> Sequence[BuildCounts]:
        """All builds, counted; one that several mirrors have is counted once."""
        return count_builds(self.shelves)

    def groups(self, mirror: MirrorName | None = None) -> list[BuildGroup]:
        """The builds of one mirror, or of all, counted by what decides where they run."""
        if mirror is None:
            return group_builds(self.builds)
        shelves = [shelf for shelf in self.shelves if shelf.mirror == mirror]
        return group_builds(count_builds(shelves))

    def package_names(self) -> list[str]:
        """Names of all packages of which a mirror has a binary, sorted."""
        return sorted({name for shelf in self._shelves for name in shelf.build_names})

    def providers(self) -> Mapping[str, frozenset[str]]:
        """Packages that provide a virtual package somewhere in the indices, by its name."""
        found: dict[str, set[str]] = {}
        for shelf in self._shelves:
            for virtual, packages in shelf.providers.items():
                found.setdefault(virtual, set()).update(packages)
        return {virtual: frozenset(packages) for virtual, packages in found.items()}

    def rows(self, name: str | None = None, *, only_builds: bool = True) -> list[CatalogRow]:
        """Specs by name, newest version first.

        Args:
            name: package name, or `None` for all packages.
            only_builds: False to get externals and specs without a binary too.
        """
        found = (
            (
                shelf,
                shelf.specs_where(
                    None if name is None else shelf.releases_named(name),
                    None,
                    only_builds=only_builds,
                ),
            )
            for shelf in self._shelves
        )
        rows = self._merged(found)
        newest_first = sorted(
            {row.version for row in rows},
            key=lambda version: (version_key(version), version),
            reverse=True,
        )
        age = {version: number for number, version in enumerate(newest_first)}
        rows.sort(key=lambda row: (row.name, age[row.version], row.os, row.target, row.hash))
        return rows

    def row(self, hash_: DagHash) -> CatalogRow | None:
        """The spec with this hash, whether it has a binary or not; `None` if there is none."""
        rows = self.rows_of([hash_])
        return rows[0] if rows else None

    def rows_of(self, hashes: Sequence[DagHash]) -> list[CatalogRow]:
        """The specs with these hashes, with a binary or not, as far as there are any."""
        if not hashes:
            # The columns of the specs would be read for nothing.
            return []
        return self._merged((shelf, shelf.specs_of(hashes)) for shelf in self._shelves)

    def find_hash(self, prefix: str, *, only_builds: bool = True) -> list[DagHash]:
        """Hashes that begin with `prefix` and of which a mirror has a binary, sorted.

        Args:
            prefix: the beginning.
            only_builds: False to get externals and specs without a binary too.
        """
        hashes = (
            shelf.columns.hashes_of(shelf.specs_beginning(prefix, only_builds=only_builds))
            for shelf in self._shelves
        )
        return sorted({hash_ for found in hashes for hash_ in found})

    def sources(self, hash_: DagHash) -> tuple[MirrorName, ...]:
        """Mirrors that have a binary of this spec, in order of configuration."""
        return tuple(shelf.mirror for shelf in self._shelves if shelf.has_build(hash_))

    def dependents(self, hash_: DagHash) -> list[DagHash]:
        """Hashes of all specs that depend directly on this one, sorted."""
        return sorted({found for shelf in self._shelves for found in shelf.dependents(hash_)})

    def graph(self, roots: Iterable[DagHash]) -> SpecGraph:
        """Everything that the roots need, over all types of dependency.

        Nodes that no index describes are not in it (`SpecGraph.missing`).
        """
        roots = tuple(dict.fromkeys(roots))
        nodes: dict[DagHash, ConcreteSpec] = {}
        wanted: Sequence[DagHash] = roots
        while wanted:
            found = self._read(wanted)
            nodes.update((hash_, found[hash_]) for hash_ in wanted if hash_ in found)
            edges = (edge for spec in found.values() for edge in spec.dependencies)
            wanted = tuple(dict.fromkeys(edge.hash for edge in edges if edge.hash not in nodes))
        return SpecGraph(roots, nodes)

    def whole_graph(self) -> SpecGraph:
        """A graph of all there is, without roots, for queries.

        Nodes are read when they are looked at. They lack `ConcreteSpec.node`.
        """
        return self._whole

    def close(self) -> None:
        """Close the files."""
        for shelf in self._shelves:
            shelf.close()

    def _read(self, hashes: Sequence[DagHash]) -> dict[DagHash, ConcreteSpec]:
        """Those of the specs that are in an index, each from the first mirror that lists it."""
        found: dict[DagHash, ConcreteSpec] = {}
        for shelf in self._shelves:
            found.update(shelf.read([hash_ for hash_ in hashes if hash_ not in found]))
        return found

    def _all_hashes(self) -> set[DagHash]:
        return {hash_ for shelf in self._shelves for hash_ in shelf.all_hashes()}

    @staticmethod
    def _merged(found: Iterable[tuple[Shelf, Sequence[int]]]) -> list[CatalogRow]:
        first: dict[DagHash, tuple[Shelf, int]] = {}
        mirrors: dict[DagHash, tuple[MirrorName, ...]] = {}
        for shelf, specs in found:
            columns, own = shelf.columns, (shelf.mirror,)
            shelf.parameters({columns.parameters[spec] for spec in specs})
            for spec in specs:
                hash_ = columns.hash_of(spec)
                first.setdefault(hash_, (shelf, spec))
                if columns.states[spec] & BUILD:
                    mirrors[hash_] = mirrors.get(hash_, ()) + own
        rows: list[CatalogRow] = []
        for hash_, (shelf, spec) in first.items():
            try:
                rows.append(_row(hash_, spec, shelf, mirrors.get(hash_, ())))
            except KeyError:
                shelf.give_up()
        return rows


class _LazyNodes(Mapping[DagHash, ConcreteSpec]):
    """All specs of a catalog by hash, read when needed and then kept."""

    def __init__(
        self,
        read: Callable[[Sequence[DagHash]], Mapping[DagHash, ConcreteSpec]],
        all_hashes: Callable[[], set[DagHash]],
    ):
        self._read = read
        self._all_hashes = all_hashes
        self._known: dict[DagHash, ConcreteSpec] = {}

    def __getitem__(self, hash_: DagHash) -> ConcreteSpec:
        known = self._known.get(hash_)
        if known is None:
            # Most of a spec is the node as it was read, and there may be 200,000 of them.
            known = self._known[hash_] = replace(self._read([hash_])[hash_], node=_NO_NODE)
        return known

    def __iter__(self) -> Iterator[DagHash]:
        return iter(self._all_hashes())

    def __len__(self) -> int:
        return len(self._all_hashes())


def _row(hash_: DagHash, spec: int, shelf: Shelf, mirrors: tuple[MirrorName, ...]) -> CatalogRow:
    columns = shelf.columns
    release = shelf.releases[columns.releases[spec]]
    machine = shelf.machines[columns.machines[spec]]
    return CatalogRow(
        hash=hash_,
        name=release.name,
        version=release.version,
        platform=machine.platform,
        os=machine.os,
        target=machine.target,
        namespace=release.namespace,
        compiler=machine.compiler,
        libc=machine.libc,
        variants=shelf.known_parameters[columns.parameters[spec]].shown,
        mirrors=mirrors,
        external=bool(columns.states[spec] & EXTERNAL),
    )
