"""The specs that have an edge that is asked for, found by numbers."""

from collections import deque
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import compress

from core.model.columns import Edges, Sought, kinds_of
from core.query.itself import Own
from core.query.pattern import EdgePattern, old_compiler_fits
from core.query.table import SpecTable


class EdgeFinder:
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
        self._providing = frozenset(kind.id for kind in providing)
        self._providers = {kind.name for kind in providing}
        self._all_kinds = frozenset(kind.id for kind in kinds)
        self.is_particular = not wanted.direct and bool(
            providing or wanted.virtuals or wanted.deptypes
        )
        """True if it is not enough to reach a spec: the edge over which that happens counts."""
        self._children = set[int]()
        if self._all_kinds > self._providing and not self.needs_more:
            self._children = {*Own(table, node).specs(only_builds=False)}
        self._old_compilers = {
            number
            for number, machine in table.machines.items()
            if machine.own_compiler and old_compiler_fits(machine.compiler, wanted)
        }
        named = self._all_kinds - self._providing if self._children else frozenset[int]()
        self._ways = table.ways(Sought(named, self._providing))
        self._linked_edges: dict[int, list[tuple[int, int]]] = {}

    def among(self, specs: Sequence[int]) -> Sequence[int]:
        """Those of the specs that have it."""
        machines, old, children = self._table.columns.machines, self._old_compilers, self._children
        ways = self._ways.of(specs)
        found = {
            spec
            for spec in specs
            if (way := ways[spec]).provides or not children.isdisjoint(way.named)
        }
        if old:
            found.update(spec for spec in specs if machines[spec] in old)
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
            fitting = self._fitting(child)
            found.update(_ends(edges, fitting))
            if not self._wanted.direct:
                upwards.update(_ends(edges, fitting & linked))
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
                above.update(_ends(edges, linked))
            layer = list(above - found)
            found |= above
        return found

    def _fitting(self, child: int) -> AbstractSet[int]:
        """The kinds of edges that fit if they lead to this spec."""
        return self._all_kinds if child in self._children else self._providing

    def _reaching(self, starts: Sequence[int]) -> set[int]:
        """Those of the specs from which a way over link and run edges ends with one that fits."""
        children = self._children
        found, layer = set[int](), starts
        above: dict[int, list[int]] = {start: [] for start in starts}
        while layer:
            ways, below = self._ways.of(layer), list[int]()
            for number in layer:
                _, _, provides, named, onward = ways[number]
                if provides or not children.isdisjoint(named):
                    found.add(number)
                    continue
                for child in onward:
                    if child in above:
                        above[child].append(number)
                    else:
                        above[child] = [number]
                        below.append(child)
            layer = below
        layer = found
        while layer:
            layer = {parent for number in layer for parent in above[number]} - found
            found |= layer
        return found.intersection(starts)

    def _reaches_first(self, start: int) -> bool:
        """The same as Spack does it: nearest first, and only by the first edge to each spec."""
        queue = deque(self._linked(start))
        seen = {child for child, _ in queue}
        while queue:
            child, kind = queue.popleft()
            if kind in self._fitting(child):
                return True
            for edge in self._linked(child):
                if edge[0] not in seen:
                    seen.add(edge[0])
                    queue.append(edge)
        return False

    def _linked(self, number: int) -> list[tuple[int, int]]:
        """The link and run edges of a spec: child and kind of each."""
        found = self._linked_edges.get(number)
        if found is None:
            ends, kinds = self._table.children((number,))[number]
            linked, pairs = self._table.linked, zip(ends, kinds_of(kinds), strict=True)
            found = self._linked_edges[number] = [pair for pair in pairs if pair[1] in linked]
        return found


def _ends(edges: Edges, kinds: AbstractSet[int]) -> Iterable[int]:
    """The other ends of those of the edges that are of these kinds."""
    ends, found = edges[0], kinds_of(edges[1])
    return ends if kinds >= {*found} else compress(ends, map(kinds.__contains__, found))
