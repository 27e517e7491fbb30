"""What no mirror has is built by a real Spack, in one run with what is unpacked."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from real_spack import RealSpack

from core.environment.read import read_environment
from tests.program import Program

pytestmark = [pytest.mark.interop, pytest.mark.newest_spack]

GHOST = """from spack.package import *


class Ghost(Package):
    has_code = False
    version("0.0.7")

    def install(self, spec, prefix):
        mkdirp(prefix.share)
        with open(join_path(prefix.share, "boo.txt"), "w") as stream:
            stream.write("boo from {0}\\n".format(prefix))
"""
"""As the package of the golden mirror's index that has no binary."""
BROKEN = GHOST.replace(
    "mkdirp(prefix.share)", 'raise InstallError("no \\x1b[31mhaunting\\x1b[0m today")'
)
WRECK = {"gcc-runtime", "ghost", "libtide", "wreck"}


@dataclass
class BuildingProgram(Program):
    """spackbin beside a Spack."""

    spack: RealSpack | None = None

    @property
    def environment(self) -> dict[str, str]:
        assert self.spack
        self.spack.command()
        settings = {
            # As it would be for a user: not by options, which we know nothing of.
            "SPACK_USER_CONFIG_PATH": str(self.spack.place / "scope"),
            "SPACK_SYSTEM_CONFIG_PATH": str(self.spack.place / "nowhere"),
            "SPACK_ROOT": str(self.spack.checkout),
            "SPACKBIN_USE_SPACK": "true",
        }
        of_spack = self.spack.environment()
        del of_spack["SPACK_DISABLE_LOCAL_CONFIG"]
        return {**super().environment, **of_spack, **settings}


@pytest.fixture
def program(tmp_path: Path, golden: Path, spack: RealSpack) -> BuildingProgram:
    """The golden mirror, and a Spack that knows how to build ghost, on one store."""
    graph = read_environment(golden / "dev" / "env").graph
    spack.know((spec.namespace, spec.name) for spec in graph.nodes.values())
    recipe(spack, GHOST)
    world = tmp_path / "world"
    world.mkdir()
    made = BuildingProgram(world, spack.store, spack=spack)
    made.trusting(golden / "dev" / "mirror-signed")
    return made


def recipe(spack: RealSpack, text: str) -> None:
    (spack.place / "repositories/spack_repo/harbor/packages/ghost/package.py").write_text(text)


def found(spack: RealSpack) -> set[str]:
    specs = json.loads(spack.run("find", "--json").stdout)
    return {spec["name"] for spec in specs} - {"gcc", "glibc", "perl"}


def explicit(spack: RealSpack) -> set[str]:
    return set(spack.run("find", "--explicit", "--format", "{name}").stdout.split())


def test_wreck_is_unpacked_on_a_ghost_that_is_built(
    program: BuildingProgram, spack: RealSpack
) -> None:
    refused = program.refused(4, "install", "--yes", "wreck")
    assert "--build" in refused
    plan = program.json("plan", "--build", "wreck")
    assert plan["is_ready"]
    assert (plan["builder"], plan["spack"]) == ("local", str(spack.checkout))
    assert [n["name"] for n in plan["nodes"] if n["disposition"] == "to build"] == ["ghost"]
    done = program.run("install", "--build", "--yes", "wreck")
    assert done.returncode == 0, done.stderr
    assert "ghost@0.0.7: handed to local" in done.stderr
    assert "ghost@0.0.7: install" in done.stderr
    assert found(spack) == WRECK
    assert explicit(spack) == {"wreck"}
    # Spack lays the log of a build into its prefix after the manifest, and then finds it added.
    for name in WRECK - {"ghost"}:
        spack.run("verify", "manifest", name)
    ghost, wreck = program.prefix("ghost"), program.prefix("wreck")
    assert (ghost / "share" / "boo.txt").read_text() == f"boo from {ghost}\n"
    assert f"haunted by {ghost}\n" in (wreck / "share" / "manifest.txt").read_text()
    assert str(wreck) in spack.run("load", "--sh", "wreck").stdout
    assert "install" in program.good("log", "ghost")
    # Undo takes back what was built too.
    program.good("undo", "--yes")
    assert found(spack) == set()
    assert not ghost.exists()


def test_an_environment_is_installed_root_by_root(
    program: BuildingProgram, spack: RealSpack, golden: Path, tmp_path: Path
) -> None:
    environment = tmp_path / "env"
    shutil.copytree(golden / "dev" / "env", environment)
    program.good("install", "--build", "--yes", "-e", str(environment))
    assert found(spack) == WRECK | {"reef", "beacon", "kelp", "libharbor"}
    assert explicit(spack) == {"reef", "wreck"}
    # Spack has nothing left to do for it.
    left = spack.run("-e", str(environment), "find", "--json").stdout
    assert {spec["name"] for spec in json.loads(left)} >= {"reef", "wreck"}


def test_a_build_that_fails_takes_its_dependents_only(
    program: BuildingProgram, spack: RealSpack
) -> None:
    recipe(spack, BROKEN)
    done = program.run("install", "--build", "--yes", "wreck", "beacon")
    assert done.returncode == 5
    assert "ghost@0.0.7: failed. ghost@0.0.7 could not be built" in done.stderr
    assert "wreck@1.1: not tried, it needs ghost@0.0.7" in done.stderr
    assert "haunting" in done.stderr
    assert "\x1b" not in done.stderr
    assert found(spack) == {"beacon", "gcc-runtime", "libharbor", "libtide"}
    log = program.json("log", "ghost")
    assert log["log"]["state"] == "failed"
    assert any("haunting" in line for line in log["lines"])
