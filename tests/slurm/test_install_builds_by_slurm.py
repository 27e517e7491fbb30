"""`--builder slurm`, as a user says it: a diamond is built in a real Slurm, and what may happen."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from cluster import Cluster

from core.engine.journal import Run
from core.events import BuildQueued, NodeFinished
from tests.building import BuildingProgram, read_until, rest_of, until
from tests.fake_spack import fake_spack
from tests.simulator.mirror import SimulatedMirror, simulated_mirror
from tests.simulator.packages import Package

pytestmark = pytest.mark.slurm

BUILT = ("keel", "mast", "sail", "ship")
HARBOR = (
    Package("keel", is_pushed=False),
    Package("mast", is_pushed=False, depends_on=("keel",)),
    Package("sail", is_pushed=False, depends_on=("keel",)),
    Package("ship", is_pushed=False, depends_on=("mast", "sail")),
    Package("flag", depends_on=("ship",), files={"share/flag": b"@PREFIX:ship@\n"}),
    Package("gull", files={"share/gull": b"cry\n"}),
)
"""A diamond to build, a binary on it, and one beside it."""
A_WHILE = 2.0
"""Seconds in which Slurm would have begun a job."""
INSTALL = ("install", "--builder", "slurm", "--yes", "flag", "gull")


@pytest.fixture(autouse=True)
def clean(cluster: Cluster) -> Generator[None]:
    """What a test that failed has left in the queue is not for the next one."""
    yield
    cluster.clear()


@pytest.fixture
def mirror(tmp_path: Path) -> SimulatedMirror:
    return simulated_mirror(tmp_path / "mirror", HARBOR)


@pytest.fixture
def program(tmp_path: Path, mirror: SimulatedMirror, cluster: Cluster) -> BuildingProgram:
    directory = tmp_path / "world"
    directory.mkdir()
    made = BuildingProgram(
        directory,
        directory / "store",
        spack=fake_spack(tmp_path / "spack"),
        more={"SLURM_CONF": str(cluster.configuration)},
    )
    made.order()
    options = ("--unsigned", "--shared-store", "--allow-doubtful", "port")
    made.good("mirror", "add", "port", mirror.url, *options)
    return made


@pytest.fixture
def gate(program: BuildingProgram) -> Path:
    """The build of keel goes on when this is there."""
    gate = program.directory / "gate"
    program.order(keel={"after": str(gate)})
    return gate


def queue(cluster: Cluster) -> dict[str, tuple[str, str, str]]:
    """Id, state and reason of the jobs that wait or run, by package."""
    lines = cluster.say("squeue", "--noheader", "--format=%j|%i|%T|%r").splitlines()
    rows = [line.split("|") for line in lines]
    return {name.partition("@")[0]: (job, state, why) for name, job, state, why in rows}


def is_empty(cluster: Cluster) -> bool:
    return not queue(cluster)


def all_are_in(cluster: Cluster) -> bool:
    found = queue(cluster)
    return set(found) == set(BUILT) and found["keel"][1] == "RUNNING"


def journals(program: BuildingProgram) -> list[Run]:
    """The runs, in the order in which they were begun."""
    return [Run(path.parent) for path in sorted(program.directory.glob("state/runs/*/*/journal*"))]


def installed(program: BuildingProgram) -> set[str]:
    return {path.name.partition("-")[0] for path in program.store.glob("linux-*/*")}


def test_a_diamond_is_held_by_slurm(
    program: BuildingProgram, mirror: SimulatedMirror, cluster: Cluster, gate: Path
) -> None:
    running = program.begin(*INSTALL)
    until(lambda: all_are_in(cluster))
    states = {name: (state, why) for name, (_, state, why) in queue(cluster).items()}
    assert states.pop("keel")[0] == "RUNNING"
    assert states == dict.fromkeys(("mast", "sail", "ship"), ("PENDING", "Dependency"))
    # What needs no build is not kept waiting.
    until(lambda: "gull" in installed(program))
    gate.touch()
    said = rest_of(running)
    assert running.returncode == 0, said
    assert "keel@1.0: is being built on" in said
    assert "ship@1.0: waits, " in said
    (run,) = journals(program)
    ends = [event.node for event in run.history() if isinstance(event, NodeFinished)]
    by_hash = {built.hash: name for name, built in mirror.builds.items()}
    order = [by_hash[hash_] for hash_ in ends if by_hash[hash_] != "gull"]
    assert (order[0], order[3:]) == ("keel", ["ship", "flag"])
    assert set(order) == {*BUILT, "flag"}
    flag = program.prefix("flag") / "share" / "flag"
    assert flag.read_text() == f"{program.prefix('ship')}\n"
    (operation,) = program.json("history")["operations"]
    assert {item["name"] for item in operation["added"]} == {*BUILT, "flag", "gull"}
    assert {item["name"] for item in operation["explicit"]} == {"flag", "gull"}


def test_a_failure_takes_its_dependents_only(program: BuildingProgram, cluster: Cluster) -> None:
    program.order(mast={"fail": True})
    done = program.run(*INSTALL)
    assert done.returncode == 5, done.stderr
    assert "mast@1.0: failed. mast@1.0 could not be built on" in done.stderr
    assert "Spack ended with status 1" in done.stderr
    assert "  | no such tide" in done.stderr
    assert "ship@1.0: not tried, it needs mast@1.0, which was not installed." in done.stderr
    assert "flag@1.0: not tried, it needs ship@1.0, which was not installed." in done.stderr
    assert installed(program) == {"keel", "sail", "gull"}
    assert is_empty(cluster)


def test_a_killed_program_finds_its_jobs_again(
    program: BuildingProgram, cluster: Cluster, gate: Path
) -> None:
    first = program.begin(*INSTALL)
    until(lambda: all_are_in(cluster))
    before = queue(cluster)
    (dead,) = journals(program)
    until(lambda: sum(isinstance(event, BuildQueued) for event in dead.history()) == 4)
    first.kill()
    rest_of(first)
    pid = json.loads((dead.directory / "journal.jsonl").read_text().splitlines()[0])["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not dead.is_alive())
    # Whoever looks at it is told that its jobs go on.
    said = program.refused(1, "attach", dead.id)
    assert f"keel@1.0 (slurm, job {before['keel'][0]})" in said
    assert "ship@1.0 (slurm" in said
    second = program.begin(*INSTALL)
    until(lambda: len(journals(program)) == 2)
    run = journals(program)[1]
    until(lambda: sum(isinstance(event, BuildQueued) for event in run.history()) == 4)
    assert {name: job for name, (job, _, _) in queue(cluster).items()} == {
        name: job for name, (job, _, _) in before.items()
    }
    gate.touch()
    said = rest_of(second)
    assert second.returncode == 0, said
    assert "keel@1.0: still in the hands of slurm" in said
    queued = [event for event in run.history() if isinstance(event, BuildQueued)]
    assert all(event.reattached for event in queued)
    assert {event.job for event in queued} == {job for job, _, _ in before.values()}
    for event in queued:
        assert Path(event.log).read_text().count("Executing phase: 'install'") == 1
    names = [item["name"] for one in program.json("history")["operations"] for item in one["added"]]
    assert sorted(names) == sorted({*BUILT, "flag", "gull"})


@pytest.mark.parametrize("taken", ["keel", "mast"])
def test_a_job_that_somebody_else_cancels(
    program: BuildingProgram, cluster: Cluster, gate: Path, taken: str
) -> None:
    running = program.begin(*INSTALL)
    until(lambda: all_are_in(cluster))
    cluster.say("scancel", queue(cluster)[taken][0])
    # A job that runs is ended a moment later, and might be done before that if it could.
    until(lambda: taken not in queue(cluster))
    gate.touch()
    said = rest_of(running)
    assert running.returncode == 5, said
    assert f"{taken}@1.0: failed. The build of {taken}@1.0" in said
    assert "was cancelled by somebody else. the job was cancelled." in said
    lost = {"keel": {"keel", "mast", "sail", "ship"}, "mast": {"mast", "ship"}}[taken]
    for name in lost - {taken}:
        assert f"{name}@1.0: not tried" in said
    assert installed(program) == {*BUILT, "gull"} - lost
    until(lambda: is_empty(cluster))


def holding(program: BuildingProgram, cluster: Cluster) -> subprocess.Popen[str]:
    """An install that was paused when keel was being built."""
    running = program.begin(*INSTALL)
    read_until(running, "keel@1.0: is being built")
    until(lambda: all_are_in(cluster))
    assert "is paused" in program.good("pause")
    until(lambda: {queue(cluster)[name][2] for name in BUILT[1:]} == {"JobHeldUser"})
    return running


def test_a_pause_holds_what_is_in_the_queue(
    program: BuildingProgram, cluster: Cluster, gate: Path
) -> None:
    running = holding(program, cluster)
    gate.touch()
    until(lambda: "keel" not in queue(cluster))
    until(lambda: "keel" in installed(program))
    # Nothing that they need is missing any more, and still they wait.
    time.sleep(A_WHILE)
    found = {name: (state, why) for name, (_, state, why) in queue(cluster).items()}
    assert found == dict.fromkeys(("mast", "sail", "ship"), ("PENDING", "JobHeldUser"))
    assert "goes on" in program.good("resume")
    said = rest_of(running)
    assert running.returncode == 0, said
    assert installed(program) == {*BUILT, "flag", "gull"}
    assert is_empty(cluster)


def test_what_is_held_can_be_cancelled(
    program: BuildingProgram, cluster: Cluster, gate: Path
) -> None:
    running = holding(program, cluster)
    running.send_signal(signal.SIGINT)
    said = rest_of(running)
    assert running.returncode == 130, said
    until(lambda: is_empty(cluster))
    assert installed(program) <= {"gull"}


def test_a_failure_while_it_is_paused(
    program: BuildingProgram, cluster: Cluster, gate: Path
) -> None:
    program.order(keel={"after": str(gate), "fail": True})
    running = holding(program, cluster)
    gate.touch()
    said = rest_of(running)
    assert running.returncode == 5, said
    assert "keel@1.0: failed" in said
    assert "ship@1.0: not tried" in said
    assert is_empty(cluster)


def test_who_takes_over_releases_what_is_held(
    program: BuildingProgram, cluster: Cluster, gate: Path
) -> None:
    first = holding(program, cluster)
    (dead,) = journals(program)
    first.kill()
    rest_of(first)
    pid = json.loads((dead.directory / "journal.jsonl").read_text().splitlines()[0])["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not dead.is_alive())
    gate.touch()
    until(lambda: set(queue(cluster)) == {"mast", "sail", "ship"})
    before = {job for job, _, _ in queue(cluster).values()}
    second = program.run(*INSTALL)
    assert second.returncode == 0, second.stderr
    queued = [event for event in journals(program)[1].history() if isinstance(event, BuildQueued)]
    assert {event.job for event in queued if event.reattached} == before
    assert installed(program) == {*BUILT, "flag", "gull"}


def test_a_pause_that_slurm_does_not_hear_is_said_again(
    program: BuildingProgram, cluster: Cluster, gate: Path
) -> None:
    running = program.begin(*INSTALL)
    read_until(running, "keel@1.0: is being built")
    until(lambda: all_are_in(cluster))
    cluster.stop_controller()
    try:
        program.good("pause")
        read_until(running, "The builds in the queue are not held. Slurm does not answer")
    finally:
        cluster.start_controller()
    until(lambda: {queue(cluster)[name][2] for name in BUILT[1:]} == {"JobHeldUser"})
    program.good("resume")
    gate.touch()
    said = rest_of(running)
    assert running.returncode == 0, said


def test_control_c_cancels_all(program: BuildingProgram, cluster: Cluster, gate: Path) -> None:
    running = program.begin(*INSTALL)
    read_until(running, "keel@1.0: is being built")
    until(lambda: all_are_in(cluster))
    running.send_signal(signal.SIGINT)
    said = rest_of(running)
    assert running.returncode == 130, said
    assert "keel@1.0: failed. Cancelled." in said
    until(lambda: is_empty(cluster))
    assert not gate.exists()
    assert installed(program) <= {"gull"}


def test_a_cancel_that_slurm_does_not_hear_is_said_again(
    program: BuildingProgram, cluster: Cluster, gate: Path
) -> None:
    running = program.begin(*INSTALL)
    read_until(running, "keel@1.0: is being built")
    until(lambda: all_are_in(cluster))
    cluster.stop_controller()
    try:
        running.send_signal(signal.SIGINT)
        read_until(running, "The builds are not cancelled yet. Slurm does not answer")
    finally:
        cluster.start_controller()
    said = rest_of(running)
    assert running.returncode == 130, said
    assert "may still go on" not in said
    until(lambda: is_empty(cluster))
    assert not gate.exists()


def test_a_partition_that_is_not_there(program: BuildingProgram) -> None:
    (program.directory / "config" / "config.toml").write_text('[slurm]\npartition = "abyss"\n')
    said = program.refused(4, *INSTALL)
    assert "Slurm has no partition 'abyss' that takes jobs" in said
    (program.directory / "config" / "config.toml").write_text('[slurm]\npartitions = "abyss"\n')
    said = program.refused(2, *INSTALL)
    assert "The config file cannot be read" in said
    assert not journals(program)


def test_slurm_that_is_down(program: BuildingProgram, cluster: Cluster) -> None:
    cluster.stop_controller()
    try:
        done = subprocess.run(
            program.arguments(*INSTALL),
            env=program.environment,
            cwd=program.directory,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        cluster.start_controller()
    assert done.returncode == 1
    assert "Slurm does not answer" in done.stderr
    assert not journals(program)
