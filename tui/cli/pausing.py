"""`spackbin pause` and `spackbin resume`."""

from typing import TYPE_CHECKING

import click

from core.errors import NotAvailable
from tui.cli.root import Globals

if TYPE_CHECKING:
    from core.session import Run


@click.command()
@click.argument("run_id", required=False, metavar="[RUN]")
@click.pass_obj
def pause(given: Globals, run_id: str | None) -> None:
    """Let the install in progress, or RUN, begin nothing new; what is begun is finished."""
    from tui.cli.output import say

    running = given.session.runs.in_progress()
    run = _living(given, run_id) if run_id else next(iter(running), None)
    if run is None:
        raise _none(given, "No install is in progress")
    run.pause()
    say(f"Run {run.id} is paused. To go on: spackbin resume")


@click.command()
@click.argument("run_id", required=False, metavar="[RUN]")
@click.pass_obj
def resume(given: Globals, run_id: str | None) -> None:
    """Let the install that is paused, or RUN, go on."""
    from tui.cli.output import say

    paused = (run for run in given.session.runs.in_progress() if run.is_paused())
    run = _living(given, run_id) if run_id else next(paused, None)
    if run is None:
        raise _none(given, "No install is paused")
    run.resume()
    say(f"Run {run.id} goes on. To watch it: spackbin attach")


def _living(given: Globals, run_id: str) -> "Run":
    """The run of this name; it has an engine."""
    run = given.session.runs.find(run_id)
    if not run.is_alive():
        raise _none(given, f"Run {run.id} has ended")
    return run


def _none(given: Globals, title: str) -> NotAvailable:
    return NotAvailable(title, f"Store: {given.session.settings.store}", "See spackbin history")
