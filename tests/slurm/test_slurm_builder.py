"""Builds in a real Slurm, with lines of shell for Spack."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from cluster import NODE, PARTITION, Cluster

from core.engine.builders.protocol import Builder, BuildTask, JobState
from core.engine.builders.record import read_start
from core.engine.builders.site import SlurmNeeds, SlurmSettings
from core.engine.builders.slurm import SlurmBuilder
from core.errors import NotAvailable, SpackbinError
from core.spack.install import InstallCommands
from tests.builds import a_task, ended, running, runs, wait_for, wait_until

pytestmark = pytest.mark.slurm

DIAMOND = {"keel": (), "mast": ("keel",), "sail": ("keel",), "ship": ("mast", "sail")}
SLEEP = "sleep 600 & wait"
OUTLIVED = """
import sys
from pathlib import Path
from core.engine.builders.slurm import SlurmBuilder
from tests.builds import a_task, running

builder = SlurmBuilder(lambda task, cpus: running(sys.argv[2]))
first = builder.submit(a_task(Path(sys.argv[1]), "keel"), ())
builder.submit(a_task(Path(sys.argv[1]), "mast"), (first,))
print("submitted", flush=True)
sys.stdin.read()
"""
"""An engine that waits until it is killed."""


def builder_of(
    cluster: Cluster,
    installs: Mapping[str, str] | str = "true",
    patience: float = 30,
    settings: SlurmSettings | None = None,
) -> SlurmBuilder:
    """A builder whose Spack does the same for all packages, or what stands beside their names."""

    def commands(task: BuildTask, cpus: int) -> InstallCommands:
        if isinstance(installs, str):
            return running(installs)
        return running(installs.get(task.label.partition("@")[0], "true"))

    return SlurmBuilder(commands, settings, cluster.environ, patience)


def submit_diamond(builder: Builder, root: Path) -> dict[str, str]:
    jobs: dict[str, str] = {}
    for name, needs in DIAMOND.items():
        jobs[name] = builder.submit(a_task(root, name), [jobs[need] for need in needs])
    return jobs


def test_a_diamond_is_built_in_order(cluster: Cluster, tmp_path: Path) -> None:
    order = tmp_path / "order"
    note = f"echo {{}} >>'{order}'"
    installs = {
        name: f"{note.format(f'begin {name}')}; sleep 0.3; {note.format(f'end {name}')}"
        for name in DIAMOND
    }
    builder = builder_of(cluster, installs)
    jobs = submit_diamond(builder, tmp_path)
    report = wait_for(builder, jobs["ship"], ended)
    assert report.state is JobState.DONE
    assert report.host == NODE
    assert {found.state for found in builder.poll(jobs.values()).values()} == {JobState.DONE}
    lines = order.read_text().splitlines()
    assert lines[:2] == ["begin keel", "end keel"]
    assert lines[-2:] == ["begin ship", "end ship"]
    assert len(lines) == 8


def test_only_the_dependents_of_a_failure_are_cancelled(cluster: Cluster, tmp_path: Path) -> None:
    builder = builder_of(cluster, {"mast": "echo broken; exit 3"})
    jobs = submit_diamond(builder, tmp_path)
    for job in jobs.values():
        wait_for(builder, job, ended)
    reports = {name: builder.poll([job])[job] for name, job in jobs.items()}
    assert {name: report.state for name, report in reports.items()} == {
        "keel": JobState.DONE,
        "mast": JobState.FAILED,
        "sail": JobState.DONE,
        "ship": JobState.CANCELLED,
    }
    assert reports["mast"].reason == "Spack ended with status 3"
    assert reports["ship"].reason == "what it needs was not built"
    assert "broken\n" in builder.log(a_task(tmp_path, "mast")).read_text()


def test_jobs_survive_their_engine(cluster: Cluster, tmp_path: Path) -> None:
    keel, mast, sail = (a_task(tmp_path, name) for name in ("keel", "mast", "sail"))
    engine = subprocess.Popen(
        [
            *(sys.executable, "-c", OUTLIVED, str(tmp_path)),
            f"until [ -e '{tmp_path}/go' ]; do sleep 0.1; done",
        ],
        cwd=Path(__file__).parents[2],
        env=cluster.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with engine:
        assert engine.stdout
        assert engine.stdout.readline() == "submitted\n"
        engine.kill()
    builder = builder_of(cluster, "exit 9")
    jobs = [builder.reattach(keel), builder.reattach(mast)]
    assert all(jobs)
    first, second = map(str, jobs)
    assert builder.reattach(sail) is None
    wait_for(builder, first, runs)
    assert builder.poll([second])[second].state is JobState.WAITING
    (tmp_path / "go").touch()
    assert wait_for(builder, second, ended).state is JobState.DONE
    assert builder.poll([first])[first].state is JobState.DONE
    assert builder.reattach(mast) is None


@pytest.mark.parametrize("moment", ["waiting", "running"])
def test_a_job_is_found_whose_number_was_not_noted(
    cluster: Cluster, tmp_path: Path, moment: str
) -> None:
    """The engine was killed just after it had submitted it."""
    settings = SlurmSettings(options=("--begin=now+1hour",) if moment == "waiting" else ())
    task = a_task(tmp_path, "keel")
    builder = builder_of(cluster, SLEEP, settings=settings)
    job = builder.submit(task, ())
    if moment == "running":
        wait_for(builder, job, runs)
    (task.directory / "job").unlink(missing_ok=True)
    other = builder_of(cluster)
    assert other.reattach(task) == job
    other.cancel([job])
    assert wait_for(other, job, ended).state is JobState.CANCELLED
    assert builder_of(cluster).reattach(task) is None


@pytest.mark.parametrize("moment", ["waiting", "running"])
def test_a_job_is_cancelled_by_us(cluster: Cluster, tmp_path: Path, moment: str) -> None:
    settings = SlurmSettings(options=("--begin=now+1hour",) if moment == "waiting" else ())
    builder = builder_of(cluster, SLEEP, settings=settings)
    job = builder.submit(a_task(tmp_path, "keel"), ())
    if moment == "running":
        wait_for(builder, job, runs)
    builder.cancel([job])
    report = wait_for(builder, job, ended)
    assert (report.state, report.reason) == (JobState.CANCELLED, "it was cancelled")
    builder.cancel([job])


@pytest.mark.parametrize("moment", ["waiting", "running"])
def test_a_job_is_cancelled_by_others(cluster: Cluster, tmp_path: Path, moment: str) -> None:
    settings = SlurmSettings(options=("--begin=now+1hour",) if moment == "waiting" else ())
    builder = builder_of(cluster, SLEEP, settings=settings)
    job = builder.submit(a_task(tmp_path, "keel"), ())
    if moment == "running":
        wait_for(builder, job, runs)
    cluster.say("scancel", job)
    report = wait_for(builder, job, ended)
    assert (report.state, report.reason) == (JobState.CANCELLED, "the job was cancelled")


def test_a_job_that_is_held_begins_when_it_is_released(cluster: Cluster, tmp_path: Path) -> None:
    builder = builder_of(cluster, {"keel": f"until [ -e '{tmp_path}/go' ]; do sleep 0.1; done"})
    keel = builder.submit(a_task(tmp_path, "keel"), ())
    mast = builder.submit(a_task(tmp_path, "mast"), [keel])
    wait_for(builder, keel, runs)
    builder.hold([keel, mast])
    (tmp_path / "go").touch()
    # One that runs goes on to its end.
    assert wait_for(builder, keel, ended).state is JobState.DONE
    wait_until(lambda: "JobHeldUser" in cluster.say("squeue", "--format=%r", f"--jobs={mast}"))
    other = builder_of(cluster)
    assert other.reattach(a_task(tmp_path, "mast")) == mast
    other.release([mast])
    assert wait_for(other, mast, ended).state is JobState.DONE
    # Of those that have ended nothing is asked.
    builder.hold([keel, mast])
    builder.release([keel, mast])


def test_a_job_that_its_user_holds_stays_so(cluster: Cluster, tmp_path: Path) -> None:
    builder = builder_of(cluster, settings=SlurmSettings(options=("--hold",)))
    job = builder.submit(a_task(tmp_path, "keel"), ())
    builder.release([job])
    assert "JobHeldUser" in cluster.say("squeue", "--format=%r", f"--jobs={job}")
    builder.cancel([job])


def test_who_cannot_reach_slurm_holds_nothing(cluster: Cluster, tmp_path: Path) -> None:
    builder = builder_of(cluster, SLEEP)
    job = builder.submit(a_task(tmp_path, "keel"), ())
    cluster.stop_controller()
    try:
        with pytest.raises(SpackbinError, match="Slurm does not answer"):
            builder.hold([job])
        with pytest.raises(SpackbinError, match="Slurm does not answer"):
            builder.release([job])
    finally:
        cluster.start_controller()
    builder.cancel([job])
    assert wait_for(builder, job, ended).state is JobState.CANCELLED


def test_a_job_put_back_into_the_queue_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    install = f"if [ -e '{tmp_path}/second' ]; then echo again; else echo first; {SLEEP}; fi"
    task = a_task(tmp_path, "keel")
    builder = builder_of(cluster, install)
    job = builder.submit(task, ())
    wait_until(lambda: builder.log(task).exists() and "first" in builder.log(task).read_text())
    (tmp_path / "second").touch()
    cluster.say("scontrol", "requeue", job)
    # Slurm would let minutes pass.
    wait_until(lambda: "BeginTime" in cluster.say("squeue", "--format=%r", f"--jobs={job}"))
    cluster.say("scontrol", "update", f"JobId={job}", "StartTime=now")
    assert wait_for(builder, job, ended).state is JobState.DONE
    start = read_start(task.directory)
    assert start
    assert start.attempt == 2
    log = builder.log(task).read_text()
    assert "attempt 1 on" in log
    assert log.endswith("again\n")


def test_jobs_stand_as_they_did_while_slurm_does_not_answer(
    cluster: Cluster, tmp_path: Path
) -> None:
    install = f"until [ -e '{tmp_path}/go' ]; do sleep 0.1; done"
    builder = builder_of(cluster, {"keel": install, "mast": SLEEP})
    task = a_task(tmp_path, "keel")
    quick, slow = builder.submit(task, ()), builder.submit(a_task(tmp_path, "mast"), ())
    wait_for(builder, quick, runs)
    wait_for(builder, slow, runs)
    cluster.stop_controller()
    try:
        report = builder.poll([quick])[quick]
        assert report.state is JobState.RUNNING
        assert report.reason.startswith("Slurm does not answer")
        with pytest.raises(SpackbinError, match="Slurm does not answer"):
            builder_of(cluster).reattach(task)
        (tmp_path / "go").touch()
        wait_until((task.directory / "exit").exists)
        # What it has written counts.
        assert builder.poll([quick])[quick].state is JobState.DONE
    finally:
        cluster.start_controller()
    assert builder.poll([slow])[slow].state is JobState.RUNNING
    builder.cancel([slow])
    assert wait_for(builder, slow, ended).state is JobState.CANCELLED


def test_what_a_job_writes_may_arrive_late(cluster: Cluster, tmp_path: Path) -> None:
    task = a_task(tmp_path, "keel")
    builder = builder_of(cluster, f"until [ -e '{tmp_path}/go' ]; do sleep 0.1; done", patience=60)
    job = builder.submit(task, ())
    wait_until(lambda: read_start(task.directory) is not None)
    assert builder.poll([job])[job].state is JobState.RUNNING
    # The directory as another machine sees it that is behind.
    hidden = task.directory.rename(task.directory.with_name("hidden"))
    task.directory.mkdir()
    (task.directory / "started").symlink_to(hidden / "started")
    (tmp_path / "go").touch()
    wait_until(lambda: cluster.say("squeue", "--noheader", f"--jobs={job}") == "")
    report = builder.poll([job])[job]
    assert report.state is JobState.RUNNING
    assert "on their way" in report.reason
    (task.directory / "exit").write_text("0\n1\n")
    assert builder.poll([job])[job].state is JobState.DONE


def test_without_a_status_there_is_no_success(cluster: Cluster, tmp_path: Path) -> None:
    """Slurm says that the job is complete, and nothing of it is here."""
    task = a_task(tmp_path, "keel")
    builder = builder_of(cluster, f"until [ -e '{tmp_path}/go' ]; do sleep 0.1; done", patience=0.5)
    job = builder.submit(task, ())
    wait_until(lambda: read_start(task.directory) is not None)
    task.directory.rename(task.directory.with_name("hidden"))
    task.directory.mkdir()
    (tmp_path / "go").touch()
    report = wait_for(builder, job, ended)
    assert report.state is JobState.FAILED
    assert "file system that it has too" in report.reason


def test_a_job_whose_script_is_killed_has_failed(cluster: Cluster, tmp_path: Path) -> None:
    builder = builder_of(cluster, "kill -9 $PPID")
    report = wait_for(builder, builder.submit(a_task(tmp_path, "keel"), ()), ended)
    assert report.state is JobState.FAILED
    assert report.reason


def test_what_slurm_does_not_take_is_said(cluster: Cluster, tmp_path: Path) -> None:
    builder = builder_of(cluster, settings=SlurmSettings(partition="abyss"))
    with pytest.raises(SpackbinError, match="Invalid partition name specified"):
        builder.submit(a_task(tmp_path, "keel"), ())


def test_a_job_gets_what_the_site_says(cluster: Cluster, tmp_path: Path) -> None:
    settings = SlurmSettings(
        partition=PARTITION,
        time="2:00:00",
        memory="100M",
        cpus=2,
        constraint="tidal",
        packages={"mast": SlurmNeeds(memory="300M", cpus=3)},
    )
    builder = builder_of(cluster, "echo $SLURM_CPUS_PER_TASK; " + SLEEP, settings=settings)
    jobs = [builder.submit(a_task(tmp_path, name), ()) for name in ("keel", "mast")]
    form = "--format=%j|%P|%l|%m|%c|%f"
    said = [cluster.say("squeue", "--noheader", form, f"--jobs={job}").strip() for job in jobs]
    assert said == [
        f"keel@1.0|{PARTITION}|2:00:00|100M|2|tidal",
        f"mast@1.0|{PARTITION}|2:00:00|300M|3|tidal",
    ]
    builder.cancel(jobs)


def test_secrets_stay_with_us(cluster: Cluster, tmp_path: Path) -> None:
    task = a_task(tmp_path, "keel")
    environ = {**cluster.environ, "API_TOKEN": "hush", "SPACK_ROOT": "/spack", "SLURM_JOB_ID": "1"}
    builder = SlurmBuilder(lambda *_: running("env"), None, environ)
    wait_for(builder, builder.submit(task, ()), ended)
    log = builder.log(task).read_text()
    assert "SPACK_ROOT=/spack\n" in log
    assert "hush" not in log


@pytest.mark.parametrize(
    ("settings", "target", "notes"),
    [
        (SlurmSettings(), "x86_64_v2", 0),
        (SlurmSettings(partition=PARTITION, constraint="tidal"), "x86_64_v3", 0),
        (SlurmSettings(targets={PARTITION: "zen4"}), "x86_64_v4", 0),
        (SlurmSettings(constraint="lunar"), "x86_64_v3", 1),
    ],
)
def test_the_nodes_must_have_the_target(
    cluster: Cluster, tmp_path: Path, settings: SlurmSettings, target: str, notes: int
) -> None:
    builder = builder_of(cluster, settings=settings)
    assert len(builder.check([a_task(tmp_path, "keel", target)])) == notes


def test_a_partition_without_the_target_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    task = a_task(tmp_path, "keel", "x86_64_v4")
    with pytest.raises(NotAvailable, match=f"{PARTITION} has nodes with x86_64_v3"):
        builder_of(cluster).check([task])
    with pytest.raises(NotAvailable, match="no partition 'abyss'"):
        builder_of(cluster, settings=SlurmSettings(partition="abyss")).check([task])
