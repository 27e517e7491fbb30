"""What a query needs of a table of specs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from core.model.columns import (
    Columns,
    EdgeColumns,
    Edges,
    Machine,
    Parameters,
    Release,
    Sought,
    Way,
)


class Ways(Protocol):
    """The ways from specs to edges that are looked for; see `core.catalog.ways`."""

    def of(self, numbers: Sequence[int]) -> Mapping[int, Way]:
        """The ways from these specs, and perhaps from others."""
        ...


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

    def ways(self, sought: Sought) -> Ways:
        """Where edges of these kinds are."""
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

    def children(self, numbers: Sequence[int]) -> Mapping[int, Edges]:
        """Edges of specs, at least of these."""
        ...

    def parents(self, numbers: Sequence[int]) -> Mapping[int, Edges]:
        """Edges to specs, at least to these."""
        ...
