"""What a query matches in a table of specs, found by numbers and without reading the specs.

A pattern asks for a release, a machine, parameters and edges, and a table has each of these once
and not once a spec. The rules are those of `core.query.pattern`; where numbers do not suffice for
them, the answer has more specs than match, and says so.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from msgspec.structs import replace

from core.model.columns import EdgeColumns, Machine, Parameters, Release, SpecColumns
from core.model.value import Value
from core.model.version import ANY_VERSION
from core.query.pattern import EdgePattern, NodePattern, old_compiler_fits
from core.query.query import Query


class SpecTable(Protocol):
    """A table of specs; see `core.catalog.shelf`."""

    @property
    def releases(self) -> Mapping[int, Release]:
        """By number."""
        ...

    @property
    def machines(self) -> Mapping[int, Machine]:
        """By number."""
        ...

    @property
    def is_closed(self) -> bool:
        """True if every spec that another one needs is in the table."""
        ...

    def releases_named(self, name: str) -> Sequence[int]:
        """The releases of one package."""
        ...

    def edge_kinds_named(self, name: str) -> Iterable[EdgeColumns]:
        """The kinds of edges to a package, or to what provides it; all for an empty name."""
        ...

    @property
    def linked(self) -> AbstractSet[int]:
        """Numbers of the kinds of link and run edges."""
        ...

    def specs_where(
        self,
        releases: Collection[int] | None,
        machines: Collection[int] | None,
        *,
        only_builds: bool,
    ) -> Sequence[SpecColumns]:
        """The specs of these releases and machines; `None` for any."""
        ...

    def specs_numbered(self, numbers: Sequence[int]) -> Sequence[SpecColumns]:
        """The specs with these numbers, as far as they are described."""
        ...

    def specs_beginning(self, prefix: str, *, only_builds: bool) -> Sequence[SpecColumns]:
        """The specs whose hashes begin so."""
        ...

    def parameters(self, numbers: Iterable[int]) -> Mapping[int, Parameters]:
        """At least these parameters."""
        ...

    def children(self, numbers: Sequence[int]) -> Mapping[int, Sequence[int]]:
        """Edges of specs, at least of these: pairs of (number of the child, kind of edge)."""
        ...

    def parents(self, numbers: Sequence[int]) -> Mapping[int, Sequence[int]]:
        """Edges to specs: pairs of (number of the parent, kind of edge)."""
        ...


class Selection(Value, frozen=True):
    """What a query finds in a table."""

    specs: Sequence[SpecColumns]
    """All specs that match, and perhaps others; each once."""
    is_exact: bool
    """False if each of them is still to be matched."""


def select(query: Query, table: SpecTable, *, only_builds: bool = True) -> Selection:
    """The specs of a table that satisfy a query.

    Args:
        query: what is asked for.
        table: where to look.
        only_builds: False to find specs without a binary, too.
    """
    found: dict[int, SpecColumns] = {}
    is_exact = True
    for pattern in query.alternatives:
        selector = _Selector(table, pattern, only_builds)
        found.update((spec.id, spec) for spec in selector.matching())
        is_exact = is_exact and selector.is_exact
    return Selection(list(found.values()), is_exact)


class _Own:
    """What a pattern asks of a spec itself, in numbers."""

    def __init__(self, table: SpecTable, pattern: NodePattern) -> None:
        self._table = table
        self._pattern = pattern
        self.releases = _releases(table, pattern)
        """Numbers of the releases; `None` for any."""
        self.machines = _machines(table, pattern)
        """Numbers of the machines; `None` for any."""

    def specs(self, *, only_builds: bool) -> Sequence[SpecColumns]:
        """The specs that are so."""
        if prefix := self._pattern.hash_prefix:
            found = self._table.specs_beginning(prefix, only_builds=only_builds)
            return self.among(found, only_builds=only_builds)
        found = self._table.specs_where(self.releases, self.machines, only_builds=only_builds)
        return self._with_parameters(found)

    def among(self, specs: Iterable[SpecColumns], *, only_builds: bool) -> Sequence[SpecColumns]:
        """Those of the specs that are so."""
        releases, machines = self.releases, self.machines
        return self._with_parameters(
            [
                spec
                for spec in specs
                if (releases is None or spec.release in releases)
                and (machines is None or spec.machine in machines)
                and (spec.is_build or not only_builds)
                and spec.hash.startswith(self._pattern.hash_prefix)
            ]
        )

    def _with_parameters(self, specs: Sequence[SpecColumns]) -> Sequence[SpecColumns]:
        """Those of the specs that have the variants and flags."""
        pattern = self._pattern
        variants = [variant for variant in pattern.variants if not variant.everywhere]
        if not variants and not pattern.flags:
            return specs
        used = {spec.parameters for spec in specs}
        known = self._table.parameters(used)
        fitting = {
            number
            for number in used
            if all(
                variant.name in known[number].variants
                and variant.fits(known[number].variants[variant.name])
                for variant in variants
            )
            and all(
                wanted <= set(known[number].flags.get(name, ())) for name, wanted in pattern.flags
            )
        }
        return [spec for spec in specs if spec.parameters in fitting]


def _releases(table: SpecTable, pattern: NodePattern) -> set[int] | None:
    if not (pattern.name or pattern.namespace or not pattern.versions.is_any):
        return None
    asked = replace(pattern, platform="", os="", target="", hash_prefix="")
    numbers = table.releases_named(pattern.name) if pattern.name else table.releases
    return {
        number
        for number in numbers
        if asked.admits(
            name=(found := table.releases[number]).name,
            version=found.version,
            namespace=found.namespace,
        )
    }


def _machines(table: SpecTable, pattern: NodePattern) -> set[int] | None:
    if not (pattern.platform or pattern.os or pattern.target):
        return None
    asked = replace(pattern, name="", namespace="", versions=ANY_VERSION, hash_prefix="")
    return {
        number
        for number, machine in table.machines.items()
        if asked.admits(
            name="", version="", platform=machine.platform, os=machine.os, target=machine.target
        )
    }


class _Selector:
    """Finds what one pattern matches."""

    def __init__(self, table: SpecTable, pattern: NodePattern, only_builds: bool) -> None:
        self._table = table
        self._pattern = pattern
        self._only_builds = only_builds
        self.is_exact = not any(variant.everywhere for variant in pattern.variants)

    def matching(self) -> Sequence[SpecColumns]:
        """The specs that match, and others if that is not exact."""
        pattern = self._pattern
        own = _Own(self._table, pattern)
        edges = [found for wanted in pattern.edges if (found := self._edge(wanted))]
        if edges and not pattern.name and not pattern.hash_prefix:
            first, *edges = edges
            numbers = first.sought_from_below()
            found = self._table.specs_numbered(list(numbers))
            specs = own.among(found, only_builds=self._only_builds)
            if first.is_particular:
                specs = first.among(specs)
        else:
            specs = own.specs(only_builds=self._only_builds)
        for edge in edges:
            specs = edge.among(specs)
        return specs

    def _edge(self, wanted: EdgePattern) -> "_EdgeFinder | None":
        """A finder for an edge; `None` if more than numbers is needed."""
        finder = _EdgeFinder(self._table, wanted)
        if finder.needs_more:
            self.is_exact = False
            return None
        if wanted.node.edges:
            # The first edge that fits decides about what hangs below it.
            self.is_exact = False
        return finder


class _EdgeFinder:
    """Finds the specs that have an edge that is asked for, or that reach one over link and run."""

    def __init__(self, table: SpecTable, wanted: EdgePattern) -> None:
        self._table = table
        self._wanted = wanted
        node = wanted.node
        kinds = [
            kind
            for kind in table.edge_kinds_named(node.name)
            if wanted.virtuals <= kind.virtuals and wanted.deptypes <= kind.deptypes
        ]
        providing = [kind for kind in kinds if node.name not in ("", kind.name)]
        self.needs_more = (
            not table.is_closed
            or any(variant.everywhere for variant in node.variants)
            # Which version of a virtual package a package provides, only recipes know.
            or (bool(providing) and not node.versions.is_any)
        )
        """True if the answer is not in the numbers."""
        self._providing = {kind.id for kind in providing}
        self._providers = {kind.name for kind in providing}
        self._named = {kind.id for kind in kinds} - self._providing
        self.is_particular = not wanted.direct and bool(
            providing or wanted.virtuals or wanted.deptypes
        )
        """True if it is not enough to reach a spec: the edge over which that happens counts."""
        self._children = set[int]()
        if self._named and not self.needs_more:
            self._children = {spec.id for spec in _Own(table, node).specs(only_builds=False)}
        self._old_compilers = {
            number
            for number, machine in table.machines.items()
            if machine.own_compiler and old_compiler_fits(machine.compiler, wanted)
        }
        self._edges: dict[int, Sequence[int]] = {}
        self._without = set[int]()

    def among(self, specs: Sequence[SpecColumns]) -> Sequence[SpecColumns]:
        """Those of the specs that have it."""
        self._load([spec.id for spec in specs])
        return [
            spec
            for spec in specs
            if self._has(spec.id)
            or spec.machine in self._old_compilers
            or (not self._wanted.direct and self._reaches(spec.id))
        ]

    def sought_from_below(self) -> AbstractSet[int]:
        """Numbers of all specs of the table that have it, and others if it is particular."""
        table, linked = self._table, self._table.linked
        found, upwards = set[int](), set[int]()
        releases = [number for name in self._providers for number in table.releases_named(name)]
        providers = table.specs_where(releases, None, only_builds=False) if releases else ()
        children = {*self._children, *(spec.id for spec in providers)}
        for child, edges in table.parents([*children]).items():
            pairs = iter(edges)
            for parent, kind in zip(pairs, pairs, strict=True):
                if self._fits(child, kind):
                    found.add(parent)
                    if kind in linked:
                        upwards.add(parent)
        if not self._wanted.direct:
            found |= self._ancestors(upwards)
        if self._old_compilers:
            old = table.specs_where(None, self._old_compilers, only_builds=False)
            found.update(spec.id for spec in old)
        return found

    def _ancestors(self, numbers: AbstractSet[int]) -> set[int]:
        """These specs, and those that reach one of them over link and run edges."""
        linked = self._table.linked
        found, layer = set(numbers), list(numbers)
        while layer:
            above = set[int]()
            for edges in self._table.parents(layer).values():
                pairs = iter(edges)
                above.update(
                    parent for parent, kind in zip(pairs, pairs, strict=True) if kind in linked
                )
            layer = list(above - found)
            found |= above
        return found

    def _fits(self, child: int, kind: int) -> bool:
        return kind in self._providing or (kind in self._named and child in self._children)

    def _has(self, number: int) -> bool:
        pairs = iter(self._edges[number])
        return any(self._fits(child, kind) for child, kind in zip(pairs, pairs, strict=True))

    def _reaches(self, start: int) -> bool:
        """True if a way over link and run edges ends with one that fits."""
        linked = self._table.linked
        seen, layer = {start}, [start]
        while layer:
            self._load(layer)
            below = set[int]()
            for number in layer:
                pairs = iter(self._edges[number])
                for child, kind in zip(pairs, pairs, strict=True):
                    if kind in linked:
                        if self._fits(child, kind):
                            return not self.is_particular or self._reaches_first(start)
                        below.add(child)
            layer = list(below - seen - self._without)
            seen |= below
        # Nothing below any of these has it.
        self._without |= seen
        return False

    def _reaches_first(self, start: int) -> bool:
        """The same as Spack does it: nearest first, and only by the first edge to each spec."""
        queue = deque(self._linked_edges(start))
        seen = {child for child, _ in queue}
        while queue:
            child, kind = queue.popleft()
            if self._fits(child, kind):
                return True
            for edge in self._linked_edges(child):
                if edge[0] not in seen:
                    seen.add(edge[0])
                    queue.append(edge)
        return False

    def _linked_edges(self, number: int) -> list[tuple[int, int]]:
        self._load((number,))
        pairs, linked = iter(self._edges[number]), self._table.linked
        return [(child, kind) for child, kind in zip(pairs, pairs, strict=True) if kind in linked]

    def _load(self, numbers: Iterable[int]) -> None:
        missing = [number for number in numbers if number not in self._edges]
        if missing:
            found = self._table.children(missing)
            self._edges.update((number, found[number]) for number in missing)
