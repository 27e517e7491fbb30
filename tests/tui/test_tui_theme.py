import pytest
from rich.style import Style

from core.model.plan import Disposition
from tui.state.runnode import Status
from tui.theme import STYLES, terminal_problem, wants_ascii, wants_mouse


@pytest.mark.parametrize(
    ("environ", "is_ascii"),
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "de_DE.utf8"}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "C.UTF-8"}, False),
        ({}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, True),
        ({"LANG": "C", "LC_ALL": "en_US.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_CTYPE": "POSIX"}, True),
        ({"LANG": "en_US.ISO-8859-1"}, True),
    ],
)
def test_ascii_where_the_locale_is_not_utf8(environ: dict[str, str], is_ascii: bool) -> None:
    assert wants_ascii(environ) is is_ascii


def test_a_dumb_terminal_is_refused_with_a_sentence() -> None:
    for term in ("dumb", "", "unknown"):
        assert "TERM" in terminal_problem({"TERM": term}, is_terminal=True)
    assert "TERM" in terminal_problem({}, is_terminal=True)
    assert terminal_problem({"TERM": "xterm"}, is_terminal=True) == ""


def test_no_terminal_is_refused_with_a_sentence() -> None:
    assert "needs a terminal" in terminal_problem({"TERM": "xterm"}, is_terminal=False)


def test_in_gnu_screen_the_mouse_must_be_asked_for() -> None:
    inside = {"STY": "1.host", "TERM": "screen"}
    assert [wants_mouse(inside, wanted) for wanted in (None, True, False)] == [False, True, False]
    outside = {"TERM": "xterm"}
    assert [wants_mouse(outside, wanted) for wanted in (None, True, False)] == [True, True, False]


def test_every_state_has_a_style_of_the_sixteen_colours() -> None:
    for role in (*Disposition, *Status):
        assert role.value in STYLES
    for style in STYLES.values():
        colour = Style.parse(style).color if style else None
        assert colour is None or colour.number is not None
        assert colour is None or colour.number < 16
