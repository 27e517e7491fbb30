"""`--on slurm`: a node installs what is cached; the engine is a job, and is watched from here."""

import shlex
import signal
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from cluster import Cluster

from core.engine.journal import Run
from tests.building import BuildingProgram, read_until, rest_of, until

pytestmark = pytest.mark.slurm

LATER = 'options = ["--begin=now+1hour"]'
"""Of the table slurm: the job waits until it is told otherwise."""
A_WHILE = 2.0
"""Seconds in which Slurm would have begun a job."""


@pytest.fixture(autouse=True)
def clean(cluster: Cluster) -> Generator[None]:
    """What a test that failed has left in the queue is not for the next one."""
    yield
    cluster.clear()


@pytest.fixture
def program(tmp_path: Path, golden: Path, cluster: Cluster) -> BuildingProgram:
    more = {"SLURM_CONF": str(cluster.configuration)}
    made = BuildingProgram(tmp_path, tmp_path / "store", more=more)
    made.trusting(golden / "dev" / "mirror-signed")
    return made


def say(program: BuildingProgram, line: str) -> None:
    (program.directory / "config" / "config.toml").write_text(f"[slurm]\n{line}\n")


def jobs(cluster: Cluster) -> dict[str, str]:
    """States of the jobs that wait or run, by id."""
    lines = cluster.say("squeue", "--noheader", "--format=%i|%T").splitlines()
    return dict(line.split("|") for line in lines)


def go_on(cluster: Cluster) -> None:
    (job,) = jobs(cluster)
    cluster.say("scontrol", "update", f"JobId={job}", "StartTime=now")


def the_run(program: BuildingProgram) -> Run:
    (request,) = program.directory.glob("state/runs/*/*/request.json")
    return Run(request.parent)


def test_a_node_installs_what_is_cached(program: BuildingProgram, cluster: Cluster) -> None:
    say(program, 'setup = ["export TIDE=high"]\n[slurm.install]\ntime = "10"')
    done = program.run("install", "--on", "slurm", "--yes", "reef")
    assert done.returncode == 0, done.stderr
    assert "packages installed" in done.stderr
    assert program.prefix("reef").is_dir()
    run = the_run(program)
    script = (run.directory / "install.sh").read_text()
    assert "export TIDE=high\n" in script
    assert (run.directory / "install.sh").stat().st_mode & 0o777 == 0o700
    until(lambda: not jobs(cluster))
    until(lambda: not run.is_alive())
    (operation,) = program.json("history")["operations"]
    assert [item["name"] for item in operation["explicit"]] == ["reef"]
    # Nothing is left to do, and nothing to submit.
    assert "installed already" in program.good("install", "--on", "slurm", "--yes", "reef")
    assert not jobs(cluster)
    assert program.run("attach").returncode == 0


def test_a_job_that_waits_is_found_and_joined(program: BuildingProgram, cluster: Cluster) -> None:
    say(program, LATER)
    sent = program.json("install", "--on", "slurm", "--yes", "--detach", "reef")
    (job,) = jobs(cluster)
    assert jobs(cluster)[job] == "PENDING"
    again = program.begin("install", "--on", "slurm", "--yes", "reef")
    said = read_until(again, "waits in Slurm's queue")
    assert f"installed already, by run {sent['run']}" in said
    assert f"Job {job} waits" in said
    assert list(jobs(cluster)) == [job]
    # The terminal goes away, the job does not.
    again.kill()
    rest_of(again)
    watcher = program.begin("attach")
    read_until(watcher, "waits in Slurm's queue")
    go_on(cluster)
    said = rest_of(watcher)
    assert watcher.returncode == 0, said
    assert "packages installed" in said
    assert program.prefix("reef").is_dir()


def test_a_job_that_waits_is_cancelled(program: BuildingProgram, cluster: Cluster) -> None:
    say(program, LATER)
    running = program.begin("install", "--on", "slurm", "--yes", "reef")
    read_until(running, "waits in Slurm's queue")
    running.send_signal(signal.SIGINT)
    said = rest_of(running)
    assert running.returncode == 130, said
    assert "Cancelled before it began" in said
    assert not jobs(cluster)
    assert not list(program.store.glob("linux-*/*"))
    # It is over, and another one is another one.
    say(program, "")
    assert program.run("install", "--on", "slurm", "--yes", "reef").returncode == 0


def test_a_job_that_waits_is_paused(program: BuildingProgram, cluster: Cluster) -> None:
    say(program, LATER)
    running = program.begin("install", "--on", "slurm", "--yes", "reef")
    read_until(running, "waits in Slurm's queue")
    program.good("pause")
    # Its time has come, and a node is free.
    go_on(cluster)
    (job,) = jobs(cluster)
    until(lambda: "JobHeldUser" in cluster.say("squeue", "--format=%r", f"--jobs={job}"))
    time.sleep(A_WHILE)
    assert jobs(cluster) == {job: "PENDING"}
    program.good("resume")
    said = rest_of(running)
    assert running.returncode == 0, said
    assert program.prefix("reef").is_dir()


def test_a_pause_without_slurm_is_for_the_engine(
    program: BuildingProgram, cluster: Cluster
) -> None:
    say(program, LATER)
    program.good("install", "--on", "slurm", "--yes", "--detach", "reef")
    cluster.stop_controller()
    try:
        program.good("pause")
        # What cannot be said to Slurm leaves it as it is.
        assert "Slurm does not answer" in program.refused(1, "resume")
        assert the_run(program).is_paused()
    finally:
        cluster.start_controller()
    program.good("resume")
    assert not the_run(program).is_paused()


def test_a_job_that_somebody_else_cancels(program: BuildingProgram, cluster: Cluster) -> None:
    say(program, LATER)
    running = program.begin("install", "--on", "slurm", "--yes", "reef")
    read_until(running, "waits in Slurm's queue")
    (job,) = jobs(cluster)
    cluster.say("scancel", job)
    said = rest_of(running)
    assert running.returncode == 1, said
    assert f"The install ended without a word.\nJob {job}: the job was cancelled." in said
    assert not the_run(program).is_alive()


def test_a_job_that_ends_before_its_engine_begins(
    program: BuildingProgram, cluster: Cluster
) -> None:
    say(program, 'setup = ["echo no such module >&2", "exit 3"]')
    done = program.run("install", "--on", "slurm", "--yes", "reef")
    assert done.returncode == 1
    assert "The install ended without a word.\nno such module." in done.stderr
    assert not jobs(cluster)


def test_an_install_on_a_node_is_cancelled(
    program: BuildingProgram, cluster: Cluster, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    say(program, f'setup = ["until [ -e {shlex.quote(str(gate))} ]; do sleep 0.1; done"]')
    running = program.begin("install", "--on", "slurm", "--yes", "reef")
    read_until(running, " begins on ")
    running.send_signal(signal.SIGINT)
    until(lambda: the_run(program).is_cancelled())
    # It runs already: it ends by itself, in good order.
    gate.touch()
    said = rest_of(running)
    assert running.returncode == 130, said
    assert "Cancelled." in said
    assert "not tried" in said
    until(lambda: not jobs(cluster))
    assert not list(program.store.glob("linux-*/*"))


def test_what_slurm_does_not_take_leaves_nothing(
    program: BuildingProgram, cluster: Cluster
) -> None:
    say(program, 'partition = "abyss"')
    said = program.refused(1, "install", "--on", "slurm", "--yes", "reef")
    assert "Slurm does not take a job" in said
    assert not list(program.directory.glob("state/runs/*/*/request.json"))
    assert not jobs(cluster)


def test_builds_are_jobs_of_their_own(program: BuildingProgram) -> None:
    said = program.refused(2, "install", "--on", "slurm", "--build", "--yes", "wreck")
    assert "--builder slurm" in said


def test_of_the_environment_a_job_gets_the_logins_of_mirrors(
    program: BuildingProgram, cluster: Cluster, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    say(program, f'setup = ["env >{shlex.quote(str(said))}"]')
    mirrors = program.directory / "config" / "mirrors.yaml"
    mirrors.write_text(mirrors.read_text() + "    access_token_variable: TIDE_TOKEN\n")
    program.more = {**program.more, "TIDE_TOKEN": "hush", "OTHER_TOKEN": "hush too"}
    done = program.run("install", "--on", "slurm", "--yes", "reef")
    assert done.returncode == 0, done.stderr
    names = {line.partition("=")[0] for line in said.read_text().splitlines()}
    assert "HOME" in names
    assert "TIDE_TOKEN" in names
    assert "OTHER_TOKEN" not in names
    assert "hush" not in (the_run(program).directory / "install.sh").read_text()


def test_the_whole_program_may_be_the_job(program: BuildingProgram, cluster: Cluster) -> None:
    """As a user might do it by hand."""
    line = shlex.join(program.arguments("install", "--yes", "reef"))
    log = program.directory / "job.log"
    subprocess.run(
        ["sbatch", f"--output={log}", f"--wrap={line}"],
        env={**program.environment, "SLURM_CONF": str(cluster.configuration)},
        check=True,
        capture_output=True,
        timeout=60,
    )
    until(lambda: any(program.directory.glob("state/runs/*/*/journal*")))
    done = program.run("attach")
    assert done.returncode == 0, done.stderr + log.read_text()
    assert "packages installed" in done.stderr
    until(lambda: not jobs(cluster))
    assert "packages installed" in log.read_text()
    assert program.prefix("reef").is_dir()
