"""What Slurm's programs print, read without them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.builders.protocol import JobState
from core.engine.builders.record import read_job
from core.engine.builders.slurm import SlurmBuilder
from core.engine.builders.slurm_client import SlurmClient
from core.engine.builders.slurm_nodes import check_target
from core.engine.builders.slurm_queue import parse_queue
from core.errors import NotAvailable, SpackbinError
from tests.builds import a_task, running

SAID = """\
1|PENDING|n/a|Priority
2|RUNNING|node[1]|None
3|COMPLETED|node1|None
4|CANCELLED|n/a|DependencyNeverSatisfied
5|TIMEOUT|node1|TimeLimit
6|OUT_OF_MEMORY|node1|OutOfMemory
7|FAILED|node1|NonZeroExitCode
8|PENDING|n/a|BeginTime
9|PENDING|n/a|(null)
10|COMPLETING|node1|None
11|PENDING|n/a|a|b
12|WHATEVER|node1|None
13_4|RUNNING|node1|None
slurm_load_jobs: something else
14|RUNNING
"""


def test_a_queue() -> None:
    jobs = parse_queue(SAID)
    assert {job: (seen.state.value, seen.host, seen.reason) for job, seen in jobs.items()} == {
        "1": ("waiting", "", "Priority"),
        "2": ("running", "node[1]", ""),
        "3": ("done", "node1", ""),
        "4": ("cancelled", "", "what it needs was not built"),
        "5": ("failed", "node1", "the job ran out of its time"),
        "6": ("failed", "node1", "the job ran out of its memory"),
        "7": ("failed", "node1", "NonZeroExitCode"),
        "8": ("waiting", "", "BeginTime"),
        "9": ("waiting", "", ""),
        "10": ("running", "node1", ""),
        "11": ("waiting", "", "a|b"),
        "12": ("failed", "node1", "WHATEVER"),
    }


@given(st.text())
def test_whatever_is_printed_is_no_error(text: str) -> None:
    parse_queue(text)


@given(
    job=st.integers(0, 2**32),
    state=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1),
    host=st.text("abc019[]-,", min_size=1),
)
def test_every_job_is_found(job: int, state: str, host: str) -> None:
    seen = parse_queue(f"{job}|{state}|{host}|None")[str(job)]
    assert seen.host == host
    assert (seen.state is JobState.DONE) == (state == "COMPLETED")


def programs(place: Path, **scripts: str) -> SlurmClient:
    """A client whose programs are scripts, for what a real Slurm does seldom."""
    for name, script in scripts.items():
        path = place / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    return SlurmClient({"PATH": f"{place}:/usr/bin:/bin"})


def test_the_id_of_a_job_among_words_of_a_site(tmp_path: Path) -> None:
    client = programs(tmp_path, sbatch="echo 'Dear user, 30% left'; echo '4711;cluster'")
    assert client.submit(["build.sh"]) == "4711"


def test_a_site_that_gives_no_id(tmp_path: Path) -> None:
    client = programs(tmp_path, sbatch="echo 'sbatch: error: No account' >&2; echo none")
    with pytest.raises(SpackbinError, match="does not take a job: No account"):
        client.submit(["build.sh"])


def test_a_job_that_was_taken_and_not_said_so_is_followed(tmp_path: Path) -> None:
    late = "echo 'sbatch: error: Batch job submission failed: Socket timed out' >&2; exit 1"
    task = a_task(tmp_path, "kelp")
    other = f"4710|spackbin {task.directory}/other"
    (tmp_path / "queue").write_text(f"{other}\n4711|spackbin {task.directory}\n")
    programs(tmp_path, sbatch=late, squeue=f"cat {tmp_path}/queue")
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    builder = SlurmBuilder(lambda *_: running("true"), environ=environ)
    assert builder.submit(task, ()) == "4711"
    assert read_job(task.directory, "slurm") == "4711"
    (tmp_path / "queue").write_text(other)
    with pytest.raises(SpackbinError, match="does not take a job: Batch job submission"):
        builder.submit(task, ())


def test_without_slurm(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="squeue is not here"):
        SlurmClient({"PATH": str(tmp_path)}).queue(["1"])


def test_nothing_is_asked_about_no_jobs(tmp_path: Path) -> None:
    assert SlurmClient({"PATH": str(tmp_path)}).queue([]) == {}


def test_a_job_that_is_gone_is_no_error(tmp_path: Path) -> None:
    gone = "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1"
    client = programs(tmp_path, squeue=gone, scancel=gone)
    assert client.queue(["1"]) == {}
    client.cancel(["1"])


def test_partitions(tmp_path: Path) -> None:
    lines = "short|up|zen2,ib\nlong*|up|zen3\nlong*|up|(null)\nold|down|\n"
    client = programs(tmp_path, sinfo=f"printf '{lines}'")
    assert client.partition("short") == ("short", (frozenset({"zen2", "ib"}),))
    assert client.partition("") == ("long", (frozenset({"zen3"}), frozenset()))
    for name in ("old", "none"):
        with pytest.raises(NotAvailable, match=f"no partition '{name}'"):
            client.partition(name)


@pytest.mark.parametrize(
    ("target", "features", "declared", "constraint", "says"),
    [
        ("zen2", ["zen3,ib"], "", "", ""),
        ("x86_64_v3", ["zen3,ib", "x86_64,haswell"], "", "", ""),
        ("zen2", ["ib"], "", "", "not known"),
        ("zen2", ["ib", "zen3"], "", "", "not known"),
        ("zen2", [], "", "", "not known"),
        ("zen2", ["ib"], "zen2", "", ""),
        ("zen3", ["zen2", "zen3"], "", "zen3", ""),
        ("zen3", ["zen2", "zen3,ib"], "", "zen3&ib", ""),
    ],
)
def test_nodes_that_have_the_target(
    tmp_path: Path, target: str, features: list[str], declared: str, constraint: str, says: str
) -> None:
    kinds = [frozenset(kind.split(",")) for kind in features]
    note = check_target(a_task(tmp_path, "keel", target), "p", kinds, declared, constraint)
    assert bool(note) == bool(says)
    assert says in note


@pytest.mark.parametrize(
    ("target", "features", "declared", "constraint"),
    [
        ("zen3", ["zen2", "zen3"], "", ""),
        ("zen3", ["zen2", "zen3"], "", "[zen2|zen3]"),
        ("zen3", ["zen3"], "zen2", ""),
        ("neoverse_v1", ["zen3"], "", ""),
    ],
)
def test_nodes_that_lack_the_target(
    tmp_path: Path, target: str, features: list[str], declared: str, constraint: str
) -> None:
    kinds = [frozenset(kind.split(",")) for kind in features]
    with pytest.raises(NotAvailable, match="partition p has nodes with zen"):
        check_target(a_task(tmp_path, "keel", target), "p", kinds, declared, constraint)
