"""Mirrors of layout v2 by commands, end to end: what Spack 0.23, 0.18 and 0.17 wrote runs."""

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from core.store.fsck import half_done
from tests.program import Program, said_by
from tests.simulator.keys import SigningKey
from tests.simulator.packages import BUILD_ROOT
from tests.simulator.wrapped_mirror import wrapped_mirror

KEYS = {
    "v0.23.1": "858194366637A9132F3C74A8328F77E827858E14",
    "v0.18.1": "166E5B65CBC07F8837F20F80E35427DF5790AF48",
}
NEWER, NEWER_KEY = "kvgootxj37ndcc7lz5imsiscnleu24gw", "559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A"
"""A beacon of Spack 1.3, and its signer."""
NEEDS = {
    "v0.23.1": {"beacon", "libharbor", "libtide", "gcc-runtime"},
    "v0.18.1": {"beacon", "libharbor", "libtide"},
}


@pytest.mark.parametrize("version", KEYS)
def test_add_trust_plan_install_run(version: str, program: Program, golden: Path) -> None:
    mirror, key = golden / version / "mirror-signed", KEYS[version]
    added = program.json("mirror", "add", "harbor", str(mirror))
    assert added["mirror"]["layout"] == "v2"
    assert added["mirror"]["builds"] == {"v0.23.1": 16, "v0.18.1": 14}[version]
    assert [offered["fingerprint"] for offered in added["keys"]] == [key]
    done = program.run("plan", "beacon")
    assert done.returncode == 3
    assert "No key is trusted for mirror harbor" in done.stdout

    program.good("key", "trust", "harbor", key)
    plan = program.json("plan", "beacon@1.3.0")
    cached = [node for node in plan["nodes"] if node["disposition"] == "cached"]
    assert {node["name"] for node in cached} == NEEDS[version]
    assert plan["bytes_to_fetch"] is None
    assert f"To fetch{len(cached):>7}  of unknown size" in program.good("plan", "beacon@1.3.0")
    assert {node["source"]["archive_size"] for node in cached} == {None}
    assert {node["source"]["signer"] for node in cached} == {key}
    program.good("install", "beacon@1.3.0", "--yes")

    said = said_by(program.prefix("beacon") / "bin" / "beacon", program.store)
    assert said.startswith("tide 2.0.1 at @STORE@/")
    assert "golden-build" not in said
    installs = json.loads((program.store / ".spack-db" / "index.json").read_text())["database"]
    assert installs["version"] == "8"
    for record in installs["installs"].values():
        assert "compiler" not in record["spec"]
        assert record["spec"]["annotations"]["compiler"] == "gcc@=12.2.0"
    assert program.good("install", "beacon@1.3.0", "--yes").count("installed already") == 1


def test_a_tree_of_spack_0_23_stays_one(program: Program, golden: Path) -> None:
    """Database and places are as that Spack itself wrote them; nothing newer gets in."""
    program.trusting(golden / "v0.23.1" / "mirror-signed", KEYS["v0.23.1"])
    database = program.store / ".spack-db" / "index.json"
    database.parent.mkdir(parents=True)
    database.write_text('{"database":{"version":"7","installs":{}}}')
    recorded = json.loads((golden / "v0.23.1" / "expected-1-db.json").read_text())["database"]
    roots = [hash_ for hash_, record in recorded["installs"].items() if record["explicit"]]
    place = "/opt/golden-store/v0.23.1"
    program.good("install", *(f"/{hash_}" for hash_ in roots), "--yes")
    found = json.loads(database.read_text())["database"]
    for record in (*found["installs"].values(), *recorded["installs"].values()):
        assert record.pop("installation_time") > 0
        record["path"] = record["path"].replace(str(program.store), place)
    assert found == recorded
    for record in found["installs"].values():
        here = Path(record["path"].replace(place, str(program.store)))
        assert here.is_dir() is record["installed"]
    assert half_done(program.store) == ()

    program.good("mirror", "add", "newer", str(golden / "dev" / "mirror-signed"))
    program.good("key", "trust", "newer", NEWER_KEY)
    said = program.refused(1, "install", f"/{NEWER}", "--yes")
    assert "this tree belongs to an older one" in said
    assert json.loads(database.read_text())["database"]["version"] == "7"


def test_a_script_of_an_old_package_runs(program: Program, golden: Path) -> None:
    program.trusting(golden / "v0.18.1" / "mirror-signed", KEYS["v0.18.1"])
    program.good("install", "beacon@1.3.0", "--yes")
    where = program.prefix("beacon") / "bin" / "where"
    assert str(program.store) in where.read_text()
    said = subprocess.run([where], capture_output=True, text=True, check=True).stdout
    assert said == "three short, one long\n"
    note = program.prefix("beacon") / "libexec" / "setgid-note"
    assert note.stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("version", KEYS)
def test_an_old_mirror_with_another_archive_is_refused(
    version: str, program: Program, golden: Path, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    shutil.copytree(golden / version / "mirror-signed", mirror)
    program.trusting(mirror, KEYS[version])
    for archive in mirror.glob("build_cache/*/*/libtide-1.4.2/*.spack"):
        data = bytearray(archive.read_bytes())
        data[len(data) // 2] ^= 1
        archive.write_bytes(data)
    done = program.run("install", "libtide@1.4.2", "--yes")
    assert done.returncode == 3
    assert "is not what its manifest says: it has another checksum" in done.stdout + done.stderr
    assert not list(program.store.glob("*/libtide*"))


def test_an_unchanged_index_is_not_read_again(program: Program, golden: Path) -> None:
    mirror = program.directory / "mirror"
    shutil.copytree(golden / "v0.23.1" / "mirror-signed", mirror)
    index, noted = mirror / "build_cache/index.json", mirror / "build_cache/index.json.hash"
    program.good("mirror", "add", "harbor", str(mirror))
    (catalog,) = (program.directory / "cache" / "catalogs").glob("*.sqlite")
    made = catalog.stat()

    # A good hash file: the index is not looked at.
    good = index.read_bytes()
    index.write_bytes(b"")
    assert program.json("mirror", "refresh", "harbor")["mirrors"][0]["error"] == ""
    # A wrong one: the index is fetched, and found to be the known one.
    index.write_bytes(good)
    noted.write_text("0" * 64)
    assert program.json("mirror", "refresh", "harbor")["mirrors"][0]["builds"] == 16
    assert (catalog.stat().st_ino, catalog.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    # A bad index: the last good catalog stays.
    index.write_bytes(good[:1000])
    assert program.run("mirror", "refresh", "harbor").returncode == 1
    assert (catalog.stat().st_ino, catalog.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    assert program.json("list", "reef")["builds"]


def test_the_archives_in_archives_of_spack_0_17(
    program: Program, tmp_path: Path, signing_key: SigningKey
) -> None:
    old = wrapped_mirror(tmp_path / "mirror", signing_key)
    program.trusting(old.root, signing_key.fingerprint)
    plan = program.json("plan", "boat")
    cached = [node for node in plan["nodes"] if node["disposition"] == "cached"]
    assert {node["name"] for node in cached} == {"boat", "tide"}
    assert {node["source"]["signer"] for node in cached} == {signing_key.fingerprint}
    program.good("install", "boat", "--yes")
    prefix = program.prefix("boat")
    said = subprocess.run([prefix / "bin" / "skiff"], capture_output=True, text=True, check=True)
    assert said.stdout == "low 1\nhigh 9\n"
    assert (prefix / "etc" / "boat.conf").read_text() == f"home = {prefix}/share\n"
    assert BUILD_ROOT not in (prefix / "bin" / "boat").read_text()
    program.good("verify")
    # All that was packed is there.
    with tarfile.open(fileobj=io.BytesIO(old.members("boat")[".tar.gz"])) as archive:
        top = Path(old.builds["boat"].prefix).name
        packed = {name.removeprefix(top) for name in archive.getnames() if name.startswith(top)}
    here = {f"/{path.relative_to(prefix)}" for path in prefix.rglob("*")}
    assert here >= packed - {""}
