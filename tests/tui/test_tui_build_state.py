"""Builds in a run: what a viewer sees of their events."""

from pathlib import Path

import msgspec
import pytest

from core.events import BuildWaits, NodeSkipped, PhaseProgressed, PhaseStarted
from tests.tui.tui_builds import (
    GHOST,
    WRECK,
    ZLIB,
    build_failed,
    building,
    built,
    half_built,
    mixed_start,
    queued,
    waiting_at_slurm,
)
from tests.tui.tui_values import NOW, install_events
from tui.state.run import RunState
from tui.state.runnode import Status
from tui.widgets.run import build_words

LOG = Path("/runs/1/ghost.log")


def folded(*events: object) -> RunState:
    state = RunState()
    state.fold(events)  # type: ignore[arg-type]
    return state


def test_a_build_goes_on() -> None:
    state = folded(*half_built(LOG))
    ghost = state.nodes[GHOST.hash]
    assert ghost.is_build
    assert ghost.is_alive
    assert (ghost.status, ghost.phase, ghost.step) == (Status.RUNNING, "build", "install")
    assert (ghost.builder, ghost.job, ghost.host, ghost.log) == ("local", "4711", "node7", str(LOG))
    assert build_words(ghost, NOW + 71) == "1:05  on node7, local job 4711"
    assert state.waits_for(state.nodes[WRECK.hash]) == ("ghost",)


def test_a_build_that_waits_says_why() -> None:
    state = folded(mixed_start(), *waiting_at_slurm(GHOST, LOG))
    ghost = state.nodes[GHOST.hash]
    assert ghost.status is Status.WAITING
    assert build_words(ghost, NOW) == "slurm job 4711: Resources"


def test_a_build_that_is_put_back_waits_again_and_starts_anew() -> None:
    again = BuildWaits(time=NOW + 20, node=GHOST.hash, reason="Requeued")
    state = folded(mixed_start(), *building(GHOST, LOG), again)
    ghost = state.nodes[GHOST.hash]
    assert (ghost.status, ghost.phase, ghost.step) == (Status.WAITING, None, "")
    state.fold(building(GHOST, LOG, NOW + 30)[2:])
    assert (ghost.status, ghost.phase, ghost.reason) == (Status.RUNNING, "build", "")
    assert ghost.phase_started == NOW + 30


def test_the_log_says_who_got_it() -> None:
    found = msgspec.structs.replace(queued(GHOST, LOG), reattached=True)
    state = folded(mixed_start(), queued(GHOST, LOG), found)
    assert [line.text for line in state.log] == [
        "handed to builder local, job 4711",
        "found again at builder local, job 4711",
    ]


def test_phases_count_builds_apart() -> None:
    state = folded(*half_built(LOG), *built(GHOST, NOW + 78))
    *binary, build = state.phase_totals()
    assert {(totals.finished, totals.nodes) for totals in binary} == {(1, 1)}
    assert (build.phase, build.finished, build.nodes, build.seconds) == ("build", 1, 2, 72.0)
    assert [totals.phase for totals in folded(mixed_start()).phase_totals()][-1] == "build"


def test_with_builds_each_package_weighs_the_same() -> None:
    state = folded(*half_built(LOG))
    assert state.progress == pytest.approx(1 / 3)
    assert state.bytes_total == ZLIB.size
    state.fold(built(GHOST, NOW + 78))
    assert state.progress == pytest.approx(2 / 3)


def test_a_build_that_counts_something_does_no_harm() -> None:
    state = folded(
        mixed_start(),
        PhaseStarted(time=NOW, node=GHOST.hash, phase="build", total=10),
        PhaseProgressed(time=NOW, node=GHOST.hash, phase="build", done=5),
    )
    assert state.nodes[GHOST.hash].progress == 0


def test_a_failed_build_keeps_its_log_and_stops_what_needs_it() -> None:
    other = Path("/runs/1/kept.log")
    state = folded(
        *half_built(LOG),
        build_failed(GHOST, other, NOW + 9),
        NodeSkipped(time=NOW + 9, node=WRECK.hash, reason="ghost failed"),
    )
    assert state.nodes[GHOST.hash].log == str(other)
    assert not state.nodes[GHOST.hash].is_alive
    assert state.counts()[Status.SKIPPED] == 1
    assert state.nodes[ZLIB.hash].status is Status.DONE


def test_what_is_said_does_not_depend_on_when_it_is_read() -> None:
    events = [*half_built(LOG), *install_events(ZLIB, NOW)[:0], *built(GHOST, NOW + 78)]
    slowly = RunState()
    for event in events:
        slowly.fold([event])
    assert slowly == folded(*events)
