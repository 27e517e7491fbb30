"""What the whole program installs, seen by a real Spack; and the other way round."""

import json
from pathlib import Path

import pytest
from real_spack import RealSpack

from core.model.graph import SpecGraph
from tests.program import Program, said_by

pytestmark = pytest.mark.interop

BEACON = "kvgootxj37ndcc7lz5imsiscnleu24gw"
PACKAGES = {"beacon", "libharbor", "libtide", "gcc-runtime"}
OF_THE_SYSTEM = {"gcc", "glibc", "perl"}


def names_found(spack: RealSpack) -> set[str]:
    found = json.loads(spack.run("find", "--json").stdout)
    return {spec["name"] for spec in found} - OF_THE_SYSTEM


@pytest.fixture
def program(tmp_path: Path, golden: Path, spack: RealSpack, graph: SpecGraph) -> Program:
    """Our program with the golden mirror, and Spack, on the same store."""
    spack.know((spec.namespace, spec.name) for spec in graph.nodes.values())
    world = tmp_path / "world"
    world.mkdir()
    return Program(world, spack.store).trusting(golden / "dev" / "mirror-signed")


def test_spack_finds_verifies_and_uninstalls_what_we_installed(
    program: Program, spack: RealSpack
) -> None:
    program.good("install", f"/{BEACON}", "--yes")
    assert names_found(spack) == PACKAGES
    listed = spack.run("find", "--explicit", "--format", "{name}@{version}/{hash}").stdout.split()
    assert listed == [f"beacon@1.3.0/{BEACON}"]
    for name in PACKAGES:
        spack.run("verify", "manifest", name)
    spack.run("uninstall", "--yes-to-all", f"/{BEACON}")
    assert program.json("show", f"/{BEACON}")["details"]["build"]["disposition"] == "cached"
    program.good("install", f"/{BEACON}", "--yes")
    assert (program.prefix("beacon") / "bin" / "beacon").exists()


def test_we_see_and_continue_what_spack_installed(
    program: Program, spack: RealSpack, golden: Path
) -> None:
    spack.use(golden / "dev" / "mirror-signed")
    spack.run("install", "--cache-only", "--no-check-signature", f"/{BEACON}")
    listed = program.json("list", "beacon@1.3.0")["builds"]
    assert [build["disposition"] for build in listed] == ["installed"]
    plan = program.json("plan", "reef")
    installed = {n["name"] for n in plan["nodes"] if n["disposition"] == "installed"}
    assert installed == PACKAGES
    program.good("install", "reef", "--yes")
    assert names_found(spack) == {*PACKAGES, "kelp", "reef"}
    recorded = (golden / "dev" / "beacon-says.txt").read_text()
    assert said_by(program.prefix("beacon") / "bin" / "beacon", spack.store) == recorded
