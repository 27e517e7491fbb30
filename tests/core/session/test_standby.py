"""The engine that waits for its run: it comes to nothing, or to a run, and is never left behind."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.session import Session
from core.session.standby import Standby
from core.settings import Settings
from tests.simulator.mirror import SimulatedMirror

STARTER = """
import sys, time
from core.session.standby import Standby
print(Standby().process.pid, flush=True)
sys.stdin.read()
"""


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """True unless the process is gone, or a zombie that nobody has asked for yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_it_ends_when_it_is_dismissed() -> None:
    standby = Standby()
    assert is_running(standby.process.pid)
    standby.dismiss()
    assert not is_running(standby.process.pid)


@pytest.mark.parametrize("number", [9, 15])
def test_it_ends_when_its_starter_is_killed(number: int) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert is_running(pid)
        starter.send_signal(number)
    until(lambda: not is_running(pid))


def ready(tmp_path: Path, simulated: SimulatedMirror, standby: Standby) -> tuple[Session, str]:
    own = tmp_path / "own"
    settings = Settings(
        tmp_path / "store", own / "config", own / "cache", own / "state", use_spack=False
    )
    session = Session(settings, standby=standby)
    session.add_mirror("harbor", simulated.url)
    session.refresh("harbor", cancel=CancelToken(), progress=lambda *_: None)
    session.trust("harbor", simulated.fingerprint)
    return session, session.resolve("tide").build.hash


def test_it_gets_the_first_run(tmp_path: Path, simulated: SimulatedMirror) -> None:
    standby = Standby()
    session, hash_ = ready(tmp_path, simulated, standby)
    run = session.start_install(session.plan([hash_], cancel=CancelToken()))
    until(lambda: bool(run.history()))
    assert run.history()[0].pid == standby.process.pid  # type: ignore[union-attr]
    # From now on it is none of ours.
    standby.dismiss()
    session.close()
    until(lambda: not run.is_alive())
    assert run.history()[-1].exit_status == 0  # type: ignore[union-attr]


def test_one_that_somebody_killed_is_replaced(tmp_path: Path, simulated: SimulatedMirror) -> None:
    standby = Standby()
    session, hash_ = ready(tmp_path, simulated, standby)
    plan = session.plan([hash_], cancel=CancelToken())
    os.kill(standby.process.pid, 9)
    standby.process.wait()
    run = session.start_install(plan)
    assert run.is_alive()
    until(lambda: not run.is_alive())
    assert run.history()[-1].exit_status == 0  # type: ignore[union-attr]
    session.close()


def test_a_session_that_is_closed_keeps_none(tmp_path: Path, simulated: SimulatedMirror) -> None:
    standby = Standby()
    session, _ = ready(tmp_path, simulated, standby)
    session.close()
    assert not is_running(standby.process.pid)
