"""A Spack environment as a shopping list."""

import json
from pathlib import Path

from tests.program import Program


def test_the_roots_of_an_environment_are_planned(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    done = program.run("plan", "-e", str(golden / "dev" / "env"))
    # reef has every binary, wreck needs ghost, of which there is none.
    assert done.returncode == 4
    assert "reef: reef@5.0.0/pgxfx3b, by the lock file" in done.stderr
    assert "ghost@0.0.7: no mirror has it" in done.stdout

    lock = golden / "dev" / "env" / "spack.lock"
    plan = json.loads(program.run("plan", "--json", "-e", str(lock)).stdout)
    stands = {node["name"]: node["disposition"] for node in plan["nodes"]}
    assert stands["reef"] == stands["wreck"] == stands["beacon"] == "cached"
    assert stands["ghost"] == "to build"
    assert len(plan["roots"]) == 2
    refused = program.run("install", "--yes", "-e", str(golden / "dev" / "env"))
    assert refused.returncode == 4
    assert not program.store.exists()


def test_a_lock_file_describes_what_no_mirror_does(program: Program, golden: Path) -> None:
    done = program.run("plan", "-e", str(golden / "v0.18.1" / "env"))
    assert done.returncode == 4
    assert "To build" in done.stdout
    assert "libtide@2.0.1: no mirror has it" in done.stdout


def test_no_environment(program: Program, tmp_path: Path) -> None:
    done = program.run("plan", "-e", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "There is no Spack environment here" in done.stderr
    assert program.run("plan").returncode == 2
    (tmp_path / "spack.yaml").write_text("spack:\n  specs: [reef]\n")
    done = program.run("install", "-e", str(tmp_path))
    assert done.returncode == 4
    assert "asks for reef" in done.stderr
