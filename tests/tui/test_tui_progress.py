"""How far a run has come, in one line of words."""

from core.events import CancelRequested, PhaseProgressed, PhaseStarted, RunPaused
from tests.tui.tui_values import (
    NOW,
    RUN_NODES,
    finished_event,
    install_events,
    started_event,
)
from tui.state.progress import progress_words
from tui.state.run import RunState


def run_of(*events: object) -> RunState:
    state = RunState()
    state.fold(events)  # type: ignore[arg-type]
    return state


def test_nothing_before_and_after() -> None:
    assert progress_words(RunState(), NOW) == ""
    assert progress_words(run_of(started_event(), finished_event(NOW + 9)), NOW + 9) == ""


def test_numbers_and_who_is_at_work() -> None:
    zlib, ncurses, _ = RUN_NODES
    state = run_of(
        started_event(),
        *install_events(zlib, NOW),
        PhaseStarted(time=NOW + 6, node=ncurses.hash, phase="fetch", total=ncurses.size),
        PhaseProgressed(time=NOW + 7, node=ncurses.hash, phase="fetch", done=1_500_000),
    )
    words = "1 of 3 installed  17 %  2.5 MB of 10.0 MB  300.0 kB/s  ncurses fetch"
    assert progress_words(state, NOW + 7) == words
    # Nothing was fetched for a while.
    assert "/s" not in progress_words(state, NOW + 30)


def test_why_nothing_goes_on() -> None:
    paused = run_of(started_event(), RunPaused(time=NOW + 1))
    assert progress_words(paused, NOW + 2).endswith("  paused")
    cancelled = run_of(started_event(), CancelRequested(time=NOW + 1))
    assert progress_words(cancelled, NOW + 2).endswith("  cancelling")
