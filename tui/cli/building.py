"""The options of `plan` and `install` for what no mirror has, and `spackbin log`."""

from collections.abc import Callable
from pathlib import Path

import click

from tui.cli.root import Globals

BUILDERS = ("local", "slurm")
"""Who can build."""


def build_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds `--build`, `--builder` and `--fresh`; `builder_of` says what they come to."""
    command = click.option(
        "--fresh",
        is_flag=True,
        help="Have Spack take the newest, whatever is on offer: implies --build.",
    )(command)
    command = click.option(
        "--builder", type=click.Choice(BUILDERS), help="Who builds it: implies --build."
    )(command)
    return click.option(
        "--build", is_flag=True, help="Have Spack build from source what no mirror has."
    )(command)


def builder_of(build: bool, builder: str | None, fresh: bool) -> str:
    """The builder that the options name; empty if nothing is to be built."""
    return builder or (BUILDERS[0] if build or fresh else "")


@click.command()
@click.argument("words", nargs=-1, metavar="[SPEC]")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def log(given: Globals, words: tuple[str, ...], as_json: bool) -> None:
    """Show what Spack said when it built SPEC, or in the last build that failed."""
    from tui.cli.output import note, print_json, say
    from tui.text import of_log

    found = given.session.runs.build_log(" ".join(words))
    lines = Path(found.path).read_bytes().splitlines()
    if as_json:
        print_json("build-log", log=found, lines=[of_log(line) for line in lines])
        return
    note(f"{found.label}/{found.hash[:7]}: {found.state.value}, built by {found.builder}")
    for line in lines:
        say(of_log(line))
    note(found.path)
