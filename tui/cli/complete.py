"""Values that the shell completes: names of packages and of mirrors.

Loaded only when a shell asks: a command that runs does not need it.
"""

from collections.abc import Callable
from functools import partial

import click
from click.shell_completion import CompletionItem

from core.errors import SpackbinError
from core.session import Session
from tui.cli.root import given_by

MOST = 1000
"""More names than this help nobody."""


def _packages(session: Session) -> list[str]:
    return [package.name for package in session.packages(all_targets=True)]


def _mirrors(session: Session) -> list[str]:
    return [mirror.name for mirror in session.mirrors()]


_VALUES: dict[str, Callable[[Session], list[str]]] = {
    "spec": _packages,
    "specs": _packages,
    "query": _packages,
    "package": _packages,
    "mirror": _mirrors,
    "mirrors": _mirrors,
    "mirror_name": _mirrors,
    "names": _mirrors,
}
"""By the names of parameters, which mean the same in all commands."""


def equip(command: click.Command) -> None:
    """Let a command, and those of its group, complete its values."""
    for parameter in command.params:
        values = _VALUES.get(parameter.name or "")
        if values:
            parameter.shell_complete = partial(_complete, values)
    if isinstance(command, click.Group):
        for one in command.commands.values():
            equip(one)


def _complete(
    values: Callable[[Session], list[str]], ctx: click.Context, incomplete: str
) -> list[CompletionItem]:
    """The values that begin so; nothing where something is wrong: the command will say it."""
    try:
        names = values(given_by(**ctx.find_root().params).session)
    except SpackbinError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)][:MOST]
