"""Runs outlive those who started them; whatever happens, the store stays whole."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.engine.journal import runs
from core.events import NodeFailed, NodeFinished, RunFinished, RunStarted
from core.model.host import Host, Libc
from core.session import Run, Session
from core.session.cache import CacheDesk
from core.settings import Settings
from tests.program import Program
from tests.simulator.fixtures import Serve
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.server import Fault, FaultyServer

HOST = Host("linux", "debian12", "x86_64", ("x86_64",), Libc("glibc", "2.36", "/usr"))
PATIENCE = 60


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def session(program: Program) -> Generator[Session]:
    """In the same world as `program`."""
    world = program.directory
    settings = Settings(
        program.store, world / "config", world / "cache", world / "state", use_spack=False
    )
    opened = Session(settings, host=HOST)
    yield opened
    opened.close()


@pytest.fixture
def server(simulated: SimulatedMirror, serving: Serve) -> FaultyServer:
    return serving(simulated.root)


def ready(session: Session, simulated: SimulatedMirror, url: str) -> list[str]:
    session.add_mirror("harbor", url)
    session.refresh("harbor", cancel=CancelToken(), progress=lambda *_: None)
    session.trust("harbor", simulated.fingerprint)
    return [session.resolve("boat").build.hash]


def slow_archive(simulated: SimulatedMirror, server: FaultyServer, name: str) -> None:
    """Have the archive of a package come a byte at a time."""
    path = simulated.archive_path(name).relative_to(simulated.root)
    server.fail(str(path), Fault(drip=0.1))


def last(run: Run) -> RunFinished:
    event = run.history()[-1]
    assert isinstance(event, RunFinished)
    return event


def test_the_engine_outlives_the_terminal_that_started_it(
    program: Program, session: Session, simulated: SimulatedMirror, server: FaultyServer
) -> None:
    ready(session, simulated, server.url)
    slow_archive(simulated, server, "boat")
    starter = subprocess.Popen(
        program.arguments("install", "boat", "--yes"),
        env=program.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until(lambda: session.current_run() is not None and bool(session.current_run().history()))  # type: ignore[union-attr]
    os.killpg(starter.pid, signal.SIGHUP)
    assert starter.wait() != 0
    run = session.current_run()
    assert run is not None
    assert run.is_alive()
    server.heal()
    until(lambda: not run.is_alive())
    assert last(run).exit_status == 0
    assert "2 packages installed" in program.run("attach").stderr


def test_a_second_start_of_the_same_install_joins_the_first(
    program: Program, session: Session, simulated: SimulatedMirror, server: FaultyServer
) -> None:
    (boat,) = ready(session, simulated, server.url)
    plan = session.plan([boat], cancel=CancelToken())
    slow_archive(simulated, server, "boat")
    run = session.start_install(plan)
    assert session.start_install(plan).id == run.id
    second = subprocess.Popen(
        program.arguments("install", "boat", "--yes"),
        env=program.environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert second.stderr
    for line in second.stderr:
        if f"being installed already, by run {run.id}" in line:
            break
    server.heal()
    _, said = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0
    assert "2 packages installed" in said
    assert [known.id for known in runs(session.settings)] == [run.id]


def test_another_install_does_not_wait_for_the_first(
    program: Program, session: Session, simulated: SimulatedMirror, server: FaultyServer
) -> None:
    (boat,) = ready(session, simulated, server.url)
    plan = session.plan([boat], cancel=CancelToken())
    slow_archive(simulated, server, "boat")
    run = session.start_install(plan)
    tide = session.resolve("tide").build.hash
    until(lambda: any(isinstance(event, NodeFinished) for event in run.history()))
    assert "installed already" in program.good("install", f"/{tide}", "--yes")
    assert run.is_alive()
    # A run that is being cancelled is not joined: another one comes after it.
    run.cancel()
    again = session.start_install(plan)
    assert again.id != run.id
    server.heal()
    until(lambda: not again.is_alive() and not run.is_alive())
    assert last(again).exit_status == 0


def test_attach_names_the_runs_in_progress(
    program: Program, session: Session, simulated: SimulatedMirror, server: FaultyServer
) -> None:
    (boat,) = ready(session, simulated, server.url)
    plans = [
        session.plan([root], cancel=CancelToken())
        for root in (session.resolve("tide").build.hash, boat)
    ]
    # Not before: a plan looks at the archives, too.
    slow_archive(simulated, server, "boat")
    slow_archive(simulated, server, "tide")
    tide = session.start_install(plans[0])
    until(lambda: bool(tide.history()))
    both = session.start_install(plans[1])
    assert both.id != tide.id
    assert [run.id for run in session.runs.in_progress()] == [both.id, tide.id]
    server.heal()
    done = program.run("attach")
    assert done.returncode == 0
    until(lambda: not tide.is_alive())
    (named,) = (event for event in both.history() if isinstance(event, RunStarted))
    assert named.run == both.id
    # Nothing was done twice.
    fetched = [
        event
        for run in (tide, both)
        for event in run.history()
        if isinstance(event, NodeFinished) and not event.already
    ]
    assert len(fetched) == 2
    assert program.run("attach", tide.id[-6:]).returncode == 0
    assert "There is no run" in program.refused(4, "attach", "nothing")


def test_a_cancelled_run_leaves_nothing_half_done(
    program: Program, session: Session, simulated: SimulatedMirror, server: FaultyServer
) -> None:
    plan = session.plan(ready(session, simulated, server.url), cancel=CancelToken())
    slow_archive(simulated, server, "boat")
    run = session.start_install(plan)
    until(lambda: any(isinstance(event, NodeFinished) for event in run.history()))
    asked = time.monotonic()
    run.cancel()
    until(lambda: not run.is_alive())
    assert time.monotonic() - asked < PATIENCE / 2
    assert last(run).exit_status == 130
    assert last(run).installed == 1
    assert not list(program.store.glob("*/*boat*"))
    assert not list(program.directory.glob("cache/downloads-*"))


def test_a_killed_engine_is_noticed_and_the_next_run_completes(
    program: Program, session: Session, simulated: SimulatedMirror, server: FaultyServer
) -> None:
    plan = session.plan(ready(session, simulated, server.url), cancel=CancelToken())
    slow_archive(simulated, server, "boat")
    run = session.start_install(plan)
    until(lambda: bool(run.history()))
    started = run.history()[0]
    assert isinstance(started, RunStarted)
    os.kill(started.pid, signal.SIGKILL)
    until(lambda: not run.is_alive())
    assert "ended without a word" in program.refused(1, "attach")
    server.heal()
    program.good("install", "boat", "--yes")
    assert program.json("verify")["reports"][0]["problems"] == []


def test_a_mirror_that_changes_after_the_plan_was_shown_is_refused(
    program: Program, session: Session, simulated: SimulatedMirror
) -> None:
    plan = session.plan(ready(session, simulated, simulated.url), cancel=CancelToken())
    other = simulated.archive_path("boat").read_bytes()
    # Signed well and complete: only the digest that the plan showed tells it apart.
    simulated.replace_archive("tide", other)
    run = session.start_install(plan)
    until(lambda: not run.is_alive())
    (failed,) = (event for event in run.history() if isinstance(event, NodeFailed))
    assert "no longer the archive that the plan showed" in failed.title
    assert last(run).exit_status == 3
    assert program.left_in_store() == []


def test_a_connection_that_breaks_fails_plainly(
    program: Program, session: Session, simulated: SimulatedMirror, server: FaultyServer
) -> None:
    plan = session.plan(ready(session, simulated, server.url), cancel=CancelToken())
    path = simulated.archive_path("tide").relative_to(simulated.root)
    # The plan may have looked at the archive.
    CacheDesk(session.settings).clear()
    server.fail(str(path), Fault(cut_after=50))
    run = session.start_install(plan)
    until(lambda: not run.is_alive())
    (failed,) = (event for event in run.history() if isinstance(event, NodeFailed))
    assert failed.exit_status == 1
    assert program.left_in_store() == []


def test_the_program_runs_from_where_it_was_installed(
    program: Program, session: Session, simulated: SimulatedMirror
) -> None:
    plan = session.plan(ready(session, simulated, simulated.url), cancel=CancelToken())
    run = session.start_install(plan)
    until(lambda: not run.is_alive())
    assert last(run).exit_status == 0
    boat: Path = program.prefix("boat") / "bin" / "boat"
    done = subprocess.run([boat], capture_output=True, text=True, check=True)
    assert done.stdout == "low 1\nhigh 9\n"
