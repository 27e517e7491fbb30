"""Spack 0.23, its older database and its older specs: we write only what it can read."""

import json
import subprocess
from pathlib import Path

import pytest
from real_spack import RealSpack

from core.store.fsck import half_done
from tests.program import Program, said_by

pytestmark = pytest.mark.interop

KEY = "858194366637A9132F3C74A8328F77E827858E14"
BEACON = "wtkny2y2avo63cdwhh4yd2on5wfvunhq"
REEF = "trzy7ezlr3rh5wqo2qgsiyjqsh5xsfmy"
PACKAGES = {"beacon", "libharbor", "libtide", "gcc-runtime"}
OF_THE_SYSTEM = {"glibc", "perl"}
NEWER = "kvgootxj37ndcc7lz5imsiscnleu24gw"
"""A beacon of Spack 1.3."""


@pytest.fixture
def program(tmp_path: Path, golden: Path, spack: RealSpack) -> Program:
    """Our program and Spack with the golden mirror of 0.23, on a store of that Spack."""
    mirror = golden / "v0.23.1" / "mirror-signed"
    document = json.loads((golden / "v0.23.1" / "specs" / f"{REEF}.json").read_text())
    spack.know((node["namespace"], node["name"]) for node in document["spec"]["nodes"])
    spack.use(mirror)
    spack.run("reindex")
    world = tmp_path / "world"
    world.mkdir()
    return Program(world, spack.store).trusting(mirror, KEY)


def names_found(spack: RealSpack) -> set[str]:
    found = json.loads(spack.run("find", "--json").stdout)
    return {spec["name"] for spec in found} - OF_THE_SYSTEM


def version_of(program: Program) -> str:
    return json.loads((program.store / ".spack-db" / "index.json").read_text())["database"][
        "version"
    ]


def test_it_works_with_what_we_installed(program: Program, spack: RealSpack) -> None:
    assert version_of(program) == "7"
    program.good("install", f"/{BEACON}", "--yes")
    assert version_of(program) == "7"
    assert names_found(spack) == PACKAGES
    listed = spack.run("find", "--explicit", "--format", "{name}@{version}/{hash}").stdout.split()
    assert listed == [f"beacon@1.3.0/{BEACON}"]
    for name in PACKAGES:
        spack.verify(name)
    (prefix,) = program.store.glob("*/*/beacon-*")
    assert f"{prefix}/bin" in spack.run("load", "--sh", f"/{BEACON}").stdout
    assert said_by(prefix / "bin" / "beacon", program.store).startswith("tide 2.0.1 at @STORE@/")
    spack.run("uninstall", "--yes-to-all", f"/{BEACON}")
    assert not prefix.exists()
    assert names_found(spack) == PACKAGES - {"beacon"}
    program.good("install", f"/{BEACON}", "--yes")
    program.good("uninstall", f"/{BEACON}", "--yes")
    assert names_found(spack) == PACKAGES - {"beacon"}
    assert half_done(program.store) == ()


def test_we_see_and_continue_what_it_installed(program: Program, spack: RealSpack) -> None:
    spack.run("install", "--cache-only", "--no-check-signature", f"/{BEACON}")
    listed = program.json("list", "beacon@1.3.0")["builds"]
    assert [build["disposition"] for build in listed] == ["installed"]
    program.good("install", f"/{REEF}", "--yes")
    assert names_found(spack) == {*PACKAGES, "kelp", "reef"}
    # Spack leaves the manifest of the archive beside what it has relocated: see docs/adr/0004.
    for name in ("kelp", "reef"):
        spack.verify(name)


def test_both_write_at_once(program: Program, spack: RealSpack) -> None:
    theirs = subprocess.Popen(
        spack.command("install", "--cache-only", "--no-check-signature", f"/{REEF}"),
        env=spack.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    program.good("install", f"/{BEACON}", "trawl", "--yes")
    said, _ = theirs.communicate(timeout=120)
    assert theirs.returncode == 0, said
    assert names_found(spack) == {*PACKAGES, "kelp", "reef", "trawl"}
    assert half_done(program.store) == ()


def test_what_it_could_not_read_is_refused(
    program: Program, spack: RealSpack, golden: Path
) -> None:
    program.good("mirror", "add", "newer", str(golden / "dev" / "mirror-signed"))
    program.good("key", "trust", "newer", "559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A")
    done = program.run("install", f"/{NEWER}", "--yes")
    assert done.returncode == 1
    assert "this tree belongs to an older one" in done.stderr
    assert names_found(spack) == set()
