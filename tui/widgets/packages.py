"""The list of packages and the table of builds."""

from collections.abc import Callable

from core.model.views import BuildView, PackageView
from tui.commands import key_of
from tui.state.badges import NO_BADGES
from tui.state.columns import GAP, Table, choose_columns
from tui.text import MARKS, Line, Part, aligned_right, fitted, width_of
from tui.widgets.lines import LineList, spread

MARKED = "*"
"""Stands before what is marked for install."""


class PackageList(LineList[PackageView]):
    """Packages, each with the version and the state of its best build."""

    def __init__(self, is_marked: Callable[[str], bool]) -> None:
        super().__init__(id="packages")
        self._is_marked = is_marked

    def draw(self, row: PackageView, width: int) -> Line:
        """Mark, name, version."""
        marked = MARKED if self._is_marked(row.name) else " "
        version_width = min(width_of(row.version), max(width // 3, 0))
        name_width = max(width - 3 - version_width - 2, 1)
        return (
            Part(marked, "strong"),
            Part(MARKS[row.disposition].sign + " ", row.disposition.value),
            Part(fitted(row.name, name_width) + " "),
            Part(aligned_right(row.version, version_width) + " ", "quiet"),
        )


class BuildTable(LineList[BuildView]):
    """The builds of one package; the columns are those in which they differ."""

    def __init__(self, is_marked: Callable[[BuildView], bool]) -> None:
        super().__init__(id="builds")
        self._is_marked = is_marked
        self.badges = NO_BADGES
        """The warnings that mirrors wear."""
        self._table = Table((), 0)
        self._drawn_from: object = None

    def table(self, width: int) -> Table:
        """The columns for this width."""
        drawn_from = (width, self.rows, self.badges)
        if self._drawn_from != drawn_from:
            self._table = choose_columns(self.rows, width - 3, self.badges)
            self._drawn_from = drawn_from
            self._places = {build.hash: at for at, build in enumerate(self.rows)}
        return self._table

    @property
    def has_header(self) -> bool:
        """Columns have titles, if there are rows."""
        return bool(self.rows)

    def header(self, width: int) -> Line:
        """The titles of the columns, and how many more there would be."""
        table = self.table(width)
        titles = (" " * GAP).join(fitted(column.title, column.width) for column in table.columns)
        line = (Part("   "), Part(titles, "quiet"))
        if not table.left_out:
            return line
        return spread(
            line, (Part(f"+{table.left_out}: {key_of('browse', 'compare')} ", "strong"),), width
        )

    def draw(self, row: BuildView, width: int) -> Line:
        """Mark and values."""
        columns = self.table(width).columns
        at = self._places[row.hash]
        *values, origin = (fitted(column.values[at], column.width) for column in columns)
        role = "warning" if self.badges.worst(row.mirrors) else ""
        return (
            Part(MARKED if self._is_marked(row) else " ", "strong"),
            Part(MARKS[row.disposition].sign + " ", row.disposition.value),
            Part((" " * GAP).join([*values, ""])),
            Part(origin, role),
        )
