"""Bad input by the command line: a plain sentence, the right exit status, nothing left behind."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import Program
from tests.simulator.fixtures import Serve
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror, simulated_mirror

TRUST, FAILED = 3, 1


def records_of(program: Program) -> dict[str, object]:
    database = program.store / ".spack-db" / "index.json"
    if not database.exists():
        return {}
    return json.loads(database.read_text())["database"]["installs"]


def assert_untouched(program: Program) -> None:
    assert program.left_in_store() == []
    assert records_of(program) == {}


# What a mirror may turn out to be when it is added


def test_a_url_where_nothing_is(program: Program, tmp_path: Path, serving: Serve) -> None:
    (tmp_path / "empty").mkdir()
    server = serving(tmp_path / "empty")
    for url in (server.url, f"{server.url}/develop", str(tmp_path / "empty")):
        said = program.refused(FAILED, "mirror", "add", "harbor", url)
        assert f"There is no Spack build cache at {url}" in said.replace("file://", "")
    said = program.refused(FAILED, "mirror", "add", "harbor", str(tmp_path / "nowhere"))
    assert "nowhere" in said
    assert program.json("mirror", "list")["mirrors"] == []


def test_a_server_that_does_not_answer(program: Program) -> None:
    said = program.refused(FAILED, "mirror", "add", "harbor", "http://127.0.0.1:9/cache")
    assert "127.0.0.1:9" in said
    assert program.json("mirror", "list")["mirrors"] == []


def test_a_mirror_without_an_index(program: Program, simulated: SimulatedMirror) -> None:
    simulated.index_manifest.unlink()
    said = program.refused(FAILED, "mirror", "add", "harbor", simulated.url)
    assert "Mirror harbor has no index" in said
    assert "update-index" in said
    assert program.json("mirror", "list")["mirrors"] == []


def test_an_index_cut_off_leaves_the_last_good_one(
    program: Program, simulated: SimulatedMirror
) -> None:
    program.trusting(simulated.url, simulated.fingerprint)
    before = program.good("list", "--all")
    simulated.write_index_text(b'{"database": {"version": "8", "installs": {"abc')
    said = program.refused(FAILED, "mirror", "refresh")
    assert "index" in said
    assert program.good("list", "--all") == before
    (mirror,) = program.json("mirror", "list")["mirrors"]
    assert mirror["error"]
    assert mirror["builds"] == 2


# What a mirror may serve for a package

Spoil = Callable[[SimulatedMirror, SigningKey], None]

SPOILT: dict[str, tuple[Spoil, str]] = {
    "archive with another checksum": (
        lambda mirror, _: mirror.damage(mirror.archive_path("tide")),
        "it has another checksum",
    ),
    "archive too long": (
        lambda mirror, _: mirror.lengthen(mirror.archive_path("tide")),
        "The archive of tide@2.1",
    ),
    "archive too short": (
        lambda mirror, _: mirror.truncate(mirror.archive_path("tide"), 100),
        "it has 100 bytes instead of",
    ),
    "spec document with another checksum": (
        lambda mirror, _: mirror.damage(mirror.spec_path("tide")),
        "it has another checksum",
    ),
    "manifest without a signature": (
        lambda mirror, _: mirror.unsign("tide"),
        "not signed",
    ),
    "signature by a key that is not trusted": (
        lambda mirror, key: mirror.sign_by("tide", key),
        "key",
    ),
    "manifest of another package": (
        lambda mirror, _: mirror.substitute("tide", "boat"),
        "The manifest at the place of tide@2.1",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_cannot_be_trusted_is_refused(
    case: str, program: Program, simulated: SimulatedMirror, other_key: SigningKey
) -> None:
    spoil, words = SPOILT[case]
    spoil(simulated, other_key)
    program.trusting(simulated.url, simulated.fingerprint)
    said = program.refused(TRUST, "install", "boat", "--yes")
    assert words in said
    assert "tide" in said
    assert_untouched(program)


def test_what_cannot_be_trusted_does_not_stop_the_others(
    program: Program, simulated: SimulatedMirror
) -> None:
    simulated.damage(simulated.archive_path("boat"))
    program.trusting(simulated.url, simulated.fingerprint)
    said = program.refused(TRUST, "install", "boat", "--yes")
    assert "1 package installed, 1 failed" in said
    assert {Path(path).name.split("-")[0] for path in program.left_in_store()} >= {"tide"}
    assert not list(program.store.glob("*/boat-*"))
    installed = [item["spec"]["name"] for item in records_of(program).values() if item["installed"]]
    assert sorted(installed) == ["system-libc", "tide"]


def test_a_build_that_is_listed_and_not_there_is_blocked(
    program: Program, simulated: SimulatedMirror
) -> None:
    simulated.manifest_path("tide").unlink()
    program.trusting(simulated.url, simulated.fingerprint)
    done = program.run("plan", "boat")
    assert done.returncode == 4
    assert "Mirror harbor lists tide@2.1" in done.stdout
    assert "does not have it" in done.stdout
    said = program.refused(4, "install", "boat", "--yes")
    assert "tide@2.1 cannot be used here" in said
    assert not program.store.exists()


def test_a_second_mirror_serves_what_the_first_one_spoilt(
    program: Program, simulated: SimulatedMirror, signing_key: SigningKey, tmp_path: Path
) -> None:
    other = simulated_mirror(tmp_path / "other", key=signing_key)
    simulated.unsign("tide")
    program.trusting(simulated.url, simulated.fingerprint)
    program.good("mirror", "add", "spare", other.url)
    program.good("key", "trust", "spare", other.fingerprint)
    (build,) = program.json("list", "tide")["builds"]
    assert build["mirrors"] == ["harbor", "spare"]
    plan = program.json("plan", "boat")
    sources = {n["name"]: n["source"]["mirror"] for n in plan["nodes"] if n["source"]}
    assert sources == {"tide": "spare", "boat": "harbor"}
    # Never silently: the plan says what was wrong with the first one.
    (tide,) = (node for node in plan["nodes"] if node["name"] == "tide")
    assert "harbor" in tide["reason"]
    assert "not signed" in tide["reason"]


# What the machine may refuse


def test_a_store_that_cannot_be_a_directory(program: Program, simulated: SimulatedMirror) -> None:
    program.trusting(simulated.url, simulated.fingerprint)
    program.store.write_text("a file")
    said = program.refused(FAILED, "install", "tide", "--yes")
    assert str(program.store) in said
    assert program.store.read_text() == "a file"


def in_own_mounts(program: Program, options: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run spackbin where its store is a file system of its own, mounted with `options`."""
    program.store.mkdir(exist_ok=True)
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    mount = f'mount -t tmpfs -o {options} none "$SPACKBIN_STORE" && "$@"; status=$?; '
    listing = 'find "$SPACKBIN_STORE" -mindepth 1 ! -path "*/.spack-db*"; exit $status'
    return subprocess.run(
        [*own, "sh", "-c", mount + listing, "sh", *program.arguments(*arguments)],
        env=program.environment,
        cwd=program.directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_store_that_may_only_be_read(program: Program, simulated: SimulatedMirror) -> None:
    program.trusting(simulated.url, simulated.fingerprint)
    done = in_own_mounts(program, "ro", "--quiet", "install", "tide", "--yes")
    assert done.returncode == FAILED, done.stdout + done.stderr
    assert "read-only" in done.stderr.lower()
    assert str(program.store) in done.stderr


def test_a_disk_that_is_full_during_extraction(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    # As files they fit into what is left, and as blocks of the file system they do not.
    done = in_own_mounts(program, "size=2320k", "install", "gcc-runtime target=x86_64_v3", "--yes")
    assert done.returncode == FAILED, done.stdout + done.stderr
    assert "no space is left" in done.stderr
    assert str(program.store) in done.stderr
    left = [line for line in done.stdout.splitlines() if line.startswith(str(program.store))]
    assert left == []


def test_a_disk_that_is_too_small_for_the_plan(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    done = in_own_mounts(program, "size=1m", "install", "gcc-runtime target=x86_64_v3", "--yes")
    assert done.returncode == FAILED, done.stdout + done.stderr
    assert "The file system of the store has too little space" in done.stderr
    assert f"{program.store}: at least 2,363,259 bytes needed, 1,048,576 left" in done.stderr
    assert not [line for line in done.stdout.splitlines() if line.startswith(str(program.store))]
