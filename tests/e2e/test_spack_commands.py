"""The commands that ask the Spack beside us."""

from pathlib import Path

import pytest

from tests.program import Program
from tests.simulator.spack import write_fake_spack


class BesideSpack(Program):
    """spackbin with a Spack whose answers are known."""

    @property
    def environment(self) -> dict[str, str]:
        spack = str(self.directory / "spack")
        return {**super().environment, "SPACKBIN_USE_SPACK": "true", "SPACKBIN_SPACK": spack}


@pytest.fixture
def harbor(tmp_path: Path, golden: Path) -> Program:
    program = BesideSpack(tmp_path, tmp_path / "store")
    write_fake_spack(tmp_path / "spack", golden)
    return program.trusting(golden / "dev" / "mirror-signed")


def test_it_is_said_what_spack_is(harbor: Program) -> None:
    said = harbor.good("spack")
    assert "version\t1.3.0\n" in said
    assert f"recipes\ttoy: {harbor.directory}/spack/repo\n" in said
    document = harbor.json("spack")
    assert document["kind"] == "spack"
    assert document["files"]["install_tree"] == f"{harbor.directory}/spack/opt/spack"
    assert document["running"]["repositories"][0]["namespace"] == "toy"


def test_a_spec_is_made_concrete_and_planned(harbor: Program) -> None:
    said = harbor.good("concretize", "wreck", "--reuse")
    assert "To build      1" in said
    assert "ghost@0.0.7" in said
    document = harbor.json("concretize", "reef", "wreck", "--fresh")
    assert document["kind"] == "concretized"
    assert [root["spec"] for root in document["asked"]] == ["reef", "wreck"]
    assert document["roots"] == [root["hash"] for root in document["asked"]]
    assert document["counts"]["to build"] == 1
    assert harbor.left_in_store() == []


def test_what_nothing_on_offer_satisfies_is_left_to_the_solver(harbor: Program) -> None:
    assert "No mirror offers" in harbor.refused(4, "plan", "wreck@1.1.0.1")
    said = harbor.run("plan", "--build", "wreck@1.1.0.1", "kelp")
    assert "wreck@1.1.0.1: wreck@1.1/" in said.stderr
    assert "by Spack's solver" in said.stderr
    document = harbor.json("plan", "--build", "wreck@1.1.0.1", "kelp")
    names = {node["name"]: node for node in document["nodes"]}
    assert {names[name]["disposition"] for name in ("wreck", "kelp")} == {"cached"}
    assert names["ghost"]["disposition"] == "to build"
    assert [names["wreck"]["hash"], names["kelp"]["hash"]] == document["roots"]
    assert "Spack finds no answer" in harbor.refused(4, "install", "--build", "--yes", "reef@99")


def test_the_solver_is_asked_for_everything_that_is_to_be_fresh(harbor: Program) -> None:
    assert "by Spack's solver" not in harbor.run("plan", "--build", "wreck").stderr
    assert "by Spack's solver" in harbor.run("plan", "--fresh", "wreck").stderr
    offered = (harbor.directory / "offered").read_text()
    assert '"reuse": false' in offered


def test_no_is_said_plainly(harbor: Program) -> None:
    said = harbor.refused(4, "concretize", "reef@99")
    assert "Spack finds no answer to 'reef@99'" in said
    assert "too new" in said
    assert "\x1b" not in said
    assert "exclude" in harbor.refused(2, "concretize", "reef", "--fresh", "--reuse")
    assert "SPACK_ROOT" not in harbor.refused(4, "--no-spack", "concretize", "reef")
    (harbor.directory / "spack/broken").touch()
    assert "\x1b" not in harbor.refused(4, "spack")
