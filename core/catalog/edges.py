"""The edges of specs, read from a catalog by blocks of specs and kept for some time."""

import sys
import threading
from array import array
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from core.catalog.schema import BLOCK
from core.model.columns import EdgeColumns, Edges

_KEPT = 4 << 20
"""Edges that are kept in memory, 8 bytes each."""
_Block = tuple["array[int]", "array[int]", bytes]
"""Where the edges of each spec begin, and where the last ones end; all ends, and all kinds."""
_NO_EDGES: _Block = (array("I"), array("I"), b"")
_SIZE = array("I").itemsize
_FIRST = bytes(_SIZE)
_OTHERS, _KINDS = slice(sys.byteorder == "big", None, 2), slice(sys.byteorder == "little", None, 2)


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

    def of(self, numbers: Sequence[int]) -> dict[int, Edges]:
        """Of each spec its edges."""
        blocks = self._read({number // BLOCK for number in numbers})
        found: dict[int, Edges] = {}
        for number in numbers:
            limits, others, kinds = blocks[number // BLOCK]
            place = number % BLOCK
            # What is not there, or was damaged, has none.
            start, end = limits[place : place + 2] if place + 1 < len(limits) else (0, 0)
            found[number] = others[start:end], kinds[_SIZE * start : _SIZE * end]
        return found

    def _read(self, wanted: set[int]) -> dict[int, _Block]:
        """At least the blocks that are wanted."""
        with self._lock:
            known = self._blocks
            missing = sorted(wanted - known.keys())
            if missing and sum(len(others) for _, others, _ in known.values()) > _KEPT:
                known = self._blocks = {}
                missing = sorted(wanted)
            known.update(dict.fromkeys(missing, _NO_EDGES))
            for number, ends, edges in self._rows_of(self._sql, missing):
                pairs = array("I", edges)
                others, kinds = pairs[_OTHERS], pairs[_KINDS]
                known[number] = (array("I", _FIRST + ends), others, kinds.tobytes())
            return known


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
        self._names = {kind: edge_kinds[kind].name for kind in linked}
        self._by_name: dict[str, set[str]] = {}
        for kind, names in self._by_kind.items():
            self._by_name.setdefault(self._names[kind], set()).update(names)

    def onward(self, kinds: AbstractSet[int]) -> AbstractSet[int]:
        """The kinds of edges behind which there may be edges of these kinds."""
        above = self._above(kinds)
        return {kind for kind, name in self._names.items() if name in above}

    def _above(self, kinds: AbstractSet[int]) -> AbstractSet[str]:
        """Packages from which a way may end with an edge of one of these kinds."""
        found = {name for kind in kinds for name in self._by_kind.get(kind, ())}
        layer = found
        while layer:
            layer = {name for need in layer for name in self._by_name.get(need, ())} - found
            found |= layer
        return found
