"""What a query matches in a table of specs, found by numbers and without reading the specs.

A pattern asks for a release, a machine, parameters and edges, and a table has each of these once
and not once a spec. The rules are those of `core.query.pattern`; where numbers do not suffice for
them, the answer has more specs than match, and says so.
"""

from collections.abc import Sequence

from core.model.value import Value
from core.query.edges import EdgeFinder
from core.query.itself import Own
from core.query.pattern import EdgePattern, NodePattern
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
        own = Own(self._table, pattern)
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

    def _edge(self, wanted: EdgePattern) -> "EdgeFinder | None":
        """A finder for an edge; `None` if more than numbers is needed."""
        finder = EdgeFinder(self._table, wanted)
        if finder.needs_more:
            self.is_exact = False
            return None
        if wanted.node.edges:
            # The first edge that fits decides about what hangs below it.
            self.is_exact = False
        return finder
