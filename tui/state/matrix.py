"""What the matrix of builds shows: numbers, widths, words."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.model.tables import Matrix, MatrixCell, MatrixRow
from tui.text import Line, Part, count, counted, width_of

OWN, RUNS, PARTLY = "*", "+", "/"
"""Marks behind the number of builds: the cell of this machine, all run here, some do."""
GAP = 2
"""Blank cells before a column, where the brackets of the cursor stand."""
WIDEST_SYSTEM = 26
"""Cells for the names of operating systems."""
_PLATFORMS = ("linux", "darwin", "windows", "freebsd", "cray")


@dataclass(slots=True)
class MatrixState:
    """A matrix, and which of its cells is looked at."""

    matrix: Matrix
    """The numbers."""
    column: int = 0
    """Index of the target under the cursor."""
    first: int = 0
    """Index of the first target in view."""
    widths: tuple[int, ...] = field(init=False)
    """Cells of each column, without the gap."""
    _cells: dict[tuple[str, str], MatrixCell] = field(init=False)

    def __post_init__(self) -> None:
        self._cells = {(cell.system, cell.target): cell for cell in self.matrix.cells}
        longest = {target: width_of(target) for target in self.matrix.targets}
        for cell in self.matrix.cells:
            # One more for the mark, so that numbers stand below numbers.
            longest[cell.target] = max(longest[cell.target], len(number_of(cell)) + 1)
        self.widths = tuple(longest[target] for target in self.matrix.targets)

    def cell(self, row: MatrixRow, column: int) -> MatrixCell | None:
        """A cell; `None` if there are no builds."""
        if column >= len(self.matrix.targets):
            return None
        return self._cells.get((row.system, self.matrix.targets[column]))

    def go_to_host(self) -> int:
        """Put the cursor on the cell of this machine, if there is one; gives its row."""
        for cell in self.matrix.cells:
            if cell.is_host:
                self.column = self.matrix.targets.index(cell.target)
                return [row.system for row in self.matrix.rows].index(cell.system)
        return 0

    def move(self, by: int) -> None:
        """Go to another target, if there is one."""
        self.column = max(0, min(self.column + by, len(self.widths) - 1))

    def in_view(self, room: int) -> range:
        """The columns that fit into `room` cells; the one under the cursor is among them."""
        self.first = min(self.first, self.column)
        while self.first < self.column and self._end(room) <= self.column:
            self.first += 1
        while self.first and self._needed(self.first - 1, len(self.widths)) <= room:
            self.first -= 1  # no empty space at the right, if there are targets at the left
        return range(self.first, self._end(room))

    def _end(self, room: int) -> int:
        end = self.first + 1
        while end < len(self.widths) and self._needed(self.first, end + 1) <= room:
            end += 1
        return min(end, len(self.widths))

    def _needed(self, first: int, end: int) -> int:
        return sum(width + GAP for width in self.widths[first:end]) + 1


def number_of(cell: MatrixCell) -> str:
    """The number of builds with its mark; a blank in place of none."""
    if cell.is_host:
        return count(cell.builds) + OWN
    mark = RUNS if cell.runs_here == cell.builds else PARTLY if cell.runs_here else " "
    return count(cell.builds) + mark


def role_of(cell: MatrixCell | None) -> str:
    """The style of a cell, which repeats its mark."""
    if cell is None:
        return "quiet"
    if cell.is_host:
        return "default"
    return "cached" if cell.runs_here else ""


def system_of(row: MatrixRow) -> str:
    """`debian12 glibc@2.36`; of several C libraries the first and how many more."""
    more = f" +{len(row.libcs) - 1}" if len(row.libcs) > 1 else ""
    return " ".join((row.system, *row.libcs[:1])) + more


def system_width(rows: Sequence[MatrixRow]) -> int:
    """Cells for the names of the systems."""
    return min(max((width_of(system_of(row)) for row in rows), default=0), WIDEST_SYSTEM)


def coverage(matrix: Matrix) -> str:
    """How much of it runs on this machine, as a sentence."""
    if not matrix.packages:
        return "There are no builds on offer."
    return (
        f"{count(matrix.packages_here)} of {counted(matrix.packages, 'package')} have a build for"
        f" this machine; {count(matrix.runs_here)} of {counted(matrix.builds, 'build')} run here."
    )


def cell_words(row: MatrixRow, target: str, cell: MatrixCell | None) -> Line:
    """The cell under the cursor in words."""
    where = (Part(f" {system_of(row)}, {target}: ", "strong"),)
    if cell is None:
        return (*where, Part("no builds"))
    here = {0: "none runs here", cell.builds: "all run here" if cell.builds > 1 else "runs here"}
    said = here.get(cell.runs_here, f"{count(cell.runs_here)} run here")
    own = "; this machine" if cell.is_host else ""
    return (
        *where,
        Part(
            f"{counted(cell.builds, 'build')} of {counted(cell.packages, 'package')}, {said}{own}"
        ),
    )


def query_of(cell: MatrixCell) -> str:
    """What finds the builds of a cell, in spec syntax."""
    platform, dash, os = cell.system.partition("-")
    if dash and platform in _PLATFORMS:
        return f"platform={platform} os={os} target={cell.target}"
    return f"os={cell.system} target={cell.target}"
