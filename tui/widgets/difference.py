"""What changed since the last frame, and nothing else, goes to the terminal.

Textual writes every cell that was laid out anew, changed or not. Over a slow line that is what the
user waits for, so the cells on the terminal are remembered, and each update is held against them.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

BRIDGE = 4
"""So many unchanged cells are written again where a move of the cursor would cost as much."""
ERASE = 4
"""Blanks at the end of a line from which on erasing is shorter than writing them."""
WIPE = 6
"""The same for blanks that are followed by something: ECH (ECMA-48 8.3.38) names their number."""
COLOURS = {"standard": ColorSystem.STANDARD, "256": ColorSystem.EIGHT_BIT}
DEFAULTS = {"39", "49"}
"""Parameters of SGR for the colours that the terminal has anyway."""
LETTERS_ONLY = {"1", "2", "3", *(str(n) for n in (*range(30, 38), *range(90, 98)))}
"""Those that nobody sees on a blank."""


class Cell(NamedTuple):
    """One cell of the terminal."""

    text: str
    """What is in it; empty for the second half of a wide character."""
    look: str
    """Its style as parameters of SGR (ECMA-48 8.3.117); empty for the plain one."""


BLANK = Cell(" ", "")
Piece = tuple[int, int, Iterable[Segment]]
"""Column, line, and what stands from there on."""


class Frame:
    """The cells on the terminal, as far as they are known, and those that are to be there."""

    def __init__(self) -> None:
        self._shown: list[list[Cell | None]] = []
        self._wanted: list[list[Cell | None]] = []
        self._changed: set[int] = set()
        self._width = 0

    def forget(self) -> None:
        """Know nothing more: somebody else wrote to the terminal, or it has another size."""
        self._shown = []

    def resize(self, width: int, height: int) -> None:
        """Have so many cells; those of a terminal of another size are not known."""
        if (self._width, len(self._shown)) != (width, height):
            self._width = width
            self._shown = [[None] * width for _ in range(height)]
            self._wanted = [line.copy() for line in self._shown]
            self._changed.clear()

    def want(self, pieces: Iterable[Piece], colours: ColorSystem) -> None:
        """Note what is to be shown."""
        for x, y, segments in pieces:
            if 0 <= y < len(self._wanted):
                _write(self._wanted[y], x, segments, colours)
                self._changed.add(y)

    def send(self) -> str:
        """What brings the terminal to what is wanted; it is taken for sent."""
        output = _Output()
        for y in sorted(self._changed):
            output.line(y, self._shown[y], self._wanted[y])
            self._shown[y] = self._wanted[y].copy()
        self._changed.clear()
        return output.text()

    @property
    def is_behind(self) -> bool:
        """True if the terminal does not show all that is wanted."""
        return any(self._shown[y] != self._wanted[y] for y in self._changed)


class Difference(CompositorUpdate):
    """What brings the terminal from what it shows to what the frame wants."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def render_segments(self, console: Console) -> str:  # noqa: ARG002
        """The bytes for the terminal; the frame is then as they leave it."""
        return self._frame.send()


def note_update(update: LayoutUpdate | ChopsUpdate, frame: Frame, console: Console) -> None:
    """Want what an update of Textual's shows."""
    frame.resize(*console.size)
    colours = COLOURS.get(console.color_system or "", ColorSystem.TRUECOLOR)
    frame.want(pieces_of(update), colours)


def pieces_of(update: LayoutUpdate | ChopsUpdate) -> Iterator[Piece]:
    """The parts of the screen that an update is about."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            segments = [segment for strip in strips for segment in strip]
            yield update.region.x, y, segments
        return
    for y, start, end in update.spans:
        ends = update.chop_ends[y]
        for stop, (x, strip) in zip(ends, update.chops[y].items(), strict=False):
            if strip is not None and x < end and stop > start:
                yield x, y, _cut(strip, min(stop, end) - x)


def _cut(strip: Strip, width: int) -> Strip:
    return strip if strip.cell_length <= width else strip.crop(0, width)


def _write(
    line: list[Cell | None], x: int, segments: Iterable[Segment], colours: ColorSystem
) -> None:
    """Put cells into a line; what would reach over its end is left out."""
    for text, style, control in segments:
        if control:
            continue
        look, blank = _looks(style, colours) if style else ("", BLANK)
        for character in text:
            width = 1 if character.isascii() else cell_len(character)
            if width == 0 or x + width > len(line):
                continue
            line[x] = blank if character == " " else Cell(character, look)
            if width == 2:
                line[x + 1] = Cell("", look)
            x += width


@lru_cache(maxsize=1024)
def _looks(style: Style, colours: ColorSystem) -> tuple[str, Cell]:
    """How letters look in a style, and what a blank is in it."""
    codes = [code for code in Strip.render_ansi(style, colours).split(";") if code not in DEFAULTS]
    look = ";".join(codes)
    return look, BLANK if LETTERS_ONLY.issuperset(codes) or not look else Cell(" ", look)


class _Output:
    """Collects what is sent, with as few moves and changes of style as can be."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._look = ""

    def line(self, y: int, old: Sequence[Cell | None], new: Sequence[Cell | None]) -> None:
        """Change one line."""
        if old == new:
            return
        end = _end_of_content(new)
        erased = _end_of_content(old) > end and len(new) - end >= ERASE
        move = f"\x1b[{y + 1};{{}}H"
        for start, stop in _runs(old, new, end if erased else len(new)):
            self._parts.append(move.format(start + 1))
            self._cells(new[start:stop])
            # From here on the line is known: CHA (ECMA-48 8.3.9) is shorter.
            move = "\x1b[{}G"
        if erased:
            self._parts.append(move.format(end + 1))
            self._turn("")
            self._parts.append("\x1b[K")

    def text(self) -> str:
        """All of it; the terminal is left with the plain style."""
        self._turn("")
        return "".join(self._parts)

    def _cells(self, cells: Sequence[Cell | None]) -> None:
        end = _end_of_content(cells)
        blanks = len(cells) - end
        if blanks < WIPE:
            end, blanks = len(cells), 0
        for cell in cells[:end]:
            text, look = cell or BLANK
            if cell == BLANK and LETTERS_ONLY.issuperset(self._look.split(";")):
                self._parts.append(" ")
            elif text:
                self._turn(look)
                self._parts.append(text)
        if blanks:
            self._turn("")
            self._parts.append(f"\x1b[{blanks}X")

    def _turn(self, look: str) -> None:
        if look != self._look:
            self._parts.append(f"\x1b[0;{look}m" if look and self._look else f"\x1b[{look}m")
            self._look = look


def _end_of_content(line: Sequence[Cell | None]) -> int:
    """Behind the last cell that is not blank; what is not known is not blank."""
    end = len(line)
    while end and line[end - 1] == BLANK:
        end -= 1
    return end


def _runs(
    old: Sequence[Cell | None], new: Sequence[Cell | None], end: int
) -> Iterator[tuple[int, int]]:
    """Where cells are to be written: those that differ, and what lies shortly between them."""
    start = stop = -1
    for x in range(end):
        if old[x] == new[x]:
            continue
        # A wide character is only ever written whole.
        first = x - 1 if new[x] == Cell("", (new[x] or BLANK).look) and x else x
        last = x + 2 if x + 1 < len(new) and (new[x + 1] or BLANK).text == "" else x + 1
        if start < 0:
            start, stop = first, last
        elif first - stop > BRIDGE:
            yield start, stop
            start, stop = first, last
        else:
            stop = last
    if start >= 0:
        yield start, stop
