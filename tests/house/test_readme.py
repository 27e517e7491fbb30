"""The README tells the truth about keys and commands."""

from pathlib import Path

import click

from tui.cli.root import COMMANDS, root
from tui.commands import markdown_table

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_keys_are_those_of_the_command_table() -> None:
    assert markdown_table().strip() in README


def test_every_command_is_explained() -> None:
    context = click.Context(root)
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        assert command.help
        assert f"`spackbin {name}" in README
        for below in command.commands if isinstance(command, click.Group) else ():
            assert f"`{below}" in README or f"{name} {below}" in README, f"{name} {below}"
