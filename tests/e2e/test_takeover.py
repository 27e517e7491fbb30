"""A run whose engine died: what attach says of it, and the command that goes on with it."""

import json
import os
import shlex
import signal
from pathlib import Path

import pytest

from tests.building import BuildingProgram, until
from tests.fake_spack import fake_spack


@pytest.fixture
def program(tmp_path: Path, golden: Path) -> BuildingProgram:
    """The golden mirror, which lacks ghost, and a Spack that can build anything."""
    directory = tmp_path / "world"
    directory.mkdir()
    made = BuildingProgram(directory, directory / "store", spack=fake_spack(tmp_path / "spack"))
    made.order()
    made.trusting(golden / "dev" / "mirror-signed")
    return made


def begun_and_killed(program: BuildingProgram) -> str:
    """Start an install that builds, and kill its engine; the id of the run."""
    program.order(ghost={"seconds": 4})
    started = program.json("install", "--build", "--yes", "--detach", "wreck")
    (run,) = program.directory.glob(f"state/runs/*/{started['run']}")
    journal = run / "journal.jsonl"
    until(lambda: journal.exists() and "BuildStepped" in journal.read_text())
    pid = json.loads(journal.read_text().splitlines()[0])["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: "without a word" in program.run("--quiet", "attach").stderr)
    return run.name


def test_attach_names_the_builds_and_the_command_that_takes_over(program: BuildingProgram) -> None:
    run = begun_and_killed(program)
    said = program.refused(1, "--quiet", "attach")
    assert "The install ended without a word." in said
    assert "of 4 packages were installed by then." in said
    assert "Builds that it ordered may still go on: ghost@0.0.7 (local, job " in said
    assert "To go on where it ended, and wait for those builds: spackbin " in said
    done = program.run("attach", "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    found = document["take_over"]
    assert found["command"] in said
    assert (found["by"], found["total"]) == ("", 4)
    assert [build.split()[0] for build in found["builds"]] == ["ghost@0.0.7"]
    assert document["events"][0]["event"] == "RunStarted"
    # As it stands there, but for the answer to its question.
    command = shlex.split(found["command"])
    assert command[0] == "spackbin"
    assert command[-3:] == ["install", "--again", run]
    assert str(program.store) in command
    again = program.run(*command[1:], "--yes")
    assert again.returncode == 0, again.stderr
    assert "ghost@0.0.7: still in the hands of local" in again.stderr
    added = [item["name"] for one in program.json("history")["operations"] for item in one["added"]]
    assert sorted(added) == ["gcc-runtime", "ghost", "libtide", "wreck"]
    assert {"wreck"} == {
        item["name"] for one in program.json("history")["operations"] for item in one["explicit"]
    }
    assert "installed already" in program.good("install", "--again", run, "--yes")


def test_what_another_run_goes_on_with_is_said_so(program: BuildingProgram) -> None:
    run = begun_and_killed(program)
    other = program.json("install", "--build", "--yes", "--detach", "wreck")["run"]
    said = program.refused(1, "--quiet", "attach", run)
    assert f"Run {other} goes on with it: spackbin " in said
    assert f"attach {other}" in said
    program.good("--quiet", "attach", other)


def test_what_again_does_not_do(program: BuildingProgram) -> None:
    assert "There is no run 'nothing'" in program.refused(4, "install", "--again", "nothing")
    assert "stands alone" in program.refused(2, "install", "--again", "x", "reef")
    assert "stands alone" in program.refused(2, "install", "--again", "x", "--build")
    program.order(ghost={"seconds": 20})
    run = program.json("install", "--build", "--yes", "--detach", "wreck")["run"]
    said = program.refused(2, "install", "--again", run, "--yes")
    assert f"Run {run} is in progress." in said
    assert f"spackbin attach {run}" in said
    journal = next(program.directory.glob(f"state/runs/*/{run}")) / "journal.jsonl"
    until(journal.exists)
    os.kill(json.loads(journal.read_text().splitlines()[0])["pid"], signal.SIGTERM)
    assert program.run("attach", run).returncode == 130


def test_a_run_that_ended_needs_nobody(program: BuildingProgram) -> None:
    document = program.json("install", "kelp", "--yes")
    assert document["take_over"] is None
    run = document["run"]
    assert program.json("attach")["take_over"] is None
    assert "installed already" in program.good("install", "--again", run[-6:], "--yes")
