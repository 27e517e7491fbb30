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
    RunStarted,
)
from core.model.ident import DagHash
from core.session import Run
from tui.cli.followbuilds import ABOUT_BUILDS, BuildLines, builds_left
from tui.cli.output import note, print_json
from tui.state.run import lock_words
from tui.text import counted, duration

SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 0.1
"""Seconds between two looks at the journal: short while much happens, long while nothing does."""
_GROWTH = 1.3


def follow(run: Run, *, quiet: bool, as_json: bool, store: str) -> int:
    """Report a run until its engine ends; returns its exit status.

    Ctrl-C asks the engine to stop and goes on reporting until it has cleaned up.
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
                raise _without_a_word(run, events)
            pause = SHORTEST_PAUSE if news else min(pause * _GROWTH, LONGEST_PAUSE)
            time.sleep(pause)
        except KeyboardInterrupt:
            note("Cancelling; waiting for the engine to clean up.")
            run.cancel()
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    if as_json:
        print_json("run", run=run.id, store=store, events=events)
    return finished.exit_status


def _without_a_word(run: Run, events: list[Event]) -> StoreError:
    """The error of a run whose engine died."""
    hint = "Run the same install again; what is half done is cleaned up first"
    left = builds_left(events)
    if left:
        hint += f". Builds that may still go on are taken over by it: {', '.join(left)}"
    where = run.last_words() or str(run.directory)
    return StoreError("The install ended without a word", where, hint)


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
        case CancelRequested():
            note("Cancelled.")
        case RunFinished():
            parts = [f"{counted(event.installed, 'package')} installed"]
            parts += [f"{event.failed} failed"] if event.failed else []
            parts += [f"{event.skipped} not tried"] if event.skipped else []
            note(f"{', '.join(parts)} in {duration(event.seconds)}.")
        case _:
            pass


def _who(event: LockAwaited, names: dict[DagHash, str]) -> str:
    return names.get(event.node, "A package") if event.node else "The run"
