"""The last door before the terminal: every line of every widget passes here.

Values are cleaned when they are painted (`tui.text.clean`). This filter also covers what Textual
draws itself: borders, scrollbars, and text typed or pasted into an input.
"""

from functools import lru_cache

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui.text import clean, to_ascii


class Alphabet(LineFilter):
    """Lets through visible characters only, in ASCII mode ASCII only; widths stay the same."""

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__()
        self._convert = _to_clean_ascii if ascii_only else _to_clean

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """The segments with every text converted."""
        convert = self._convert
        return [
            segment
            if segment.control or (segment.text.isascii() and segment.text.isprintable())
            else Segment(convert(segment.text), segment.style)
            for segment in segments
        ]


@lru_cache(maxsize=4096)
def _to_clean(text: str) -> str:
    return clean(text)


@lru_cache(maxsize=4096)
def _to_clean_ascii(text: str) -> str:
    return to_ascii(clean(text))
