"""The edges of specs, read from a catalog by blocks of specs and kept for some time."""

import sys
import threading
from array import array
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from core.catalog.schema import BLOCK
from core.model.columns import EdgeColumns

_KEPT = 4 << 20
"""Edges that are kept in memory, 8 bytes each."""
_Block = tuple["array[int]", "array[int]"]
_NO_EDGES = array("I")


class EdgeBlocks:
    """The edges in one table. Any thread may use it."""

    def __init__(
        self, table: str, rows_of: Callable[[str, Sequence[object]], list[tuple[Any, ...]]]
    ) -> None:
        """Read from `table` with a function that takes a statement up to IN, and the values."""
        self._sql = f"SELECT id, ends, edges FROM {table} WHERE id IN"  # noqa: S608
        self._rows_of = rows_of
        self._blocks: dict[int, _Block] = {}
        self._lock = threading.Lock()

    def of(self, numbers: Sequence[int]) -> "dict[int, array[int]]":
        """Of each spec the pairs of (number of the other spec, kind of edge)."""
        blocks = self._read({number // BLOCK for number in numbers})
        found: dict[int, array[int]] = {}
        for number in numbers:
            ends, edges = blocks[number // BLOCK]
            place = number % BLOCK
            if place < len(ends):
                start = ends[place - 1] if place else 0
                found[number] = edges[2 * start : 2 * ends[place]]
            else:
                # What is not there, or was damaged, has none.
                found[number] = _NO_EDGES
        return found

    def _read(self, wanted: set[int]) -> dict[int, _Block]:
        """At least the blocks that are wanted."""
        with self._lock:
            known = self._blocks
            missing = sorted(wanted - known.keys())
            if missing and sum(len(edges) for _, edges in known.values()) > 2 * _KEPT:
                known = self._blocks = {}
                missing = sorted(wanted)
            known.update(dict.fromkeys(missing, (_NO_EDGES, _NO_EDGES)))
            for number, ends, edges in self._rows_of(self._sql, missing):
                known[number] = (array("I", ends), _pairs(edges))
            return known


def _pairs(edges: bytes) -> "array[int]":
    pairs = array("I", edges)
    if sys.byteorder == "big":
        pairs[::2], pairs[1::2] = pairs[1::2], pairs[::2]
    return pairs


class Needs:
    """Which packages need which, over link and run edges."""

    def __init__(
        self,
        kinds_of: Iterable[tuple[str, bytes]],
        edge_kinds: Sequence[EdgeColumns],
        linked: AbstractSet[int],
    ) -> None:
        """From the numbers of the kinds of edges of each package; `linked` are those that count."""
        self._by_kind: dict[int, list[str]] = {}
        for name, kinds in kinds_of:
            for kind in linked & set(array("I", kinds)):
                self._by_kind.setdefault(kind, []).append(name)
        self._by_name: dict[str, set[str]] = {}
        for kind, names in self._by_kind.items():
            self._by_name.setdefault(edge_kinds[kind].name, set()).update(names)

    def above(self, kinds: AbstractSet[int]) -> AbstractSet[str]:
        """Packages from which a way may end with an edge of one of these kinds."""
        found = {name for kind in kinds for name in self._by_kind.get(kind, ())}
        layer = found
        while layer:
            layer = {name for need in layer for name in self._by_name.get(need, ())} - found
            found |= layer
        return found
