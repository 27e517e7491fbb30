"""`spackbin uninstall`."""

import click

from tui.cli.output import say_tidied
from tui.cli.removals import carry_out
from tui.cli.root import Globals
from tui.cli.specs import whole_specs


@click.command()
@click.argument("specs", nargs=-1, metavar="SPEC...", required=True)
@click.option("--dependents", is_flag=True, help="Remove what needs them as well.")
@click.option(
    "--unused", is_flag=True, help="Remove what was installed for them alone and nothing needs."
)
@click.option("--all", "every", is_flag=True, help="Every package that matches a SPEC.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def uninstall(
    given: Globals,
    specs: tuple[str, ...],
    dependents: bool,
    unused: bool,
    every: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove installed packages; refused while something else needs them."""
    session = given.session
    say_tidied(session.install_tree.tidy())
    hashes = session.installed(whole_specs(specs), every=every)
    plan = session.removal_plan(hashes, dependents=dependents, unused=unused)
    carry_out(session, plan, yes=yes, as_json=as_json, quiet=given.is_quiet)
