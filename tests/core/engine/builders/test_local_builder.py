"""Builds on this machine: real processes, with lines of shell for Spack."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from core.engine.builders.local import LocalBuilder
from core.engine.builders.protocol import Builder, BuildTask, JobState
from core.engine.builders.record import read_exit, read_start
from core.engine.builders.site import LocalSettings
from core.errors import NotAvailable, StoreError
from core.host.detect import detect_host
from core.spack.install import InstallCommands
from tests.builds import a_task, ended, running, runs, wait_for, wait_until

OUTLIVED = """
import sys
from pathlib import Path
from core.engine.builders.local import LocalBuilder
from tests.builds import a_task, running

builder = LocalBuilder(lambda task: running(sys.argv[2]))
builder.submit(a_task(Path(sys.argv[1]), "ghost"), ())
print("submitted", flush=True)
sys.stdin.read()
"""
"""An engine that waits until it is killed."""
SLEEP = "echo sleeps; sleep 600 & wait"


def builder_of(install: str, **more: str) -> LocalBuilder:
    return LocalBuilder(lambda _: running(install, **more), grace=1)


@pytest.fixture
def task(tmp_path: Path) -> Generator[BuildTask]:
    task = a_task(tmp_path, "ghost")
    yield task
    start = read_start(task.directory)
    if start and read_exit(task.directory) is None:
        with suppress(ProcessLookupError):
            os.killpg(start.process, signal.SIGKILL)


def test_a_build_is_done_if_spack_says_so(task: BuildTask) -> None:
    builder: Builder = builder_of("echo built in $PWD", settle="echo settled")
    job = builder.submit(task, ())
    assert wait_for(builder, job, ended).state is JobState.DONE
    log = builder.log(task).read_text()
    assert "attempt 1 on" in log
    assert f"built in {task.directory}\nsettled\n" in log


def test_a_build_fails_with_the_status_of_spack(task: BuildTask) -> None:
    builder = builder_of("echo no >&2; exit 3", settle="echo settled")
    report = wait_for(builder, builder.submit(task, ()), ended)
    assert (report.state, report.reason) == (JobState.FAILED, "Spack ended with status 3")
    assert read_exit(task.directory) == 3
    log = builder.log(task).read_text()
    assert log.endswith("no\n")
    assert "settled" not in log


def test_what_is_installed_already_is_neither_built_nor_marked(task: BuildTask) -> None:
    builder = builder_of("echo built", find="true", settle="echo settled")
    assert wait_for(builder, builder.submit(task, ()), ended).state is JobState.DONE
    log = builder.log(task).read_text()
    assert "installed already" in log
    assert "built" not in log
    assert "settled" not in log


def test_a_build_that_cannot_be_marked_is_done_nevertheless(task: BuildTask) -> None:
    builder = builder_of("true", settle="false")
    assert wait_for(builder, builder.submit(task, ()), ended).state is JobState.DONE
    assert "stays marked" in builder.log(task).read_text()


def test_a_cancelled_build_ends_with_all_its_processes(task: BuildTask, tmp_path: Path) -> None:
    """Also those with groups of their own, as those of Spack's second installer."""
    lines = (
        f"echo $$ >'{tmp_path}/first'; trap '' TERM;"
        f" set -m; (echo $BASHPID >'{tmp_path}/second'; sleep 600) & wait; wait"
    )
    builder = builder_of(lines)
    job = builder.submit(task, ())
    wait_until(lambda: (tmp_path / "second").exists() and (tmp_path / "second").read_text() != "")
    builder.cancel([job])
    report = builder.poll([job])[job]
    assert (report.state, report.reason) == (JobState.CANCELLED, "it was cancelled")
    for name in ("first", "second"):
        # Not there, or a zombie that nobody has taken note of yet.
        status = Path("/proc", (tmp_path / name).read_text().strip(), "stat")
        assert not status.exists() or ") Z " in status.read_text()


def test_a_willing_build_may_clean_up_when_it_is_cancelled(task: BuildTask) -> None:
    builder = LocalBuilder(
        lambda _: running("trap 'echo cleaned; exit 1' TERM; echo ready; sleep 600 & wait"),
        grace=60,
    )
    job = builder.submit(task, ())
    wait_until(lambda: "ready" in builder.log(task).read_text())
    builder.cancel([job])
    assert builder.poll([job])[job].state is JobState.CANCELLED
    assert "cleaned" in builder.log(task).read_text()
    assert read_exit(task.directory) == 143


def test_to_cancel_what_has_ended_changes_nothing(task: BuildTask) -> None:
    builder = builder_of("true")
    job = builder.submit(task, ())
    wait_for(builder, job, ended)
    builder.cancel([job])
    assert builder.poll([job])[job].state is JobState.DONE


def test_a_build_killed_from_outside_has_failed(task: BuildTask) -> None:
    builder = builder_of(SLEEP)
    job = builder.submit(task, ())
    wait_until(lambda: read_start(task.directory) is not None)
    start = read_start(task.directory)
    assert start
    os.killpg(start.process, signal.SIGKILL)
    report = wait_for(builder, job, ended)
    assert report.state is JobState.FAILED
    assert "killed" in report.reason


def test_a_build_can_be_tried_again_in_the_same_directory(task: BuildTask) -> None:
    builder = builder_of("exit 1")
    wait_for(builder, builder.submit(task, ()), ended)
    again = builder_of("true")
    job = again.submit(task, ())
    assert wait_for(again, job, ended).state is JobState.DONE
    assert again.log(task).read_text().count("spackbin: attempt 1 on") == 2


def test_nothing_is_built_twice_at_a_time(task: BuildTask) -> None:
    builder = builder_of(SLEEP)
    job = builder.submit(task, ())
    with pytest.raises(StoreError, match=r"ghost@1\.0 cannot be started"):
        builder_of("true").submit(task, ())
    builder.cancel([job])


@pytest.fixture
def outlived(task: BuildTask, tmp_path: Path) -> Generator[subprocess.Popen[str]]:
    """An engine whose build waits for the file `go`."""
    install = f"echo runs; until [ -e '{tmp_path}/go' ]; do sleep 0.05; done; exec true"
    engine = subprocess.Popen(
        [sys.executable, "-c", OUTLIVED, str(tmp_path), install],
        cwd=Path(__file__).parents[4],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with engine:
        assert engine.stdout
        assert engine.stdout.readline() == "submitted\n"
        wait_until(lambda: read_start(task.directory) is not None)
        yield engine
        engine.kill()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGHUP])
def test_a_build_survives_its_engine_and_is_found_again(
    task: BuildTask, tmp_path: Path, outlived: subprocess.Popen[str], sign: signal.Signals
) -> None:
    os.killpg(outlived.pid, sign)
    outlived.wait()
    builder = builder_of("exit 9")
    job = builder.reattach(task)
    assert job
    assert builder.poll([job])[job].state is JobState.RUNNING
    (tmp_path / "go").touch()
    assert wait_for(builder, job, ended).state is JobState.DONE
    assert builder_of("exit 9").reattach(task) is None


def test_a_build_of_another_engine_can_be_cancelled(
    task: BuildTask, outlived: subprocess.Popen[str]
) -> None:
    outlived.kill()
    outlived.wait()
    builder = builder_of("true")
    job = builder.reattach(task)
    assert job
    builder.cancel([job])
    assert builder.poll([job])[job].state is JobState.CANCELLED
    assert builder.reattach(task) is None


def test_a_process_of_the_same_number_is_left_alone(task: BuildTask) -> None:
    """That of the build is gone, a child with a session of its own has its lock."""
    started = task.directory / "started"
    builder = builder_of("setsid bash -c 'echo $$ >stray; sleep 600; true' & wait")
    job = builder.submit(task, ())
    stray = task.directory / "stray"
    wait_until(lambda: stray.exists() and stray.read_text() != "")
    start = read_start(task.directory)
    assert start
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        os.killpg(start.process, signal.SIGKILL)
        lines = started.read_text().splitlines()
        started.write_text("\n".join([*lines[:3], str(stranger.pid), "1"]))
        other = builder_of("true")
        assert other.reattach(task) == job
        other.cancel([job])
        assert stranger.poll() is None
        stranger.kill()
    assert builder.poll([job])[job].state is JobState.RUNNING
    os.killpg(int(stray.read_text()), signal.SIGKILL)


def test_nothing_is_found_where_nothing_was_submitted(task: BuildTask) -> None:
    assert builder_of("true").reattach(task) is None


def test_secrets_stay_with_us(task: BuildTask) -> None:
    environ = {
        **os.environ,
        "AWS_SECRET_ACCESS_KEY": "hush",
        "https_proxy": "http://me:hush@proxy",
        "SPACK_ENV": "/active",
        "SPACK_ROOT": "/spack",
        "SITE_LICENSE": "here",
    }
    settings = LocalSettings(environment=("SITE_*",), setup=("greeting='good day'",))
    builder = LocalBuilder(lambda _: running("env; echo $greeting"), settings, environ)
    wait_for(builder, builder.submit(task, ()), ended)
    log = builder.log(task).read_text()
    assert "SPACK_ROOT=/spack\n" in log
    assert "SITE_LICENSE=here\n" in log
    assert "hush" not in log
    assert "SPACK_ENV" not in log
    script = task.directory / "build.sh"
    assert "greeting='good day'\n" in script.read_text()
    assert "SITE_LICENSE" not in script.read_text()
    assert script.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["fifo", "descriptors"])
def test_a_jobserver_is_handed_down(task: BuildTask, tmp_path: Path, kind: str) -> None:
    fifo = tmp_path / "jobs"
    os.mkfifo(fifo)
    end = os.open(fifo, os.O_RDWR)
    try:
        os.write(end, b"++")
        address = f"fifo:{fifo}" if kind == "fifo" else f"{end},{end}"
        environ = {**os.environ, "MAKEFLAGS": f" -j3 --jobserver-auth={address}"}
        source = fifo if kind == "fifo" else f"/dev/fd/{end}"
        builder = LocalBuilder(lambda _: running(f"head -c 2 '{source}'"), environ=environ)
        assert wait_for(builder, builder.submit(task, ()), ended).state is JobState.DONE
        assert builder.log(task).read_text().endswith("++")
    finally:
        os.close(end)


def test_a_jobserver_that_is_not_for_us_is_not_named(task: BuildTask) -> None:
    environ = {**os.environ, "MAKEFLAGS": "-j3 --jobserver-auth=998,999"}
    builder = LocalBuilder(lambda _: running("env"), environ=environ)
    wait_for(builder, builder.submit(task, ()), ended)
    assert "MAKEFLAGS" not in builder.log(task).read_text()


def test_builds_step_back(task: BuildTask) -> None:
    builder = LocalBuilder(lambda _: running(SLEEP), LocalSettings(nice=15), grace=1)
    job = builder.submit(task, ())
    wait_for(builder, job, runs)
    wait_until(lambda: read_start(task.directory) is not None)
    start = read_start(task.directory)
    assert start
    assert os.getpriority(os.PRIO_PROCESS, start.process) == max(15, os.nice(0))
    builder.cancel([job])


def test_several_at_a_time(tmp_path: Path) -> None:
    tasks = [a_task(tmp_path, name) for name in ("one", "two", "three")]
    installs: Mapping[str, str] = {"one@1.0": "true", "two@1.0": "false", "three@1.0": SLEEP}

    def commands(task: BuildTask) -> InstallCommands:
        return running(installs[task.label])

    builder = LocalBuilder(commands, LocalSettings(limit=3), grace=1)
    one, two, three = (builder.submit(task, ()) for task in tasks)
    assert wait_for(builder, one, ended).state is JobState.DONE
    assert wait_for(builder, two, ended).state is JobState.FAILED
    reports = builder.poll([one, two, three])
    assert [reports[job].state for job in (one, two, three)] == [
        JobState.DONE,
        JobState.FAILED,
        JobState.RUNNING,
    ]
    builder.cancel([one, two, three])
    assert builder.poll([three])[three].state is JobState.CANCELLED


def test_the_processor_must_have_the_target(tmp_path: Path) -> None:
    host = detect_host()
    builder = builder_of("true")
    assert builder.check([a_task(tmp_path, "ghost", target) for target in host.targets]) == ()
    with pytest.raises(NotAvailable, match=r"wreck@1.0 is for power10"):
        builder.check([a_task(tmp_path, "wreck", "power10")])
