"""What a query needs of a table of specs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from core.model.columns import Columns, EdgeColumns, Machine, Parameters, Release


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

    def names_above(self, kinds: AbstractSet[int]) -> AbstractSet[str]:
        """At least the packages that lead over link and run edges to one of these kinds."""
        ...

    @property
    def columns(self) -> Columns:
        """All specs, by number."""
        ...

    def specs_where(
        self,
        releases: Collection[int] | None,
        machines: Collection[int] | None,
        *,
        only_builds: bool,
    ) -> Sequence[int]:
        """Numbers of the specs of these releases and machines; `None` for any."""
        ...

    def described(self, numbers: Iterable[int]) -> Sequence[int]:
        """Those of the numbers that are of specs with a record."""
        ...

    def specs_beginning(self, prefix: str, *, only_builds: bool) -> Sequence[int]:
        """Numbers of the specs whose hashes begin so."""
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
