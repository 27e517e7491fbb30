"""What a query matches in a table of specs, found by numbers and without reading the specs.

A pattern asks for a release, a machine, parameters and edges, and a table has each of these once
and not once a spec. The rules are those of `core.query.pattern`; where numbers do not suffice for
them, the answer has more specs than match, and says so.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from core.model.columns import BUILD
from core.model.value import Value
from core.model.version import ANY_VERSION
from core.query.pattern import EdgePattern, NodePattern, old_compiler_fits
from core.query.query import Query
from core.query.table import SpecTable


class Selection(Value, frozen=True):
    """What a query finds in a table."""

    specs: Sequence[int]
    """Numbers of all specs that match, and perhaps of others; each once."""
    is_exact: bool
    """False if each of them is still to be matched."""


def select(query: Query, table: SpecTable, *, only_builds: bool = True) -> Selection:
    """The specs of a table that satisfy a query.

    Args:
        query: what is asked for.
        table: where to look.
        only_builds: False to find specs without a binary, too.
    """
    found: dict[int, None] = {}
    is_exact = True
    for pattern in query.alternatives:
        selector = _Selector(table, pattern, only_builds)
        found.update(dict.fromkeys(selector.matching()))
        is_exact = is_exact and selector.is_exact
    return Selection(list(found), is_exact)


class _Own:
    """What a pattern asks of a spec itself, in numbers."""

    def __init__(self, table: SpecTable, pattern: NodePattern) -> None:
        self._table = table
        self._pattern = pattern
        self.releases = _releases(table, pattern)
        """Numbers of the releases; `None` for any."""
        self.machines = _machines(table, pattern)
        """Numbers of the machines; `None` for any."""

    def specs(self, *, only_builds: bool) -> Sequence[int]:
        """The specs that are so."""
        if prefix := self._pattern.hash_prefix:
            found = self._table.specs_beginning(prefix, only_builds=only_builds)
            return self.among(found, only_builds=only_builds)
        found = self._table.specs_where(self.releases, self.machines, only_builds=only_builds)
        return self._with_parameters(found)

    def among(self, specs: Iterable[int], *, only_builds: bool) -> Sequence[int]:
        """Those of the specs that are so; all of them have a record."""
        columns = self._table.columns
        if only_builds:
            states = columns.states
            specs = [spec for spec in specs if states[spec] & BUILD]
        if (releases := self.releases) is not None:
            of_spec = columns.releases
            specs = [spec for spec in specs if of_spec[spec] in releases]
        if (machines := self.machines) is not None:
            of_spec = columns.machines
            specs = [spec for spec in specs if of_spec[spec] in machines]
        if prefix := self._pattern.hash_prefix:
            specs = [spec for spec in specs if columns.hash_of(spec).startswith(prefix)]
        return self._with_parameters(list(specs))

    def _with_parameters(self, specs: Sequence[int]) -> Sequence[int]:
        """Those of the specs that have the variants and flags."""
        pattern = self._pattern
        variants = [variant for variant in pattern.variants if not variant.everywhere]
        if not variants and not pattern.flags:
            return specs
        of_spec = self._table.columns.parameters
        used = {of_spec[spec] for spec in specs}
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
        return [spec for spec in specs if of_spec[spec] in fitting]


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
    # Many machines differ in their compiler alone.
    found = {machine[:3]: False for machine in table.machines.values()}
    for place in found:
        platform, os, target = place
        found[place] = asked.admits(name="", version="", platform=platform, os=os, target=target)
    return {number for number, machine in table.machines.items() if found[machine[:3]]}


class _Selector:
    """Finds what one pattern matches."""

    def __init__(self, table: SpecTable, pattern: NodePattern, only_builds: bool) -> None:
        self._table = table
        self._pattern = pattern
        self._only_builds = only_builds
        self.is_exact = not any(variant.everywhere for variant in pattern.variants)

    def matching(self) -> Sequence[int]:
        """The specs that match, and others if that is not exact."""
        pattern = self._pattern
        own = _Own(self._table, pattern)
        edges = [found for wanted in pattern.edges if (found := self._edge(wanted))]
        if edges and not pattern.name and not pattern.hash_prefix:
            first, *edges = edges
            found = self._table.described(first.sought_from_below())
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
        self._all_kinds = {kind.id for kind in kinds}
        self.is_particular = not wanted.direct and bool(
            providing or wanted.virtuals or wanted.deptypes
        )
        """True if it is not enough to reach a spec: the edge over which that happens counts."""
        self._children = set[int]()
        if self._all_kinds > self._providing and not self.needs_more:
            self._children = {*_Own(table, node).specs(only_builds=False)}
        self._old_compilers = {
            number
            for number, machine in table.machines.items()
            if machine.own_compiler and old_compiler_fits(machine.compiler, wanted)
        }
        self._edges: dict[int, Sequence[int]] = {}

    def among(self, specs: Sequence[int]) -> Sequence[int]:
        """Those of the specs that have it."""
        machines, old = self._table.columns.machines, self._old_compilers
        self._load(specs)
        kinds = self._all_kinds
        found = {spec for spec in specs if machines[spec] in old or self._has(spec, kinds)}
        if not self._wanted.direct:
            reaching = self._reaching([spec for spec in specs if spec not in found])
            if self.is_particular:
                reaching = {spec for spec in reaching if self._reaches_first(spec)}
            found |= reaching
        return [spec for spec in specs if spec in found]

    def sought_from_below(self) -> AbstractSet[int]:
        """Numbers of all specs of the table that have it, and others if it is particular."""
        table, linked = self._table, self._table.linked
        found, upwards = set[int](), set[int]()
        releases = [number for name in self._providers for number in table.releases_named(name)]
        providers = table.specs_where(releases, None, only_builds=False) if releases else ()
        for child, edges in table.parents([*self._children, *providers]).items():
            pairs, fitting = iter(edges), self._fitting(child)
            linking = fitting & linked
            for parent, kind in zip(pairs, pairs, strict=True):
                if kind in fitting:
                    found.add(parent)
                    if kind in linking:
                        upwards.add(parent)
        if not self._wanted.direct:
            found |= self._ancestors(upwards)
        if self._old_compilers:
            found.update(table.specs_where(None, self._old_compilers, only_builds=False))
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

    def _fitting(self, child: int) -> AbstractSet[int]:
        """The kinds of edges that fit if they lead to this spec."""
        return self._all_kinds if child in self._children else self._providing

    def _has(self, number: int, kinds: AbstractSet[int]) -> bool:
        """True if one of the edges of a spec fits, and is of one of these kinds."""
        edges = self._edges[number]
        pairs, children, providing = iter(edges), self._children, self._providing
        if kinds.isdisjoint(edges[1::2]) or (not providing and children.isdisjoint(edges[::2])):
            return False
        return any(
            kind in kinds and (child in children or kind in providing)
            for child, kind in zip(pairs, pairs, strict=True)
        )

    def _reaching(self, starts: Sequence[int]) -> set[int]:
        """Those of the specs from which a way over link and run edges ends with one that fits."""
        linked = self._table.linked
        fitting, onward = self._all_kinds & linked, self._onward()
        found, seen, layer = set[int](), set(starts), starts
        above: dict[int, list[int]] = {}
        while layer:
            self._load(layer)
            below = set[int]()
            for number in layer:
                edges = self._edges[number]
                if self._has(number, fitting):
                    found.add(number)
                elif not onward.isdisjoint(edges[1::2]):
                    pairs = iter(edges)
                    for child, kind in zip(pairs, pairs, strict=True):
                        if kind in onward:
                            above.setdefault(child, []).append(number)
                            below.add(child)
            layer = list(below - seen)
            seen |= below
        layer = found
        while layer:
            layer = {parent for number in layer for parent in above.get(number, ())} - found
            found |= layer
        return found.intersection(starts)

    def _onward(self) -> set[int]:
        """The link and run edges behind which there may be one that fits."""
        linked, names = self._table.linked, self._table.names_above(self._all_kinds)
        kinds = self._table.edge_kinds_named("")
        return {kind.id for kind in kinds if kind.name in names and kind.id in linked}

    def _reaches_first(self, start: int) -> bool:
        """The same as Spack does it: nearest first, and only by the first edge to each spec."""
        queue = deque(self._linked_edges(start))
        seen = {child for child, _ in queue}
        while queue:
            child, kind = queue.popleft()
            if kind in self._fitting(child):
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
