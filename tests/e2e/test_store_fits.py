"""Packages that cannot be moved to a store are refused by name, before they are fetched."""

import json
from pathlib import Path

from tests.program import Program

KELP, LIBTIDE = "kelp@2024.1", "libtide@2.0.1"


def test_a_store_path_that_is_too_long(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-short")
    done = program.run("plan", KELP, LIBTIDE, "--json")
    assert done.returncode == 4
    plan = json.loads(done.stdout)
    nodes = {node["name"]: node for node in plan["nodes"]}
    blocked = [name for name, node in nodes.items() if node["disposition"] == "blocked"]
    assert blocked == ["libtide"]
    assert nodes["libtide"]["blocker"] == "store"
    assert not plan["is_ready"]
    found = plan["preflight"]
    assert found["fits"] == {
        nodes["libtide"]["hash"]: "does not fit",
        nodes["kelp"]["hash"]: "fits",
        nodes["gcc-runtime"]["hash"]: "fits",
    }
    assert found["longest_store"] == 23
    assert not found["is_estimate"]
    assert found["space"]["bytes_free"] > 0
    assert found["obstacles"] == []

    said = program.refused(4, "install", LIBTIDE, "--yes")
    assert "libtide@2.0.1 cannot be used here" in said
    assert "needs a store path of at most 23 characters" in said
    assert not program.store.exists()

    # What Spack could move, moves.
    program.good("install", KELP, "gcc-runtime", "--yes")
    assert program.prefix("gcc-runtime").is_dir()
    assert program.prefix("kelp").is_dir()


def test_a_padded_mirror_is_judged_by_its_smallest_archive(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    plan = program.json("plan", "beacon@1.3.0")
    cached = [node for node in plan["nodes"] if node["disposition"] == "cached"]
    assert set(plan["preflight"]["fits"]) == {node["hash"] for node in cached}
    assert set(plan["preflight"]["fits"].values()) == {"fits"}
    looked_at = list((program.directory / "cache" / "builds-1").glob("??/*.json"))
    smallest = min(cached, key=lambda node: node["source"]["archive_size"])
    assert [path.stem for path in looked_at] == [smallest["source"]["archive_sha256"]]

    text = program.good("plan", "beacon@1.3.0")
    assert "Space      about " in text
    assert "Fits       all packages can be moved to this store" in text


def test_what_was_installed_once_is_known(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    assert program.json("plan", "beacon@1.3.0")["preflight"]["is_estimate"]
    program.good("install", "beacon@1.3.0", "--yes")
    other = Program(program.directory, program.store.with_name("other"))
    found = other.json("plan", "beacon@1.3.0")["preflight"]
    assert not found["is_estimate"]
    prefixes = [path for path in program.store.glob("*/*-*") if path.is_dir()]
    there = [path for prefix in prefixes for path in prefix.rglob("*")]
    assert len(prefixes) == len(found["fits"])
    # Ours: the install manifest, in place of the one that is in the archive.
    assert found["files_needed"] == len(there)


def test_a_store_that_cannot_be_written(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    program.store.symlink_to(program.directory / "gone")
    done = program.run("plan", KELP)
    assert done.returncode == 1
    assert "The store is a dangling symbolic link" in done.stdout
    assert "Remove or repair it" in program.refused(1, "install", KELP, "--yes")


def test_a_store_longer_than_the_padding(program: Program, golden: Path) -> None:
    longer = Program(program.directory, program.store.with_name("s" * 200))
    longer.trusting(golden / "dev" / "mirror-signed")
    done = longer.run("plan", "beacon@1.3.0")
    assert done.returncode == 4
    assert "needs a store path of at most " in done.stdout
