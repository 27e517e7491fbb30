"""One table of commands: it feeds key bindings, footer, command palette, help page and README.

A screen offers a command if the table says so; the method that does it is called `do_<id>`. The
rows are in the files of this room, by topic.
"""

from tui.commands import around, builds, changes, judging, lists, mirrors
from tui.commands.command import DIALOGS, EVERYWHERE, FOOTER_KEYS, LISTS, Command

__all__ = [
    "DIALOGS",
    "EVERYWHERE",
    "FOOTER_KEYS",
    "LISTS",
    "SCREENS",
    "TABLE",
    "Command",
    "commands_of",
    "footer_of",
    "markdown_table",
]

TABLE: tuple[Command, ...] = (
    *builds.COMMANDS,
    *judging.COMMANDS,
    *changes.COMMANDS,
    *mirrors.COMMANDS,
    *around.COMMANDS,
    *lists.COMMANDS,
)
"""Every command, in the order of importance."""

SCREENS = (
    "browse",
    "tree",
    "preview",
    "run",
    "keys",
    "mirrors",
    "history",
    "operation",
    "uninstall",
    "undo",
    "environment",
    "why",
    "matrix",
    "variants",
    "dependents",
    "details",
    "help",
)
"""The screens, by the names that the table uses."""


def commands_of(screen: str) -> tuple[Command, ...]:
    """The commands of a screen, those of every screen included, those of lists not."""
    return tuple(
        command
        for command in TABLE
        if screen in command.screens or (EVERYWHERE in command.screens and screen in SCREENS)
    )


def footer_of(screen: str) -> tuple[Command, ...]:
    """The commands that the footer of a screen shows, at most `FOOTER_KEYS`."""
    return tuple(command for command in TABLE if screen in command.footer)[:FOOTER_KEYS]


def markdown_table() -> str:
    """All commands as a Markdown table, for the README."""
    lines = ["| key | does | where |", "| --- | --- | --- |"]
    for command in TABLE:
        keys = " ".join(f"`{key}`" for key in command.shown.split())
        lines.append(f"| {keys} | {command.help} | {', '.join(command.screens)} |")
    return "\n".join(lines) + "\n"
