"""The builds of one package as a wide table: in what they differ, and what is the same for all."""

from dataclasses import dataclass, field

from core.model.tables import VariantTable
from core.model.views import BuildView
from tui.state.columns import GAP, WIDEST, Column
from tui.text import DULL, width_of, wrapped

SAME_LINES = 3
"""Lines for what is the same for all builds."""

NOTHING = "-"
"""Stands where a build has no such thing."""


@dataclass(slots=True)
class VariantsState:
    """A table, and from which column on it is in view."""

    table: VariantTable
    """The builds and their columns."""
    first: int = 0
    """Index of the first column in view."""
    columns: tuple[Column, ...] = field(init=False)
    """The columns; the hash, which stands at the left of all, is not among them."""
    _places: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.columns = tuple(
            Column(one.title, min(_width(one.title, one.values), WIDEST), one.values)
            for one in self.table.columns
            if one.title not in (*DULL, "hash")
        )
        self._places = {build.hash: at for at, build in enumerate(self.table.builds)}

    def place(self, build: BuildView) -> int:
        """Which of the builds it is."""
        return self._places[build.hash]

    def turn(self, by: int, room: int) -> None:
        """Bring columns further right into view, or further left if negative."""
        self.first = max(0, min(self.first + by, self._last_first(room)))

    def in_view(self, room: int) -> range:
        """The columns that fit into `room` cells, at least one."""
        self.first = min(self.first, self._last_first(room))
        end = self.first
        while end < len(self.columns) and (end == self.first or self._fit(self.first, end, room)):
            end += 1
        return range(self.first, end)

    def _last_first(self, room: int) -> int:
        """The first column from which on all to the right are in view."""
        last = len(self.columns) - 1
        first = max(last, 0)
        while first > 0 and self._fit(first - 1, last, room):
            first -= 1
        return first

    def _fit(self, first: int, last: int, room: int) -> bool:
        return sum(one.width + GAP for one in self.columns[first : last + 1]) <= room

    def same_lines(self, width: int) -> list[str]:
        """What is the same for all builds, said once."""
        same = [
            f"{name} {value}"
            for name, value in self.table.same
            if name not in DULL and value != NOTHING
        ]
        lines = wrapped(f"The same for all: {', '.join(same) or 'nothing'}", width)
        if len(lines) > SAME_LINES:
            lines = [*lines[: SAME_LINES - 1], f"{lines[SAME_LINES - 1][: width - 4]} ..."]
        return lines


def _width(title: str, values: tuple[str, ...]) -> int:
    return max(map(width_of, (title, *values)))
