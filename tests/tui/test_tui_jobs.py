"""Jobs: order, latest wins, errors as facts."""

import threading
from collections.abc import Iterator

import pytest
from textual.app import App

from core.errors import MirrorError, SpackbinError
from tests.tui.tui_fakes import FakeRun, FakeSession
from tests.tui.tui_values import finished_event, started_event
from tui.jobs import Jobs
from tui.jobs import runs as runs_module
from tui.messages import JobEnded, Learned, facts, requests


class Listener(App[int]):
    """Collects facts."""

    def __init__(self, session: FakeSession) -> None:
        super().__init__()
        self.jobs = Jobs(self, session)  # type: ignore[arg-type]
        self.facts: list[facts.Fact] = []
        self.ended = 0

    def on_learned(self, message: Learned) -> None:
        self.facts.append(message.fact)

    def on_job_ended(self, message: JobEnded) -> None:
        self.jobs.ended(message.request)
        self.ended += 1

    async def wait(self, pilot: object, ended: int) -> None:
        for _ in range(500):
            if self.ended >= ended:
                return
            await pilot.pause(0.02)  # type: ignore[attr-defined]
        raise AssertionError(f"only {self.ended} jobs ended")


@pytest.fixture
def gate(session: FakeSession) -> Iterator[threading.Event]:
    """Holds all calls of the session until it is set."""
    session.gate.clear()
    yield session.gate
    session.gate.set()


async def test_only_the_latest_question_is_answered(
    session: FakeSession, gate: threading.Event
) -> None:
    app = Listener(session)
    async with app.run_test() as pilot:
        for letter in "abcd":
            app.jobs.start(requests.FindPackages(letter, False))
        gate.set()
        await app.wait(pilot, 2)
        assert [fact.request.query for fact in app.facts] == ["d"]
        assert app.ended == 2


async def test_other_requests_are_met_one_after_the_other(
    session: FakeSession, gate: threading.Event
) -> None:
    app = Listener(session)
    async with app.run_test() as pilot:
        app.jobs.start(requests.ReadKeys("harbor"))
        app.jobs.start(requests.ReadKeys("prbot"))
        gate.set()
        await app.wait(pilot, 2)
        assert [fact.mirror for fact in app.facts] == ["harbor", "prbot"]


async def test_kinds_do_not_wait_for_each_other(session: FakeSession) -> None:
    session.run = FakeRun([started_event()])
    app = Listener(session)
    async with app.run_test() as pilot:
        app.jobs.start(requests.FollowRun(session.run))
        app.jobs.start(requests.ReadHost())
        await app.wait(pilot, 1)
        assert any(isinstance(fact, facts.HostRead) for fact in app.facts)
        app.jobs.stop()
        await app.wait(pilot, 2)


async def test_nobody_hears_of_what_was_given_up(
    session: FakeSession, gate: threading.Event
) -> None:
    app = Listener(session)
    async with app.run_test() as pilot:
        app.jobs.start(requests.MakePlan(("a",)))
        app.jobs.start(requests.GiveUp(requests.MakePlan))
        gate.set()
        await app.wait(pilot, 1)
        assert app.facts == []


async def test_errors_become_facts(session: FakeSession) -> None:
    session.failures["host"] = MirrorError("Away")
    session.failures["mirrors"] = OSError("disk")  # type: ignore[assignment]
    app = Listener(session)
    async with app.run_test() as pilot:
        app.jobs.start(requests.ReadHost())
        await app.wait(pilot, 1)
        app.jobs.start(requests.ReadMirrors())
        await app.wait(pilot, 2)
        errors = [fact.error for fact in app.facts]
        assert errors[0] is session.failures["host"]
        assert isinstance(errors[1], SpackbinError)
        assert errors[1].title == "Unexpected OSError: disk"


async def test_one_mirror_that_fails_does_not_stop_the_refresh_of_others(
    session: FakeSession,
) -> None:
    app = Listener(session)
    session.failures["refresh"] = MirrorError("Away")
    async with app.run_test() as pilot:
        app.jobs.start(requests.RefreshMirrors(("harbor", "prbot")))
        await app.wait(pilot, 1)
        kinds = [type(fact).__name__ for fact in app.facts]
        assert kinds == ["RefreshFailed", "RefreshFailed", "MirrorsRefreshed"]


async def test_a_run_is_followed_to_its_end(session: FakeSession) -> None:
    run = FakeRun([started_event()])
    app = Listener(session)
    async with app.run_test() as pilot:
        app.jobs.start(requests.FollowRun(run))
        await pilot.pause(0.1)
        run.append(finished_event(1.0))
        await app.wait(pilot, 1)
        assert sum(len(fact.events) for fact in app.facts) == 2
        assert {type(fact) for fact in app.facts} == {facts.EventsArrived}


async def test_a_long_journal_comes_in_pieces(
    session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_module, "EVENTS_AT_ONCE", 2)
    run = FakeRun([started_event(), *[finished_event(1.0)] * 4])
    app = Listener(session)
    async with app.run_test() as pilot:
        app.jobs.start(requests.FollowRun(run))
        await app.wait(pilot, 1)
        assert [len(fact.events) for fact in app.facts] == [2, 2, 1]


async def test_an_engine_that_never_speaks_is_given_up(
    session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_module, "START_SECONDS", 0.3)
    run = FakeRun()
    run.die()
    app = Listener(session)
    async with app.run_test() as pilot:
        app.jobs.start(requests.FollowRun(run))
        await app.wait(pilot, 1)
        assert [type(fact) for fact in app.facts] == [facts.EngineLost]
