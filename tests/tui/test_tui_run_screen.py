"""The screen of an install."""

import time

import msgspec
import pytest

from core.events import (
    CancelRequested,
    Event,
    LockAwaited,
    LogWritten,
    PhaseProgressed,
    PhaseStarted,
    RunPaused,
    RunResumed,
)
from core.model.holder import Holder
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeRun, FakeSession
from tests.tui.tui_values import (
    NOW,
    RUN_NODES,
    failed_events,
    finished_event,
    install_events,
    skipped_event,
    started_event,
)

ZLIB, NCURSES, HDF5 = RUN_NODES


def recent(*events: Event) -> list[Event]:
    """The events as if they happened a moment ago."""
    shift = time.time() - NOW - 6
    return [msgspec.structs.replace(event, time=event.time + shift) for event in events]


async def test_a_run_in_progress_is_said_and_L_shows_it(session: FakeSession) -> None:
    session.run = FakeRun(recent(started_event(), *install_events(ZLIB, NOW)))
    async with opened(session) as driver:
        await driver.sees("installing 1 of 3: L")
        await driver.press("L")
        await driver.sees(
            "1 of 3 installed",
            "─ fetch ─",
            "─ verify ─",
            "─ extract ─",
            "─ relocate ─",
            "─ register ─",
            "■ zlib@1.3.1",
            "▪▪▪▪▪  done      3.0 s",
            "zlib@1.3.1: signature good",
            "Esc leave it running",
        )
        assert "waits" in driver.text()


async def test_whom_a_package_waits_for_is_said(session: FakeSession) -> None:
    holder = Holder(1234, "node7", "alice")
    waits = LockAwaited(time=NOW, node=ZLIB.hash, lock="prefix", holder=holder)
    session.run = FakeRun(recent(started_event(), waits))
    async with opened(session) as driver:
        await driver.sees("installing 0 of 3: L")
        await driver.press("L")
        await driver.sees("waits     for process 1234 of alice")
        await driver.press("w")
        await driver.sees("It waits for process 1234 of alice on node7.")


async def test_progress_arrives_while_one_looks(session: FakeSession) -> None:
    session.run = FakeRun(recent(started_event()))
    async with opened(session) as driver:
        await driver.sees("installing 0 of 3: L")
        await driver.press("L")
        await driver.sees("0 of 3 installed", "for zlib")
        session.run.append(
            *recent(
                PhaseStarted(time=NOW, node=ZLIB.hash, phase="fetch", total=ZLIB.size),
                PhaseProgressed(time=NOW + 6, node=ZLIB.hash, phase="fetch", done=330_000),
            )
        )
        await driver.sees("33 %  330.0 kB of 1.0 MB", "▸····  fetch", "/s  0:")
        session.run.append(
            *recent(PhaseStarted(time=NOW + 6, node=ZLIB.hash, phase="extract", total=1004)),
            *recent(PhaseProgressed(time=NOW + 6, node=ZLIB.hash, phase="extract", done=612)),
        )
        await driver.sees("60 %  612 of 1,004 files")
        session.run.append(*recent(*install_events(ZLIB, NOW)[-1:]))
        await driver.sees("1 of 3 installed")
        assert "for zlib" not in driver.text()


async def test_without_a_size_the_bytes_are_shown(session: FakeSession) -> None:
    start = started_event()
    unknown = tuple(msgspec.structs.replace(of, size=0) for of in start.nodes)
    session.run = FakeRun(
        recent(
            msgspec.structs.replace(start, nodes=unknown),
            PhaseStarted(time=NOW, node=ZLIB.hash, phase="fetch", total=0),
            PhaseProgressed(time=NOW + 6, node=ZLIB.hash, phase="fetch", done=330_000),
        )
    )
    async with opened(session) as driver:
        await driver.sees("installing 0 of 3: L")
        await driver.press("L")
        await driver.sees("330.0 kB", "▸····  fetch")
        assert " of 0 B" not in driver.text()


async def test_the_end_and_its_failures_are_told(session: FakeSession) -> None:
    session.run = FakeRun(
        [
            started_event(),
            *failed_events(ZLIB, NOW),
            *install_events(NCURSES, NOW),
            skipped_event(HDF5, NOW + 2),
            finished_event(NOW + 9, 1, 1, 1),
        ]
    )
    session.run.die()
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("L")
        await driver.sees(
            "1 of 3 installed  1 failed  1 not tried",
            "done in 9.0 s",
            "✗····  failed    The signature is bad",
            "not tried zlib failed",
            "Esc back",
        )
        await driver.press("w")
        await driver.sees(
            "zlib@1.3.1: failed",
            "harbor: zlib-1.3.1.spec.manifest.json",
            "Tell the operator of the mirror.",
            "Not stopped by it: 1 other package.",
        )
        await driver.press("escape", "G", "w")
        await driver.sees("hdf5@1.14.6: not tried", "Zlib failed.")
        await driver.press("escape", "c")
        await driver.sees("The install has ended")


async def test_v_shows_the_log_of_the_package_and_back(session: FakeSession) -> None:
    session.run = FakeRun(
        recent(started_event(), *install_events(ZLIB, NOW), *install_events(NCURSES, NOW))
    )
    async with opened(session) as driver:
        await driver.sees("installing 2 of 3: L")
        await driver.press("L", "j")
        await driver.sees("ncurses@6.5: signature good", "zlib@1.3.1: signature good")
        await driver.press("v")
        await driver.sees("log of ncurses@6.5")
        await driver.misses("zlib@1.3.1: signature good")
        await driver.press("escape")
        await driver.sees("─ fetch ─")
        await driver.press("escape")
        await driver.sees("Packages")


async def test_cancel_asks_first(session: FakeSession) -> None:
    session.run = FakeRun(recent(started_event()))
    async with opened(session) as driver:
        await driver.sees("installing 0 of 3: L")
        await driver.press("L", "c")
        await driver.sees("Cancel the install?", "[ Keep going ]")
        await driver.press("enter")
        await driver.misses("Cancel the install?")
        assert not session.run.is_asked_to_stop
        await driver.press("c", "y")
        await driver.until(lambda: session.run.is_asked_to_stop)
        session.run.append(*recent(CancelRequested(time=NOW + 6)))
        await driver.sees("cancelling")
        await driver.press("c")
        await driver.sees("It is being cancelled")


async def test_p_pauses_and_goes_on(
    session: FakeSession, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = PhaseStarted(time=NOW + 5, node=ZLIB.hash, phase="fetch", total=ZLIB.size)
    session.run = FakeRun(recent(started_event(), begun))
    async with opened(session) as driver:
        await driver.sees("installing 0 of 3: L")
        await driver.press("L")
        await driver.sees("p pause")
        await driver.press("p")
        await driver.until(lambda: session.run.is_asked_to_wait)
        session.run.append(*recent(RunPaused(time=NOW + 6)))
        await driver.sees("paused, 1 still in work", "p go on", "paused: nothing new is begun")
        session.run.append(*recent(*install_events(ZLIB, NOW)))
        await driver.sees("1 of 3 installed  paused ")
        await driver.press("p")
        await driver.until(lambda: not session.run.is_asked_to_wait)
        session.run.append(*recent(RunResumed(time=NOW + 6)))
        await driver.sees("p pause")
        await driver.misses("installed  paused")
        session.run.append(*recent(RunPaused(time=NOW + 6)))
        await driver.sees("p go on")
        # Whoever leaves leaves it paused, and is told how it goes on.
        await driver.press("escape")
        await driver.sees("paused at 1 of 3: L")
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running)
    assert capsys.readouterr().err.strip() == ("The install is paused. Go on with: spackbin resume")


async def test_a_run_that_has_ended_cannot_be_paused(session: FakeSession) -> None:
    session.run = FakeRun([started_event(), finished_event(NOW + 9)])
    session.run.die()
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("L")
        await driver.sees("done in 9.0 s")
        await driver.press("p")
        await driver.sees("The install has ended")


async def test_an_engine_that_dies_is_noticed(session: FakeSession) -> None:
    session.run = FakeRun(recent(started_event()))
    async with opened(session) as driver:
        await driver.sees("installing 0 of 3: L")
        session.run.die()
        await driver.press("L")
        await driver.sees("The install process ended without a word")
        await driver.press("w")
        await driver.sees("the others left nothing", "spackbin attach run-1", "out of memory")
        assert "\x1b" not in driver.text()


async def test_leaving_does_not_stop_it_and_says_so(
    session: FakeSession, capsys: pytest.CaptureFixture[str]
) -> None:
    session.run = FakeRun(recent(started_event()))
    async with opened(session) as driver:
        await driver.sees("installing 0 of 3: L")
        await driver.press("L")
        await driver.sees("0 of 3 installed")
        await driver.press("escape", "q")
        await driver.until(lambda: not driver.app.is_running)
    assert not session.run.is_asked_to_stop
    assert capsys.readouterr().err.strip() == "The install goes on. Watch it with: spackbin attach"


async def test_when_it_ends_the_packages_are_read_anew(session: FakeSession) -> None:
    session.run = FakeRun(recent(started_event()))
    async with opened(session) as driver:
        await driver.sees("installing 0 of 3: L", "45 of 45")
        session.all_builds = session.all_builds[:-1]
        session.run.append(finished_event(NOW + 9))
        await driver.sees("44 of 44")
        await driver.misses("installing")


async def test_without_any_run_L_says_so(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("L")
        await driver.sees("Nothing was installed from here yet")


async def test_a_finished_run_sends_nothing_any_more(session: FakeSession) -> None:
    session.run = FakeRun([started_event(), finished_event(NOW + 9)])
    session.run.die()
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds")
        await driver.press("L")
        await driver.sees("done in 9.0 s")
        await driver.until(lambda: not driver.app.workers)


async def test_the_log_follows_its_end_unless_one_reads_further_up(session: FakeSession) -> None:
    def lines(first: int, last: int) -> list[Event]:
        return [
            LogWritten(time=NOW, node=None, text=f"line {number}") for number in range(first, last)
        ]

    session.run = FakeRun(recent(started_event()))
    async with opened(session) as driver:
        await driver.sees("installing 0 of 3: L")
        await driver.press("L")
        await driver.sees("0 of 3 installed")
        session.run.append(*recent(*lines(0, 40)))
        await driver.sees("line 39")
        session.run.append(*recent(*lines(40, 300)))
        await driver.sees("line 299")
        await driver.press("tab", "g")
        await driver.sees("line 100")
        session.run.append(*recent(*lines(300, 310)))
        await driver.pilot.pause(0.6)
        assert "line 309" not in driver.text()
        await driver.press("G")
        await driver.sees("line 309")


async def test_where_a_package_is_and_how_to_run_it_is_said(session: FakeSession) -> None:
    session.run = FakeRun(recent(started_event(), *install_events(HDF5, NOW)))
    async with opened(session) as driver:
        await driver.press("L")
        await driver.sees("hdf5: installed in /s/hdf5")
        await driver.press("G", "w")
        await driver.sees(
            "hdf5@1.14.6: done",
            "It is installed in /s/hdf5.",
            "To run its programs, if it has any: export PATH=/s/hdf5/bin:$PATH",
        )
        await driver.misses("Phase:")
