"""The help page: the keys of a screen, and what the marks mean."""

from textual.app import ComposeResult

from tui.commands import LISTS, Command, commands_of
from tui.screens.base import CommandScreen
from tui.text import MARKS, Line, Part, fitted, wrapped
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import TextView

KEYS = 12
"""Cells for the keys."""


class HelpScreen(CommandScreen):
    """The keys of one screen."""

    BINDINGS = bindings_of("help")
    table_name = "help"

    def __init__(self, about: str) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        """A text to scroll."""
        yield TextView(id="help")
        yield self.make_footer()

    def on_mount(self) -> None:
        """Write the page."""
        line: str = getattr(self.app, "line", "")
        self.query_one(TextView).read(lambda width: help_lines(self._about, width, line))


def help_lines(screen: str, width: int, line: str = "") -> list[Line]:
    """The page about a screen; `line` says what there is to say of the line to the terminal."""
    lines: list[Line] = [(Part(f" Keys of this screen ({screen})", "strong"),), ()]
    lines += _keys(commands_of(screen), width)
    lines += [(), (Part(" In lists, trees and logs", "strong"),), ()]
    lines += _keys(commands_of(LISTS), width)
    lines += [(), (Part(" Marks", "strong"),), ()]
    for kind, mark in MARKS.items():
        lines.append(
            (
                Part(f"  {mark.sign} ", kind.value),
                Part(fitted(mark.word, KEYS)),
                Part(mark.meaning, "quiet"),
            )
        )
    if line:
        said = wrapped(line, max(width - 4, 10))
        lines += [(), (Part(" Terminal", "strong"),), (), *((Part(f"  {one}"),) for one in said)]
    return lines


def _keys(commands: tuple[Command, ...], width: int) -> list[Line]:
    lines: list[Line] = []
    for command in commands:
        first, *more = wrapped(command.help, max(width - KEYS - 4, 10))
        lines.append((Part("  " + fitted(command.shown, KEYS), "key"), Part(first)))
        lines += [(Part(" " * (KEYS + 2)), Part(line)) for line in more]
    return lines
