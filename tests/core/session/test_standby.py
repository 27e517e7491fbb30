"""The engine that waits for its run: it comes to nothing, or to a run, and is never left behind."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.session import Session
from core.session.standby import Standby
from core.settings import Settings
from tests.simulator.mirror import SimulatedMirror

STARTER = """
import fcntl, sqlite3, sys, threading, time
from core.session.standby import Standby
print("once", flush=False)
file = open(sys.argv[2], "w")
fcntl.flock(file, fcntl.LOCK_EX)
memory = sqlite3.connect(sys.argv[2] + ".db")
memory.execute("CREATE TABLE shells (name)")
if sys.argv[1] == "threads":
    threading.Thread(target=time.sleep, args=[3600], daemon=True).start()
standby = Standby(may_fork=sys.argv[1] != "exec")
standby.start()
print(standby.process.pid, flush=True)
sys.stdin.readline()
standby.dismiss()
"""
WAYS = ["exec", "fork", "threads"]
"""How it may be started; who has threads cannot be copied."""


@contextmanager
def starter(way: str, directory: Path) -> Generator[tuple[subprocess.Popen[str], int]]:
    """A process that has started one, and the process id of that."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, way, str(directory / "locked")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "once\n"
        yield process, int(process.stdout.readline())
        # What was not written yet when it was copied was written by one of them only.
        assert process.communicate("\n")[0] == ""


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


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def status_of(pid: int, field: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(field))


@pytest.mark.parametrize("way", WAYS)
def test_it_ends_when_it_is_dismissed(tmp_path: Path, way: str) -> None:
    with starter(way, tmp_path) as (process, pid):
        assert is_running(pid)
        is_copy = command_of(pid) == command_of(process.pid)
        assert is_copy == (way == "fork")
    assert process.returncode == 0
    assert not is_running(pid)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", [9, 15])
def test_it_ends_when_its_starter_is_killed(tmp_path: Path, number: int, way: str) -> None:
    with starter(way, tmp_path) as (process, pid):
        assert is_running(pid)
        process.send_signal(number)
    until(lambda: not is_running(pid))


@pytest.mark.parametrize("way", WAYS)
def test_it_has_nothing_of_its_starter(tmp_path: Path, way: str) -> None:
    with starter(way, tmp_path) as (process, pid):
        until(lambda: status_of(pid, "SigBlk") == status_of(process.pid, "SigBlk"))
        assert os.getsid(pid) == pid
        # Once all is loaded it waits at a second descriptor of its socket.
        until(lambda: len(os.listdir(f"/proc/{pid}/fd")) == 4)
        opened = {Path(f"/proc/{pid}/fd/{number}").readlink() for number in range(1, 3)}
        assert opened == {Path(os.devnull)}
        process.kill()
        process.wait()
        with (tmp_path / "locked").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    until(lambda: not is_running(pid))


def test_who_only_intends_to_start_one_has_nothing_to_end() -> None:
    standby = Standby(may_fork=True)
    standby.dismiss()
    assert standby.process is None


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


def pid_of(standby: Standby) -> int:
    assert standby.process
    return standby.process.pid


def test_it_gets_the_first_run(tmp_path: Path, simulated: SimulatedMirror) -> None:
    standby = Standby()
    session, hash_ = ready(tmp_path, simulated, standby)
    assert standby.process is None
    plan = session.plan([hash_], cancel=CancelToken())
    pid = pid_of(standby)
    run = session.start_install(plan)
    until(lambda: bool(run.history()))
    assert run.history()[0].pid == pid  # type: ignore[union-attr]
    # From now on it is none of ours.
    standby.dismiss()
    session.close()
    until(lambda: not run.is_alive())
    assert run.history()[-1].exit_status == 0  # type: ignore[union-attr]


def test_a_plan_without_work_starts_none(tmp_path: Path, simulated: SimulatedMirror) -> None:
    first, hash_ = ready(tmp_path, simulated, Standby())
    run = first.start_install(first.plan([hash_], cancel=CancelToken()))
    until(lambda: not run.is_alive())
    standby = Standby()
    session = Session(first.settings, standby=standby)
    assert not session.plan([hash_], cancel=CancelToken()).has_work
    assert standby.process is None
    first.close()


def test_one_that_somebody_killed_is_replaced(tmp_path: Path, simulated: SimulatedMirror) -> None:
    standby = Standby()
    session, hash_ = ready(tmp_path, simulated, standby)
    plan = session.plan([hash_], cancel=CancelToken())
    os.kill(pid_of(standby), 9)
    assert standby.process
    standby.process.wait()
    run = session.start_install(plan)
    assert run.is_alive()
    until(lambda: not run.is_alive())
    assert run.history()[-1].exit_status == 0  # type: ignore[union-attr]
    session.close()


def test_a_session_that_is_closed_keeps_none(tmp_path: Path, simulated: SimulatedMirror) -> None:
    standby = Standby()
    session, hash_ = ready(tmp_path, simulated, standby)
    session.plan([hash_], cancel=CancelToken())
    session.close()
    assert not is_running(pid_of(standby))
