"""`--build`, as a user says it: what no mirror has is built by the Spack beside us."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.building import BuildingProgram, read_until, rest_of, until
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


def dispositions(plan: dict[str, Any]) -> dict[str, str]:
    return {node["name"]: node["disposition"] for node in plan["nodes"]}


def test_the_plan_says_what_would_be_built(program: BuildingProgram) -> None:
    hint = program.refused(4, "install", "--yes", "wreck")
    assert "ghost@0.0.7 would have to be built from source" in hint
    assert "--build" in hint
    text = program.good("plan", "--build", "wreck")
    assert f"To build      1  by local, with the Spack in {program.spack}" in text
    plan = program.json("plan", "--builder", "local", "wreck")
    assert (plan["is_ready"], plan["builder"], plan["spack"]) == (True, "local", str(program.spack))
    assert dispositions(plan)["ghost"] == "to build"
    assert dispositions(plan)["wreck"] == "cached"
    assert not program.store.exists()


def test_without_a_spack_it_says_what_is_lacking(program: BuildingProgram) -> None:
    program.spack = None
    plan = program.run("plan", "--build", "wreck", "--json")
    assert plan.returncode == 4
    document = json.loads(plan.stdout)
    assert not document["is_ready"]
    assert dispositions(document)["ghost"] == "to build"
    (obstacle,) = document["preflight"]["obstacles"]
    assert obstacle["title"] == "There is no Spack here to build it with"
    said = program.refused(4, "install", "--build", "--yes", "wreck")
    assert "SPACK_ROOT" in said
    # What has a binary needs none.
    program.good("install", "--build", "--yes", "beacon")


def test_a_builder_that_is_not_here(program: BuildingProgram) -> None:
    tools = program.directory / "bin"
    tools.mkdir()
    (tools / "gpg").symlink_to(shutil.which("gpg") or "/usr/bin/gpg")
    program.path = str(tools)
    said = program.refused(4, "install", "--builder", "slurm", "--yes", "wreck")
    assert "sbatch" in said
    assert program.run("plan", "--builder", "abacus", "wreck").returncode == 2


def test_built_and_cached_in_one_run(program: BuildingProgram) -> None:
    done = program.run("install", "--build", "--yes", "wreck")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    wanted = [
        "ghost@0.0.7: handed to local, job gzb4op2zzxzjjuwajtlv33otwlepxak2",
        "  ghost@0.0.7: install, after",
        f"ghost@0.0.7: installed in {program.prefix('ghost')}",
        f"wreck@1.1: installed in {program.prefix('wreck')}",
    ]
    at = [next(n for n, line in enumerate(lines) if line.startswith(text)) for text in wanted]
    assert at == sorted(at)
    records = program.json("history")["operations"]
    assert {item["name"] for item in records[0]["added"]} == {
        *("gcc-runtime", "libtide", "ghost", "wreck")
    }
    assert [item["name"] for item in records[0]["explicit"]] == ["wreck"]
    assert "Executing phase: 'install'" in program.good("log", "ghost")
    program.good("undo", "--yes")
    assert not list(program.store.glob("*/ghost-*"))


def test_a_failed_build_shows_the_end_of_its_log(program: BuildingProgram) -> None:
    program.order(ghost={"fail": True})
    done = program.run("install", "--build", "--yes", "wreck", "beacon")
    assert done.returncode == 5
    assert "  | no such tide" in done.stderr
    assert "\x1b" not in done.stderr
    assert "Read its log: spackbin log /gzb4op2" in done.stderr
    assert list(program.store.glob("*/beacon-*"))
    for arguments in ((), ("ghost",), ("/gzb4op2",)):
        shown = program.run("log", *arguments)
        assert "no such tide" in shown.stdout
        assert "\x1b" not in shown.stdout
        assert "ghost@0.0.7/gzb4op2: failed, built by local" in shown.stderr
    log = program.json("log")["log"]
    assert (log["name"], log["state"]) == ("ghost", "failed")
    assert "No build of 'beacon' is known" in program.refused(4, "log", "beacon")
    # Another try, after the recipe was mended, builds it.
    program.order()
    program.good("install", "--build", "--yes", "wreck")
    assert "ghost" in str(program.prefix("ghost"))


def test_no_log_yet(program: BuildingProgram) -> None:
    assert "Nothing was built" in program.refused(4, "log")


def test_an_environment_gets_its_roots(program: BuildingProgram, golden: Path) -> None:
    program.good("install", "--build", "--yes", "-e", str(golden / "dev" / "env"))
    operation = program.json("history")["operations"][0]
    assert {item["name"] for item in operation["explicit"]} == {"reef", "wreck"}
    assert "scaffold" not in {item["name"] for item in operation["added"]}


def test_an_engine_that_is_killed_leaves_its_build_to_the_next(program: BuildingProgram) -> None:
    program.order(ghost={"seconds": 6})
    started = program.json("install", "--build", "--yes", "--detach", "wreck")
    (run,) = program.directory.glob(f"state/runs/*/{started['run']}")
    journal = run / "journal.jsonl"
    until(lambda: journal.exists() and "BuildStepped" in journal.read_text())
    begun = json.loads(journal.read_text().splitlines()[0])
    os.kill(begun["pid"], signal.SIGKILL)
    until(lambda: not is_running(begun["pid"]))
    done = program.run("install", "--build", "--yes", "wreck")
    assert done.returncode == 0, done.stderr
    assert "ghost@0.0.7: still in the hands of local" in done.stderr
    log = program.json("log", "ghost")
    assert log["log"]["path"].startswith(str(run))
    assert sum("Executing phase: 'install'" in line for line in log["lines"]) == 1
    added = [item["name"] for one in program.json("history")["operations"] for item in one["added"]]
    assert sorted(added) == ["gcc-runtime", "ghost", "libtide", "wreck"]


def test_control_c_ends_the_build(program: BuildingProgram) -> None:
    program.order(ghost={"seconds": 60})
    running = program.begin("install", "--build", "--yes", "wreck")
    read_until(running, "is being built")
    running.send_signal(signal.SIGINT)
    rest = rest_of(running)
    assert running.returncode == 130
    assert "ghost@0.0.7: failed. Cancelled" in rest
    assert not list(program.store.glob("*/ghost-*"))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # One that nobody has waited for yet is no process any more.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
