"""One table of commands: it feeds key bindings, footer, command palette, help page and README.

A screen offers a command if the table says so; the method that does it is called `do_<id>`. The
rows are in the files of this room, by topic.
"""

from collections.abc import Mapping
from functools import cache

from msgspec.structs import replace

from tui.commands import around, builds, changes, judging, lists, mirrors, source
from tui.commands.command import DIALOGS, EVERYWHERE, FOOTER_KEYS, LISTS, Chosen, Command

__all__ = [
    "DIALOGS",
    "EVERYWHERE",
    "FOOTER_KEYS",
    "LISTS",
    "SCREENS",
    "TABLE",
    "Chosen",
    "Command",
    "choose_keys",
    "commands_of",
    "default_commands_of",
    "footer_of",
    "key_of",
    "markdown_table",
]

TABLE: tuple[Command, ...] = (
    *builds.COMMANDS,
    *judging.COMMANDS,
    *changes.COMMANDS,
    *source.COMMANDS,
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
    "buildlog",
    "concretizing",
    "help",
)
"""The screens, by the names that the table uses."""


_chosen: dict[str, Chosen] = {}


def choose_keys(chosen: Mapping[str, Chosen]) -> None:
    """From now on these keys stand for commands, by `place.command`, and for the others those of
    the table.
    """
    _chosen.clear()
    _chosen.update(chosen)


def commands_of(place: str) -> tuple[Command, ...]:
    """The commands of a screen, those of every screen included, those of lists not; or those of
    lists, or of dialogs. They have the keys that the user chose.
    """
    return tuple(_as_chosen(place, command) for command in default_commands_of(place))


@cache
def default_commands_of(place: str) -> tuple[Command, ...]:
    """The same with the keys of the table."""
    return tuple(
        command
        for command in TABLE
        if place in command.screens or (EVERYWHERE in command.screens and place in SCREENS)
    )


def key_of(place: str, command: str) -> str:
    """The first key of a command, as people name it: every text that mentions a key asks here.

    Raises:
        KeyError: the command is not offered there.
    """
    chosen = _chosen.get(f"{place}.{command}")
    if chosen is None:
        known = {one.id: one for one in default_commands_of(place)}
        return known[command].shown.split()[0]
    return chosen.shown.split()[0]


def _as_chosen(place: str, command: Command) -> Command:
    chosen = _chosen.get(f"{place}.{command.id}")
    return replace(command, keys=chosen.keys, shown=chosen.shown) if chosen else command


def footer_of(screen: str) -> tuple[Command, ...]:
    """The commands that the footer of a screen shows, at most `FOOTER_KEYS`."""
    commands = commands_of(screen)
    return tuple(command for command in commands if screen in command.footer)[:FOOTER_KEYS]


def markdown_table() -> str:
    """All commands as a Markdown table, for the README."""
    lines = ["| key | does | where |", "| --- | --- | --- |"]
    for command in TABLE:
        keys = " ".join(f"`{key}`" for key in command.shown.split())
        lines.append(f"| {keys} | {command.help} | {', '.join(command.screens)} |")
    return "\n".join(lines) + "\n"
