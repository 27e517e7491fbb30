"""Where the edges of specs lead, as far as that matters to those who look for certain edges."""

import threading
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from core.model.columns import Edges, Sought, Way, kinds_of

KEPT = 30_000
"""Specs of which ways are kept, some 300 bytes each."""


class _Shape(NamedTuple):
    """A `Way` by places among the edges: the same for all specs with edges of the same kinds.

    There are few of these, as most builds of a package need the same packages.
    """

    provides: bool
    named: tuple[int, ...]
    provides_linked: bool
    named_linked: tuple[int, ...]
    onward: tuple[int, ...]


class Ways:
    """The ways from specs to edges that are looked for. Any thread may use it.

    They are kept: whoever types a query asks for the same edges with every key.
    """

    def __init__(
        self,
        sought: Sought,
        *,
        linked: AbstractSet[int],
        onward: AbstractSet[int],
        children: Callable[[Sequence[int]], Mapping[int, Edges]],
    ) -> None:
        """Look for edges.

        Args:
            sought: their kinds.
            linked: the kinds of link and run edges.
            onward: those of them behind which there may be such an edge.
            children: reads the edges of specs.
        """
        self._sought = sought
        self._linked = linked
        self._onward = onward
        self._children = children
        self._shapes: dict[bytes, _Shape] = {}
        self._known: dict[int, Way] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Of how many specs they are kept."""
        return len(self._known)

    def of(self, numbers: Sequence[int]) -> Mapping[int, Way]:
        """The ways from these specs, and perhaps from others."""
        with self._lock:
            known = self._known
            missing = [number for number in numbers if number not in known]
            if missing and len(known) + len(missing) > KEPT:
                known = self._known = {}
                missing = numbers
            for number, (ends, kinds) in self._children(missing).items():
                shape = self._shapes.get(kinds)
                if shape is None:
                    shape = self._shapes[kinds] = self._shape(kinds_of(kinds))
                known[number] = _way(shape, ends)
            return known

    def _shape(self, kinds: Sequence[int]) -> _Shape:
        named, providing = self._sought
        return _Shape(
            provides=not providing.isdisjoint(kinds),
            named=_places(kinds, named),
            provides_linked=not (providing & self._linked).isdisjoint(kinds),
            named_linked=_places(kinds, named & self._linked),
            onward=_places(kinds, self._onward),
        )


def _way(shape: _Shape, ends: Sequence[int]) -> Way:
    provides, named, provides_linked, named_linked, onward = shape
    if not (named or onward):
        return Way(provides, (), provides_linked, (), ())
    found = tuple([ends[place] for place in named])
    linked = found
    if named_linked != named:
        linked = tuple([ends[place] for place in named_linked])
    return Way(provides, found, provides_linked, linked, tuple([ends[place] for place in onward]))


def _places(kinds: Sequence[int], wanted: AbstractSet[int]) -> tuple[int, ...]:
    return tuple(place for place, kind in enumerate(kinds) if kind in wanted)
