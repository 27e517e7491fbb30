"""Each terminal is told only what it understands."""

import pytest

from tui.widgets.driver import said_to

MODES = [
    "\x1b[?1000h",
    "\x1b[?1004h",
    "\x1b[>25u",
    "\x1b[<u",
    "\x1b[?2026$p",
    "\x1b[?2048$p",
    "\x1b[?2004h",
    "\x1b]22;default\x07",
    "\x1b]52;c;aGRmNQ==\a",
]


@pytest.mark.parametrize("name", ["linux", "vt220", "vt100", "ansi"])
def test_consoles_get_cells_the_cursor_and_no_modes(name: str) -> None:
    environ = {"TERM": name}
    assert [said_to(environ, mode) for mode in MODES] == [""] * len(MODES)
    for data in ("\x1b[?25l", "\x1b[?25h", "\x1b[?7l", "\x1b[3;4H\x1b[1mhdf5\x1b[m", "\x1b[6n"):
        assert said_to(environ, data) == data


def test_the_only_screen_of_a_console_is_left_empty() -> None:
    assert said_to({"TERM": "linux"}, "\x1b[?1049h") == "\x1b[2J"
    assert said_to({"TERM": "linux"}, "\x1b[?1049l") == "\x1b[m\x1b[2J\x1b[H"


@pytest.mark.parametrize("name", ["xterm", "xterm-256color", "screen-256color", "tmux-256color"])
def test_others_get_what_they_know(name: str) -> None:
    environ = {"TERM": name}
    said = [said_to(environ, mode) for mode in MODES]
    assert said == [mode if not mode.startswith("\x1b]22") else "" for mode in MODES]
    assert said_to(environ, "\x1b[?1049h") == "\x1b[?1049h"


def test_movements_of_the_mouse_are_not_asked_for() -> None:
    assert said_to({"TERM": "xterm"}, "\x1b[?1003h") == "\x1b[?1002h"
    assert said_to({"TERM": "xterm"}, "\x1b[?1003l") == "\x1b[?1002l"


def test_gnu_screen_is_left_empty_whether_it_has_another_screen_or_not() -> None:
    environ = {"TERM": "screen", "STY": "1.host"}
    assert said_to(environ, "\x1b[?1049h") == "\x1b[?1049h"
    assert said_to(environ, "\x1b[?1049l") == "\x1b[m\x1b[2J\x1b[H\x1b[?1049l"


def test_gnu_screen_hands_the_clipboard_on() -> None:
    copy = "\x1b]52;c;aGRmNQ==\a"
    assert said_to({"TERM": "screen", "STY": "1.host"}, copy) == f"\x1bP{copy}\x1b\\"
