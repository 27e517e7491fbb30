"""`spackbin dependents`."""

import click

from tui.cli.browse import build_row, say_choice
from tui.cli.machine import machine_options
from tui.cli.output import note, print_json, print_table
from tui.cli.root import Globals


@click.command()
@click.argument("spec", nargs=-1, required=True)
@machine_options
@click.option("--exact", is_flag=True, help="Refuse a SPEC that matches several builds.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def dependents(given: Globals, spec: tuple[str, ...], exact: bool, as_json: bool) -> None:
    """List the builds, on offer or installed, that need SPEC directly."""
    text = " ".join(spec)
    choice = given.session.resolve(text, exact=exact)
    found = given.session.judge.dependents(choice.build.hash)
    if as_json:
        print_json("dependents", of=choice.build, builds=found)
        return
    say_choice(text, choice.build, choice.matches)
    print_table(
        ("state", "build", "target", "os", "compiler", "hash", "from", "variants"),
        map(build_row, found),
    )
    if not found:
        note("Nothing needs it.")
