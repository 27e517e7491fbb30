"""A run as it goes, on the command line."""

import time

from core.errors import Interrupted, StoreError
from core.events import (
    CancelRequested,
    Event,
    LockAwaited,
    LogWritten,
    MarkedExplicit,
    NodeFailed,
    NodeFinished,
    NodeRelocated,
    NodeSkipped,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
)
from core.model.ident import DagHash
from core.session import Run, Session
from tui.cli.followbuilds import ABOUT_BUILDS, BuildLines
from tui.cli.output import note, print_json
from tui.cli.takeover import take_over_of, without_a_word
from tui.state.run import lock_words
from tui.text import counted, duration

SHORTEST_PAUSE, LONGEST_PAUSE = 0.004, 0.1
"""Seconds between two looks at the journal: short while much happens, long while nothing does."""
_GROWTH = 1.15
_ORDERS = {
    CancelRequested: "Cancelled.",
    RunPaused: "Paused: what is begun is finished, nothing new is begun. To go on: spackbin resume",
    RunResumed: "It goes on.",
}
"""What is said when the engine was told something."""


def follow(run: Run, session: Session, *, quiet: bool, as_json: bool, store: str) -> int:
    """Report a run until its engine ends; returns its exit status.

    Ctrl-C asks the engine to stop and goes on reporting until it has cleaned up.

    Raises:
        StoreError: the engine died; it says how to go on.
        Interrupted: it was cancelled before it began.
    """
    events: list[Event] = []
    builds = BuildLines()
    pause = SHORTEST_PAUSE
    standing = ""
    while True:
        try:
            is_alive = run.is_alive()
            news = run.events()
            if not events and not quiet and standing != (standing := run.standing()) and standing:
                note(f"{standing}.")
            for event in news:
                events.append(event)
                if not quiet:
                    _report(event, events)
                    _report_build(event, events, builds)
            if isinstance(events[-1] if events else None, RunFinished):
                break
            if not is_alive and not events and run.is_cancelled():
                raise Interrupted("Cancelled before it began")
            if not is_alive:
                raise _died(run, session, events, store if as_json else "")
            pause = SHORTEST_PAUSE if news else min(pause * _GROWTH, LONGEST_PAUSE)
            time.sleep(pause)
        except KeyboardInterrupt:
            note("Cancelling; waiting for the engine to clean up.")
            run.cancel()
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    if as_json:
        print_json("run", run=run.id, store=store, events=events, take_over=None)
    return finished.exit_status


def _died(run: Run, session: Session, events: list[Event], json_for: str) -> StoreError:
    """The error of a run whose engine died; with a store, its JSON document is printed first."""
    found = take_over_of(session, run, events)
    if json_for:
        print_json("run", run=run.id, store=json_for, events=events, take_over=found)
    return without_a_word(run, found)


def _names(events: list[Event]) -> dict[DagHash, str]:
    started = next((item for item in events if isinstance(item, RunStarted)), None)
    return {node.hash: f"{node.name}@{node.version}" for node in started.nodes} if started else {}


def _report_build(event: Event, events: list[Event], builds: BuildLines) -> None:
    if isinstance(event, ABOUT_BUILDS):
        for line in builds.of(event, _names(events).get(event.node, "A package")):
            note(line)


def _report(event: Event, events: list[Event]) -> None:
    names = _names(events)
    match event:
        case LogWritten():
            note(f"  {event.text}")
        case LockAwaited():
            note(f"{_who(event, names)} waits for {lock_words(event)}.")
        case MarkedExplicit():
            note(f"{event.name}@{event.version}: installed already in {event.prefix}")
        case NodeRelocated() if event.files:
            paths, files = counted(event.strings, "path"), counted(event.files, "file")
            note(f"  {names[event.node]}: relocated, {paths} in {files} changed")
        case NodeFinished():
            state = "installed already" if event.already else "installed"
            note(f"{names[event.node]}: {state} in {event.prefix}")
        case NodeFailed():
            text = ". ".join(part for part in (event.title, event.detail, event.hint) if part)
            note(f"{names[event.node]}: failed. {text}.")
        case NodeSkipped():
            note(f"{names[event.node]}: not tried, {event.reason}.")
        case CancelRequested() | RunPaused() | RunResumed():
            note(_ORDERS[type(event)])
        case RunFinished():
            parts = [f"{counted(event.installed, 'package')} installed"]
            parts += [f"{event.failed} failed"] if event.failed else []
            parts += [f"{event.skipped} not tried"] if event.skipped else []
            note(f"{', '.join(parts)} in {duration(event.seconds)}.")
        case _:
            pass


def _who(event: LockAwaited, names: dict[DagHash, str]) -> str:
    return names.get(event.node, "A package") if event.node else "The run"
