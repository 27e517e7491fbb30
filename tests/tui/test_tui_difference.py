"""What is sent leaves a terminal as it should look, whatever it showed before."""

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from tui.widgets.difference import Frame

WIDTH, HEIGHT = 24, 4
STYLES = ["", "bold", "dim", "reverse", "green", "bold red", "underline", "cyan on blue"]

texts = st.text(alphabet="ab ─●宽é", min_size=1, max_size=12)
styles = st.sampled_from([Style.parse(style) for style in STYLES])
segments = st.lists(
    st.tuples(texts, styles).map(lambda pair: Segment(*pair)), min_size=1, max_size=3
)
pieces = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), segments)
updates = st.lists(st.lists(pieces, min_size=1, max_size=4), min_size=1, max_size=5)


def take(frame: Frame, update: list[tuple[int, int, list[Segment]]]) -> str:
    """What is sent for one update."""
    frame.want(update, ColorSystem.STANDARD)
    return frame.send()


def full_line(text: str) -> tuple[int, int, list[Segment]]:
    return 0, 0, [Segment(text.ljust(WIDTH))]


def shown(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """Everything that a person could see."""
    return [[_seen(screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def _seen(cell: pyte.screens.Char) -> tuple[object, ...]:
    visible = (cell.data, cell.bg, cell.reverse, cell.underscore)
    return visible if cell.data == " " else (*visible, cell.fg, cell.bold)


def plainly(stream: pyte.Stream, update: list[tuple[int, int, list[Segment]]]) -> None:
    """Write all of it, cell by cell, as Textual would."""
    for x, y, parts in update:
        at = x
        for text, style, _ in parts:
            for character in text:
                width = 2 if character == "宽" else 1
                if at + width > WIDTH:
                    continue
                painted = (style or Style.null()).render(
                    character, color_system=ColorSystem.STANDARD
                )
                stream.feed(f"\x1b[{y + 1};{at + 1}H{painted}")
                at += width


def has_no_halves(screen: pyte.Screen) -> bool:
    """True if no wide character was cut in two: terminals differ in what they then show."""
    for y in range(HEIGHT):
        cells = [screen.buffer[y][x].data for x in range(WIDTH)]
        for x, data in enumerate(cells):
            is_second = x > 0 and cells[x - 1] == "宽"
            if (data == "") != is_second:
                return False
    return True


@settings(max_examples=60, deadline=None)
@given(updates)
def test_the_terminal_looks_as_if_all_had_been_written(
    frames: list[list[tuple[int, int, list[Segment]]]],
) -> None:
    ours, theirs = pyte.Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)
    to_ours, to_theirs = pyte.Stream(ours), pyte.Stream(theirs)
    frame = Frame()
    frame.resize(WIDTH, HEIGHT)
    blank = [(0, y, [Segment(" " * WIDTH)]) for y in range(HEIGHT)]
    for update in [blank, *frames]:
        plainly(to_theirs, update)
        sent = take(frame, update)
        to_ours.feed(sent)
        if not has_no_halves(theirs):
            return
        assert shown(ours) == shown(theirs), repr(sent)


def test_nothing_is_sent_twice() -> None:
    frame = Frame()
    frame.resize(WIDTH, HEIGHT)
    assert take(frame, [full_line("hdf5")])
    assert take(frame, [full_line("hdf5")]) == ""
    assert take(frame, [full_line("hdf4")]) == "\x1b[1;4H4"


def test_the_end_of_a_line_is_erased_not_written() -> None:
    frame = Frame()
    frame.resize(WIDTH, HEIGHT)
    take(frame, [full_line("a long line of text")])
    assert take(frame, [full_line("a")]) == "\x1b[1;2H\x1b[K"


def test_blanks_before_something_are_wiped_not_written() -> None:
    frame = Frame()
    frame.resize(WIDTH, HEIGHT)
    take(frame, [full_line("a long line of text" + " " * 4 + "|")])
    assert take(frame, [full_line("a" + " " * 22 + "|")]) == "\x1b[1;3H\x1b[17X"


def test_frames_that_are_not_sent_cost_nothing() -> None:
    frame = Frame()
    frame.resize(WIDTH, HEIGHT)
    take(frame, [full_line("hdf5")])
    for text in ("hdf4", "zlib", "hdf5"):
        frame.want([full_line(text)], ColorSystem.STANDARD)
    assert not frame.is_behind
    assert frame.send() == ""
    frame.want([full_line("hdf4")], ColorSystem.STANDARD)
    assert frame.is_behind
    frame.want([full_line("hdf6")], ColorSystem.STANDARD)
    assert frame.send() == "\x1b[1;4H6"


def test_after_another_program_all_is_sent_again() -> None:
    frame = Frame()
    frame.resize(WIDTH, HEIGHT)
    first = take(frame, [full_line("hdf5")])
    frame.forget()
    frame.resize(WIDTH, HEIGHT)
    assert take(frame, [full_line("hdf5")]) == first


def test_colours_of_the_terminal_need_no_words() -> None:
    frame = Frame()
    frame.resize(WIDTH, HEIGHT)
    style = Style.parse("default on default")
    assert take(frame, [(0, 0, [Segment("a", style)])]) == "\x1b[1;1Ha"
