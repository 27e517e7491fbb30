"""A list that draws only the lines on the screen, and repaints only those that change."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.commands import LISTS
from tui.text import Line, Part, cropped, width_of
from tui.theme import STYLES
from tui.widgets.bindings import bindings_of

Row = TypeVar("Row")

WHEEL_ROWS = 3
"""Rows that a turn of the mouse wheel scrolls."""
CURSOR_FOCUSED = Style(reverse=True)
CURSOR_BLURRED = Style(bold=True, underline=True)


@lru_cache(maxsize=256)
def style_of(role: str) -> Style:
    """The style of a role; `KeyError` for a role that `tui.theme` does not know."""
    return Style.parse(STYLES[role]) if STYLES[role] else Style.null()


def paint(line: Line, width: int, over: Style | None = None) -> Strip:
    """A line in exactly `width` cells; `over` replaces the styles of its parts."""
    segments: list[Segment] = []
    left = width
    for part in line:
        text = cropped(part.text, left)
        left -= width_of(text)
        segments.append(Segment(text, over or style_of(part.role)))
        if left <= 0:
            break
    segments.append(Segment(" " * max(left, 0), over or style_of("")))
    return Strip(segments, width)


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of `width` cells; `left` is cut if both do not fit."""
    room = max(width - sum(width_of(part.text) for part in right) - 1, 0)
    kept: list[Part] = []
    for part in left:
        if room <= 0:
            break
        text = cropped(part.text, room)
        room -= width_of(text)
        kept.append(Part(text, part.role))
    return (*kept, Part(" " * (room + 1)), *right)


class Lines(Widget, Generic[Row], can_focus=True):
    """Rows, one line each. Only lines that look different from before are repainted.

    Own scrolling instead of Textual's: that lays out the whole screen anew when the number of
    rows changes, and every cell that is laid out anew goes over the wire.
    """

    BINDINGS = bindings_of(LISTS)
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, empty: str = "") -> None:  # noqa: A002
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()
        """What is listed."""
        self.first = 0
        """Index of the first row in view."""
        self.empty = empty
        """What is said in place of no rows."""
        self._painted: dict[int, object] = {}

    # What subclasses define

    def draw(self, row: Row, width: int) -> Line:
        """One row as a line of at most `width` cells."""
        raise NotImplementedError

    @property
    def has_header(self) -> bool:
        """True if a line stands above the rows that does not scroll."""
        return False

    def header(self, width: int) -> Line:  # noqa: ARG002
        """That line."""
        return ()

    def highlight(self, index: int) -> Style | None:  # noqa: ARG002
        """The style of a row that stands out; `None` for the others."""
        return None

    @property
    def position(self) -> int:
        """Where the keys that move start from."""
        return self.first

    def move(self, index: int) -> None:
        """Go to a row, or to the nearest that exists."""
        self.scroll_rows(index)

    # Drawing

    @property
    def page(self) -> int:
        """Rows that fit."""
        return max(self.content_size.height - self.has_header, 1)

    def scroll_rows(self, first: int) -> None:
        """Bring a row to the top, or as far up as the rows reach."""
        self.first = max(0, min(first, len(self.rows) - self.page))
        self.repaint()

    def repaint(self) -> None:
        """Paint the lines that look different from before."""
        for y in range(self.content_size.height):
            if self._content(y) != self._painted.get(y):
                self.refresh(Region(0, y, self.content_size.width, 1))

    def _content(self, y: int) -> tuple[Line, Style | None, int, str]:
        """What a line shows: parts, style over them, width, and its piece of the scrollbar."""
        whole = self.content_size.width
        bar = self._scrollbar(y)
        width = whole - len(bar)
        if self.has_header and y == 0:
            return self.header(width), None, width, bar
        at = y - self.has_header
        index = self.first + at
        if index < len(self.rows):
            return self.draw(self.rows[index], width), self.highlight(index), width, bar
        is_empty = at == 0 and not self.rows
        return (Part(self.empty, "quiet"),) if is_empty else (), None, width, bar

    def _scrollbar(self, y: int) -> str:
        """`▐` where the rows in view stand among all rows; empty if all are in view."""
        page, rows = self.page, len(self.rows)
        if rows <= page:
            return ""
        height = self.content_size.height
        length = max(1, height * page // rows)
        start = (height - length) * self.first // (rows - page)
        return "▐" if start <= y < start + length else " "

    def render_line(self, y: int) -> Strip:
        """One line of what is in view."""
        content = self._content(y)
        self._painted[y] = content
        line, over, width, bar = content
        painted = paint(line, width, over)
        return Strip([*painted, Segment(bar, style_of("quiet"))], width + 1) if bar else painted

    def on_resize(self) -> None:
        """No empty lines below the last row, if there are rows above."""
        self.scroll_rows(self.first)

    # Moving

    def action_do(self, command: str) -> None:
        """One of the commands that every list has."""
        getattr(self, f"do_{command}")()

    def do_move_down(self) -> None:
        """Next row."""
        self.move(self.position + 1)

    def do_move_up(self) -> None:
        """Previous row."""
        self.move(self.position - 1)

    def do_move_top(self) -> None:
        """First row."""
        self.move(0)

    def do_move_bottom(self) -> None:
        """Last row."""
        self.move(len(self.rows) - 1)

    def do_half_down(self) -> None:
        """Half a page down."""
        self.move(self.position + max(self.page // 2, 1))

    def do_half_up(self) -> None:
        """Half a page up."""
        self.move(self.position - max(self.page // 2, 1))

    def do_page_down(self) -> None:
        """A page down."""
        self.move(self.position + self.page)

    def do_page_up(self) -> None:
        """A page up."""
        self.move(self.position - self.page)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel scrolls and leaves the cursor where it is."""
        event.stop()
        self.scroll_rows(self.first + WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel scrolls and leaves the cursor where it is."""
        event.stop()
        self.scroll_rows(self.first - WHEEL_ROWS)


class LineList(Lines[Row]):
    """Rows with a cursor."""

    class Moved(Message):
        """The cursor is on another row, or the row under it is another one."""

        def __init__(self, sender: "LineList[Any]", *, by_user: bool = True) -> None:
            super().__init__()
            self.sender = sender
            """The list."""
            self.by_user = by_user
            """True if the user moved it, false if other rows are listed."""

        @property
        def control(self) -> "LineList[Any]":
            """The list."""
            return self.sender

    class Opened(Moved):
        """A row was clicked twice."""

    def __init__(self, *, id: str | None = None, empty: str = "") -> None:  # noqa: A002
        super().__init__(id=id, empty=empty)
        self.cursor = 0
        """Index of the row under the cursor; 0 in an empty list."""

    @property
    def row(self) -> Row | None:
        """The row under the cursor; `None` in an empty list."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    @property
    def position(self) -> int:
        """Keys move the cursor."""
        return self.cursor

    def show(self, rows: Sequence[Row], key: Callable[[Row], object] | None = None) -> None:
        """List `rows`; the cursor stays on the row with the same `key`, else on its place."""
        before = self.row
        self.rows = rows
        at = self.cursor
        if key and before is not None:
            wanted = key(before)
            at = next((index for index, row in enumerate(rows) if key(row) == wanted), 0)
        self.cursor = max(0, min(at, len(rows) - 1))
        self._bring_into_view()
        if self.row != before:
            self.post_message(self.Moved(self, by_user=False))

    def move(self, index: int, *, by_user: bool = True) -> None:
        """Put the cursor on a row, or on the nearest that exists."""
        index = max(0, min(index, len(self.rows) - 1))
        step = index - self.cursor
        self.cursor = index
        # Each scrolling paints all rows anew: at the pace of single rows that is done rarely.
        self._bring_into_view(ahead=self.page // 2 if abs(step) == 1 else 0)
        if step:
            self.post_message(self.Moved(self, by_user=by_user))

    def _bring_into_view(self, ahead: int = 0) -> None:
        """Scroll if the cursor is not in view, and then by so many rows more."""
        if self.cursor < self.first:
            self.scroll_rows(self.cursor - ahead)
        elif self.cursor >= self.first + self.page:
            self.scroll_rows(self.cursor - self.page + 1 + ahead)
        else:
            self.scroll_rows(self.first)

    def highlight(self, index: int) -> Style | None:
        """The cursor, which looks different without focus."""
        if index != self.cursor:
            return None
        return CURSOR_FOCUSED if self.has_focus else CURSOR_BLURRED

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._bring_into_view()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a second click opens."""
        index = self.first + event.y - self.gutter.top - self.has_header
        if 0 <= index < len(self.rows):
            self.move(index)
            if event.chain == 2:
                self.post_message(self.Opened(self))


class TextView(Lines[Line]):
    """Text to read: the keys of lists scroll it, there is no cursor."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._text: Callable[[int], Sequence[Line]] = lambda _: ()
        self._width = 0

    def read(self, text: Callable[[int], Sequence[Line]]) -> None:
        """Show `text`, a function from the width in cells to lines."""
        self._text = text
        self._width = self.content_size.width
        # One cell is left for the scrollbar, whether it is needed or not.
        self.rows = self._text(max(self._width - 1, 1))
        self.scroll_rows(self.first)

    def draw(self, row: Line, width: int) -> Line:  # noqa: ARG002
        """The line itself."""
        return row

    def on_resize(self) -> None:
        """Break the lines anew."""
        if self.content_size.width != self._width:
            self.read(self._text)
