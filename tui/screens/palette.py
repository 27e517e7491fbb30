"""The command palette: find a command of the screen by its name.

Own lines instead of Textual's palette, which shows what it lists as markup and keeps an animated
indicator.
"""

from collections.abc import Callable

from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.commands import Command, commands_of
from tui.text import Line, Part, fitted, wrapped
from tui.widgets.field import Field
from tui.widgets.lines import CURSOR_FOCUSED, LineList
from tui.widgets.paper import Paper, set_title

ABOUT = 2
"""Lines about the command under the cursor."""


class CommandList(LineList[Command]):
    """Commands: key, name, help."""

    def __init__(self, why_not: Callable[[str], str]) -> None:
        super().__init__(id="commands", empty=" No command has this in its name")
        self._why_not = why_not

    def draw(self, row: Command, width: int) -> Line:  # noqa: ARG002
        """Greyed if it does not apply now."""
        role = "off" if self._why_not(row.id) else ""
        return (
            Part(f" {fitted(row.shown, 9)} ", role or "key"),
            Part(fitted(row.label, 17), role),
            Part(row.help, "quiet"),
        )

    def highlight(self, index: int) -> Style | None:
        """The cursor, though the field above keeps the focus."""
        return CURSOR_FOCUSED if index == self.cursor else None


class Palette(ModalScreen[str]):
    """Type a part of a name, Enter runs the command under the cursor."""

    ALLOW_SELECT = False
    BINDINGS = [  # noqa: RUF012
        ("escape", "decline", "Back"),
        ("down,ctrl+n", "move(1)", "Next"),
        ("up,ctrl+p", "move(-1)", "Previous"),
    ]

    def __init__(self, screen_name: str, why_not: Callable[[str], str]) -> None:
        super().__init__()
        self._commands = tuple(one for one in commands_of(screen_name) if one.id != "palette")
        self._why_not = why_not

    def compose(self) -> ComposeResult:
        """A field and a list."""
        with Vertical(classes="box") as box:
            set_title(box, "Commands")
            yield Field(placeholder="part of a name", id="wanted")
            yield CommandList(self._why_not)
            yield Paper(self._about, id="about")

    def on_mount(self) -> None:
        """All commands at first."""
        self._list.can_focus = False
        self._list.show(self._commands)

    @property
    def _list(self) -> CommandList:
        return self.query_one(CommandList)

    def _about(self, width: int) -> list[Line]:
        """The whole of what the list may have cut, or why the command does not apply now."""
        command = self._list.row
        if command is None:
            return []
        reason = self._why_not(command.id)
        said = wrapped(f"Not now: {reason}" if reason else command.help, width)
        return [(Part(line, "notice" if reason else ""),) for line in said[:ABOUT]]

    def on_line_list_moved(self) -> None:
        """Say all of the command under the cursor."""
        self.query_one("#about", Paper).write(self._about)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list; commands that are called so stand before those that say so."""
        wanted = event.value.lower()
        found = [one for one in self._commands if wanted in f"{one.label} {one.help}".lower()]
        self._list.show(sorted(found, key=lambda one: wanted not in one.label))
        self._list.move(0)
        self.on_line_list_moved()

    def on_input_submitted(self) -> None:
        """Run what is under the cursor."""
        self.dismiss(self._list.row.id if self._list.row else None)

    def on_line_list_opened(self) -> None:
        """Run what was clicked twice."""
        self.on_input_submitted()

    def action_move(self, by: int) -> None:
        """Move the cursor of the list while the field keeps the focus."""
        self._list.move(self._list.cursor + by)

    def action_decline(self) -> None:
        """Run nothing."""
        self.dismiss(None)
