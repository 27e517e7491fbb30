"""`spackbin undo`."""

import click

from core.model.plan import Plan
from tui.cli.output import say_tidied
from tui.cli.removals import agreed, carry_out
from tui.cli.root import Globals


@click.command()
@click.argument("number", type=click.IntRange(min=1), required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def undo(given: Globals, number: int | None, yes: bool, as_json: bool) -> None:
    """Take an operation back: the last, or the one that `spackbin history` gives this NUMBER.

    Only what the operation installed is removed, and only if nothing else needs it. What an
    operation had removed is installed again.
    """
    say_tidied(given.session.install_tree.tidy())
    plan = given.session.undo_plan(number)
    if isinstance(plan, Plan):
        _install_again(given, plan, yes=yes, as_json=as_json)
    else:
        carry_out(given.session, plan, yes=yes, as_json=as_json, quiet=given.is_quiet)


def _install_again(given: Globals, plan: Plan, *, yes: bool, as_json: bool) -> None:
    from core.session.documents import plan_fields
    from tui.cli.follow import follow
    from tui.cli.output import print_json, say
    from tui.cli.plans import obstacle_of, print_plan

    if not as_json:
        print_plan(plan)
    obstacle = obstacle_of(plan)
    if obstacle:
        raise obstacle
    if plan.has_work and agreed("Install again?", "installed", yes):
        run = given.session.start_install(plan)
        status = follow(run, given.session, quiet=given.is_quiet, as_json=as_json, store=plan.store)
        raise click.exceptions.Exit(status)
    given.session.mark_explicit(plan)
    if as_json:
        print_json("install", **plan_fields(plan), run=None)
    else:
        say("All of it is installed again already.")
