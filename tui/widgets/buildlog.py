"""All that a build has written, of which the lines in view are read."""

from array import array

from rich.style import Style
from textual.message import Message

from tui.state.logfile import LogRows
from tui.text import Line, Part
from tui.widgets.lines import Lines

FOUND = Style(reverse=True)
"""The line with what was looked for."""
STEP = 40
"""Columns that a key moves."""


class LogPage(Lines[str]):
    """The lines; as long as the last one is in view, new ones come into view."""

    class Scrolled(Message):
        """Other lines are in view."""

    def __init__(self, path: str) -> None:
        super().__init__(id="output", empty=" There is no output yet")
        self.output = LogRows(path)
        """The lines, and where they are in the file."""
        self.found: int | None = None
        """The number of the line with what was looked for."""
        self.shift = 0
        """Columns that are out of view at the left."""
        self.rows = self.output

    def draw(self, row: str, width: int) -> Line:  # noqa: ARG002
        """The line, cut."""
        return (Part(row[self.shift :]),)

    def highlight(self, index: int) -> Style | None:
        """What was found stands out."""
        return FOUND if index == self.found else None

    @property
    def is_at_end(self) -> bool:
        """True if the last line is in view."""
        return self.first >= len(self.rows) - self.page

    def extend(self, starts: "array[int]", end: int, *, is_anew: bool) -> None:
        """Know more of the file, or know that it begins anew."""
        follows = self.is_at_end
        if is_anew:
            self.output, self.found = LogRows(self.output.path), None
            self.rows = self.output
        self.output.extend(starts, end)
        self.scroll_rows(len(self.rows) if follows else self.first)

    def scroll_rows(self, first: int) -> None:
        """Bring a row to the top, and tell that others are in view."""
        before = self.first
        super().scroll_rows(first)
        if self.first != before:
            self.post_message(self.Scrolled())

    def pan(self, columns: int) -> None:
        """Move sideways."""
        self.shift = max(self.shift + columns, 0)
        self.repaint()

    def show_line(self, number: int) -> None:
        """Bring a line into view that was found."""
        self.found = number
        self.scroll_rows(number - self.page // 3)
