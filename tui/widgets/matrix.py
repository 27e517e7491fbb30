"""The matrix of builds: operating systems down, targets across, a cursor on one cell."""

from rich.style import Style
from textual import events

from core.model.tables import MatrixRow
from tui.state.matrix import GAP, MatrixState, number_of, role_of, system_of, system_width
from tui.text import Line, Part, aligned_right, fitted
from tui.widgets.lines import LineList


class MatrixGrid(LineList[MatrixRow]):
    """A row for each operating system; brackets stand around the cell under the cursor."""

    def __init__(self) -> None:
        super().__init__(id="grid", empty=" There are no builds on offer")
        self.state: MatrixState | None = None
        """What is drawn, `None` before the builds were counted."""

    def update(self, state: MatrixState) -> None:
        """Draw another matrix; the cursor goes to the cell of this machine."""
        self.state = state
        self.show(state.matrix.rows)
        self.move(state.go_to_host())
        self.repaint()

    def turn(self, by: int) -> None:
        """Move the cursor to another target."""
        if self.state:
            self.state.move(by)
            self.repaint()
            self.post_message(self.Moved(self))

    @property
    def has_header(self) -> bool:
        """Columns have titles, if there are rows."""
        return bool(self.rows)

    def _columns(self, width: int) -> range:
        if self.state is None:
            return range(0)
        return self.state.in_view(width - self._margin - 1)

    @property
    def _margin(self) -> int:
        return system_width(self.rows) + 1

    def header(self, width: int) -> Line:
        """The targets in view, and whether there are more at either side."""
        if self.state is None:
            return ()
        columns, targets = self._columns(width), self.state.matrix.targets
        parts = [Part(fitted("", self._margin))]
        for at in columns:
            before = "<" if at == columns.start and at else ""
            text = aligned_right(targets[at], self.state.widths[at])
            is_chosen = at == self.state.column
            parts.append(Part(aligned_right(before, GAP), "strong"))
            parts.append(Part(text, "strong" if is_chosen else "quiet"))
        parts.append(Part(" >" if columns.stop < len(targets) else "", "strong"))
        return tuple(parts)

    def draw(self, row: MatrixRow, width: int) -> Line:
        """The system, and a number for each target in view."""
        if self.state is None:
            return ()
        is_chosen = row is self.row
        name = fitted(f" {system_of(row)}", self._margin)
        parts = [Part(name, "strong" if is_chosen else "")]
        closes = False
        for at in self._columns(width):
            opens = is_chosen and at == self.state.column
            parts.append(Part("]" if closes else " ", "strong"))
            parts.append(Part("[" if opens else " ", "strong"))
            cell = self.state.cell(row, at)
            text = number_of(cell) if cell else ". "
            parts.append(Part(aligned_right(text, self.state.widths[at]), role_of(cell)))
            closes = opens
        return (*parts, Part("]" if closes else " ", "strong"))

    def highlight(self, index: int) -> Style | None:  # noqa: ARG002
        """No row stands out: a cell does."""
        return None

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the cell where the mouse is, before the row is taken."""
        if self.state is None:
            return
        x = event.x - self.gutter.left - self._margin
        for at in self._columns(self.content_size.width):
            x -= GAP + self.state.widths[at]
            if x < 0:
                self.turn(at - self.state.column)
                return
