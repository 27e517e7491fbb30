"""`spackbin install` and `spackbin attach`."""

import time
from pathlib import Path

import click

from core.errors import Interrupted, StoreError
from core.events import (
    CancelRequested,
    Event,
    LogWritten,
    NodeFailed,
    NodeFinished,
    NodeSkipped,
    RunFinished,
    RunStarted,
)
from core.session import Run
from tui.cli.output import is_interactive, note, print_json, say
from tui.cli.plans import (
    environment_option,
    make_plan_of,
    obstacle_of,
    plan_document,
    print_plan,
)
from tui.cli.root import Globals
from tui.text import counted, duration

POLL = 0.1
"""Seconds between two looks at the journal."""


@click.command()
@click.argument("specs", nargs=-1, metavar="SPEC...")
@environment_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--detach", is_flag=True, help="Start it and do not wait for it.")
@click.option("--exact", is_flag=True, help="Refuse a SPEC that matches several builds.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def install(
    given: Globals,
    specs: tuple[str, ...],
    environment: Path | None,
    yes: bool,
    detach: bool,
    exact: bool,
    as_json: bool,
) -> None:
    """Install SPEC... or an environment: show the plan, ask, fetch, verify, relocate, register."""
    session = given.session
    plan = make_plan_of(session, specs, environment, exact=exact)
    if not as_json:
        print_plan(plan)
    obstacle = obstacle_of(plan)
    if obstacle:
        raise obstacle
    run = session.start_install(plan) if plan.has_work and _agreed(yes) else None
    if run is None:
        session.mark_explicit(plan)
        if as_json:
            print_json("install", **plan_document(plan), run=None)
        else:
            say("All of it is installed already.")
    elif detach and as_json:
        print_json("install", **plan_document(plan), run=run.id)
    elif detach:
        say(f"Started run {run.id}. To watch it: spackbin attach")
    else:
        raise click.exceptions.Exit(
            follow(run, quiet=given.is_quiet, as_json=as_json, store=plan.store)
        )


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document at the end.")
@click.pass_obj
def attach(given: Globals, as_json: bool) -> None:
    """Watch the install in progress, or the last one; exits as it does."""
    run = given.session.current_run()
    if run is None:
        note("Nothing was installed into this store by spackbin yet.")
        return
    store = str(given.session.settings.store)
    raise click.exceptions.Exit(follow(run, quiet=given.is_quiet, as_json=as_json, store=store))


def _agreed(yes: bool) -> bool:
    if yes:
        return True
    if not is_interactive():
        raise click.UsageError("There is no terminal to ask on; say --yes to install")
    if not click.confirm("Install?", default=False, err=True):
        raise Interrupted("Nothing was installed")
    return True


def follow(run: Run, *, quiet: bool, as_json: bool, store: str) -> int:
    """Report a run until its engine ends; returns its exit status.

    Ctrl-C asks the engine to stop and goes on reporting until it has cleaned up.
    """
    events: list[Event] = []
    while True:
        try:
            is_alive = run.is_alive()
            for event in run.events():
                events.append(event)
                if not quiet:
                    _report(event, events)
            if isinstance(events[-1] if events else None, RunFinished):
                break
            if not is_alive:
                raise StoreError(
                    "The install ended without a word",
                    run.last_words() or str(run.directory),
                    "Run the same install again; what is half done is cleaned up first",
                )
            time.sleep(POLL)
        except KeyboardInterrupt:
            note("Cancelling; waiting for the engine to clean up.")
            run.cancel()
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    if as_json:
        print_json("run", run=run.id, store=store, events=events)
    return finished.exit_status


def _report(event: Event, events: list[Event]) -> None:
    started = next((item for item in events if isinstance(item, RunStarted)), None)
    names = {node.hash: f"{node.name}@{node.version}" for node in started.nodes} if started else {}
    match event:
        case LogWritten():
            note(f"  {event.text}")
        case NodeFinished():
            state = "installed already" if event.already else "installed"
            note(f"{names[event.node]}: {state} in {event.prefix}")
        case NodeFailed():
            text = ". ".join(part for part in (event.title, event.detail, event.hint) if part)
            note(f"{names[event.node]}: failed. {text}.")
        case NodeSkipped():
            note(f"{names[event.node]}: not tried, {event.reason}.")
        case CancelRequested():
            note("Cancelled.")
        case RunFinished():
            parts = [f"{counted(event.installed, 'package')} installed"]
            parts += [f"{event.failed} failed"] if event.failed else []
            parts += [f"{event.skipped} not tried"] if event.skipped else []
            note(f"{', '.join(parts)} in {duration(event.seconds)}.")
        case _:
            pass
