"""Folding events: what a viewer sees depends on the events, not on when it looks."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import (
    CancelRequested,
    Event,
    LockAwaited,
    LockObtained,
    LogWritten,
    MarkedExplicit,
    NodeFinished,
    PhaseFinished,
    PhaseProgressed,
    PhaseStarted,
    decode_event,
    encode_event,
)
from core.model.holder import Holder
from core.model.ident import DagHash
from tests.tui.tui_values import (
    NOW,
    RUN_NODES,
    failed_events,
    finished_event,
    hash_of,
    install_events,
    skipped_event,
    started_event,
)
from tui.state.run import LOG_LINES, RunState
from tui.state.runnode import WEIGHTS, Status

ZLIB, NCURSES, HDF5 = RUN_NODES


def folded(*events: Event) -> RunState:
    state = RunState()
    state.fold([started_event(), *events])
    return state


def test_before_the_first_event_nothing_has_started() -> None:
    state = RunState()
    assert not state.has_started
    assert not state.has_ended
    assert state.elapsed(NOW) == 0
    assert state.progress == 0


def test_a_node_goes_through_its_phases() -> None:
    state = folded(*install_events(ZLIB, NOW))
    zlib = state.nodes[ZLIB.hash]
    assert zlib.status is Status.DONE
    assert list(zlib.finished) == ["fetch", "verify", "extract", "relocate", "register"]
    assert zlib.seconds == pytest.approx(3.0)
    assert zlib.progress == 1.0
    assert state.nodes[HDF5.hash].status is Status.WAITING
    assert state.counts()[Status.DONE] == 1


def test_sizes_that_nobody_knows_are_not_made_up() -> None:
    state = RunState()
    start = started_event()
    unknown = [msgspec.structs.replace(of, size=0) for of in start.nodes]
    state.fold([msgspec.structs.replace(start, nodes=tuple(unknown))])
    state.fold(
        [
            PhaseStarted(time=NOW, node=ZLIB.hash, phase="fetch", total=0),
            PhaseProgressed(time=NOW + 1, node=ZLIB.hash, phase="fetch", done=5_000),
        ]
    )
    assert (state.bytes_fetched, state.bytes_total) == (5_000, 0)
    state.fold(install_events(ZLIB, NOW))
    assert state.nodes[ZLIB.hash].status is Status.DONE
    assert state.bytes_fetched == state.nodes[ZLIB.hash].fetched > 0
    assert 0 < state.progress < 1


def test_weights_of_phases_make_a_whole() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)


def test_progress_within_a_phase_counts() -> None:
    state = folded(
        PhaseStarted(time=NOW, node=ZLIB.hash, phase="fetch", total=ZLIB.size),
        PhaseProgressed(time=NOW + 1, node=ZLIB.hash, phase="fetch", done=ZLIB.size // 2),
    )
    assert state.nodes[ZLIB.hash].progress == pytest.approx(WEIGHTS["fetch"] / 2)
    assert state.bytes_fetched == ZLIB.size // 2
    assert state.bytes_total == 10_000_000
    assert state.rate(NOW + 1) == pytest.approx(ZLIB.size / 2)
    assert state.rate(NOW + 60) == 0


def test_a_fetch_that_begins_anew_is_not_counted_twice() -> None:
    events: list[Event] = []
    for attempt in range(2):
        at = NOW + attempt
        events += [
            PhaseStarted(time=at, node=ZLIB.hash, phase="fetch", total=ZLIB.size),
            PhaseProgressed(time=at + 0.5, node=ZLIB.hash, phase="fetch", done=600_000),
        ]
    state = folded(*events)
    assert state.bytes_fetched == 600_000
    assert sum(number for _, number in state.steps) == 600_000


def test_a_failure_keeps_its_words_and_the_phase_it_happened_in() -> None:
    state = folded(*failed_events(ZLIB, NOW), skipped_event(HDF5, NOW + 2))
    zlib, hdf5 = state.nodes[ZLIB.hash], state.nodes[HDF5.hash]
    assert (zlib.status, zlib.phase) == (Status.FAILED, "fetch")
    assert (zlib.title, zlib.hint) == ("The signature is bad", "Tell the operator of the mirror")
    assert (hdf5.status, hdf5.title) == (Status.SKIPPED, "zlib failed")
    assert state.log_of(ZLIB.hash)[-1].text == "failed: The signature is bad"


def test_waiting_nodes_name_what_they_wait_for() -> None:
    state = folded()
    assert state.waits_for(state.nodes[HDF5.hash]) == ("zlib",)
    state.fold(install_events(ZLIB, NOW))
    assert state.waits_for(state.nodes[HDF5.hash]) == ()


def test_whom_a_node_waits_for_is_known_until_it_goes_on() -> None:
    holder = Holder(1234, "node7", "alice", "spack install zlib", NOW)
    waits = LockAwaited(time=NOW, node=ZLIB.hash, lock="prefix", holder=holder)
    state = folded(waits)
    said = state.nodes[ZLIB.hash].awaits
    assert said.startswith("process 1234 of alice on node7, running since ")
    assert said.endswith("(spack install zlib)")
    assert [line.text for line in state.log_of(ZLIB.hash)] == [f"waits for {said}"]
    assert state.awaits == ""
    for end in (
        LockObtained(time=NOW, node=ZLIB.hash, lock="prefix", seconds=2.0),
        PhaseStarted(time=NOW, node=ZLIB.hash, phase="extract", total=1),
    ):
        assert folded(waits, end).nodes[ZLIB.hash].awaits == ""


def test_the_run_may_wait_for_the_database() -> None:
    waits = LockAwaited(time=NOW, node=None, lock="database", holder=Holder())
    assert folded(waits).awaits == (
        "the install database, held by a process on another machine or in another container"
    )
    over = LockObtained(time=NOW, node=None, lock="database", seconds=2.0)
    assert folded(waits, over).awaits == ""


def test_a_mark_may_be_about_a_package_that_is_not_of_the_run() -> None:
    other = DagHash(hash_of("other"))
    marked = MarkedExplicit(time=NOW, node=other, name="o", version="1", prefix="/p")
    assert other not in folded(marked).nodes


def test_phase_totals_leave_out_nodes_that_never_get_there() -> None:
    state = folded(
        *install_events(ZLIB, NOW),
        *failed_events(NCURSES, NOW),
        PhaseStarted(time=NOW + 9, node=HDF5.hash, phase="extract", total=10),
    )
    totals = {one.phase: one for one in state.phase_totals()}
    assert (totals["extract"].finished, totals["extract"].nodes) == (1, 2)
    assert [node.node.name for node in totals["extract"].active] == ["hdf5"]
    assert totals["fetch"].active == ()


def test_somebody_else_may_install_a_node() -> None:
    state = folded(NodeFinished(time=NOW, node=ZLIB.hash, prefix="/s", already=True))
    assert state.nodes[ZLIB.hash].already
    assert state.bytes_fetched == ZLIB.size
    assert {one.nodes for one in state.phase_totals()} == {2}


def test_the_end_is_known() -> None:
    state = folded(finished_event(NOW + 12))
    assert state.has_ended
    assert state.elapsed(NOW + 999) == 12


def test_a_lost_engine_ends_the_run_at_its_last_event() -> None:
    state = folded(LogWritten(time=NOW + 4, node=None, text="working"))
    state.lose("killed")
    assert state.has_ended
    assert state.lost == "killed"
    assert state.elapsed(NOW + 999) == 4


def test_cancelling_is_seen() -> None:
    state = folded(CancelRequested(time=NOW + 1))
    assert state.is_cancelled
    assert state.log[-1].text == "cancel requested"


def test_nodes_that_were_not_announced_are_no_trouble() -> None:
    stranger = hash_of("stranger")
    state = folded(
        PhaseStarted(time=NOW, node=stranger, phase="fetch", total=1),
        NodeFinished(time=NOW, node=stranger, prefix="/s"),
        LogWritten(time=NOW, node=stranger, text="who"),
    )
    assert stranger not in state.nodes
    assert state.log[-1].text == "who"


def test_the_log_is_bounded() -> None:
    lines = [LogWritten(time=NOW, node=None, text=str(n)) for n in range(LOG_LINES + 10)]
    state = folded(*lines)
    assert len(state.log) == LOG_LINES
    assert state.log[-1].text == str(LOG_LINES + 9)


def test_folding_tells_which_nodes_changed() -> None:
    state = folded()
    assert state.fold(install_events(ZLIB, NOW)) == {ZLIB.hash}


@st.composite
def journals(draw: st.DrawFn) -> list[Event]:
    """A valid journal: the events of each node in order, the nodes mixed."""
    stories: list[list[Event]] = []
    for number, node in enumerate(RUN_NODES):
        at = NOW + number
        kind = draw(st.sampled_from(["installed", "failed", "cut", "skipped"]))
        whole = install_events(node, at)
        stories.append(
            {
                "installed": whole,
                "failed": [*whole[:4], *failed_events(node, at + 3)],
                "cut": whole[: draw(st.integers(0, len(whole)))],
                "skipped": [skipped_event(node, at)],
            }[kind]
        )
    order = draw(st.permutations([n for n, story in enumerate(stories) for _ in story]))
    mixed: list[Event] = [stories[n].pop(0) for n in order]
    ticks = (msgspec.structs.replace(one, time=NOW + at) for at, one in enumerate(mixed))
    ends = draw(st.booleans())
    return [started_event(), *ticks, *([finished_event(NOW + len(mixed) + 1)] if ends else [])]


@given(journals(), st.lists(st.integers(1, 7)))
def test_a_late_viewer_sees_what_an_early_one_sees(journal: list[Event], cuts: list[int]) -> None:
    late, early = RunState(), RunState()
    late.fold(journal)
    rest = journal
    for cut in cuts:
        early.fold(rest[:cut])
        rest = rest[cut:]
    early.fold(rest)
    assert early == late
    assert early.rate(NOW + 5) == late.rate(NOW + 5)


@given(journals())
def test_a_viewer_of_the_journal_on_disk_sees_the_same(journal: list[Event]) -> None:
    direct, read = RunState(), RunState()
    direct.fold(journal)
    read.fold(decode_event(encode_event(event).rstrip()) for event in journal)
    assert read == direct


@given(journals())
def test_progress_stays_within_bounds_and_nothing_is_fetched_twice(journal: list[Event]) -> None:
    state = RunState()
    for event in journal:
        state.fold([event])
        assert 0.0 <= state.progress <= 1.0
        assert 0 <= state.bytes_fetched <= state.bytes_total
    assert sum(state.counts().values()) == len(RUN_NODES)


@given(journals())
def test_nodes_do_not_disturb_each_other(journal: list[Event]) -> None:
    mixed, sorted_by_node = RunState(), RunState()
    mixed.fold(journal)
    about = {node.hash: number for number, node in enumerate(RUN_NODES)}
    sorted_by_node.fold(
        sorted(journal, key=lambda event: about.get(getattr(event, "node", None), -1))
    )
    for hash_ in about:
        assert mixed.nodes[hash_] == sorted_by_node.nodes[hash_]


def test_phase_finished_of_another_phase_does_not_end_the_current_one() -> None:
    state = folded(
        PhaseStarted(time=NOW, node=ZLIB.hash, phase="extract", total=5),
        PhaseFinished(time=NOW + 1, node=ZLIB.hash, phase="verify", seconds=1.0, done=0),
        PhaseProgressed(time=NOW + 2, node=ZLIB.hash, phase="verify", done=3),
    )
    assert state.nodes[ZLIB.hash].phase == "extract"
    assert state.nodes[ZLIB.hash].done == 0
