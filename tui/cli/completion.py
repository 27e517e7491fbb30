"""`spackbin completion`."""

import click
from click.shell_completion import get_completion_class

from tui.cli.root import root


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL; source it from the shell's start-up file."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(root, {}, "spackbin", "_SPACKBIN_COMPLETE").source())
