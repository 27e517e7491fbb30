"""Fixed text: lines that depend on the width, and nothing to move in."""

from collections.abc import Callable, Sequence
from itertools import zip_longest

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.text import Line, Part, clean
from tui.widgets.lines import paint


class Paper(Widget):
    """Shows what a function from the width in cells to lines gives."""

    DEFAULT_CSS = """
    Paper { height: auto; width: 1fr; }
    """
    ALLOW_SELECT = False

    def __init__(
        self,
        text: Callable[[int], Sequence[Line]] | None = None,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._text = text or (lambda _: ())
        self._shown: Sequence[Line] = ()
        self._width = -1

    def write(self, text: Callable[[int], Sequence[Line]]) -> None:
        """Show another text; nothing is repainted if it looks the same."""
        self._text = text
        width = self.content_size.width
        lines = list(text(width))
        if lines == self._shown and width == self._width:
            return
        before, self._shown = self._shown, lines
        if len(lines) != len(before) and self.styles.is_auto_height:
            self.refresh(layout=True)
        elif width != self._width:
            self.refresh()
        else:
            for y, (old, new) in enumerate(zip_longest(before, lines, fillvalue=())):
                if old != new:
                    self.refresh(Region(0, y, width, 1))
        self._width = width

    def _lines(self, width: int) -> Sequence[Line]:
        if width != self._width:
            self._shown, self._width = list(self._text(width)), width
        return self._shown

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As many lines as there are."""
        return len(self._lines(width))

    def render_line(self, y: int) -> Strip:
        """One line."""
        width = self.content_size.width
        lines = self._lines(width)
        return paint(lines[y] if y < len(lines) else (), width)


def one_line(*parts: Part) -> Callable[[int], Sequence[Line]]:
    """The text of a paper that is always the same single line."""
    return lambda _: (parts,)


def set_title(widget: Widget, title: str) -> None:
    """Put a title into the upper border of a widget; nothing in it is taken for markup."""
    # Not by `border_title`, which takes text for markup and repaints the whole widget.
    content = Content(clean(title))
    if content != widget._border_title:
        widget._border_title = content
        widget.refresh(Region(-1, -1, widget.outer_size.width, 1))
