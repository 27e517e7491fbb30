"""A mirror that asks for a login, by commands: the secret is used and written nowhere."""

import base64
import json
import shutil
from pathlib import Path

import pytest

from tests.program import KEY, Program
from tests.simulator.fixtures import Serve
from tests.simulator.server import Fault, FaultyServer

SECRET = "hunter2-very-secret"


class Guarded(FaultyServer):
    """Answers 401 to whoever does not send the login."""

    header = "Bearer " + SECRET

    def fault_for(self, path: str) -> Fault:
        _, headers = self.requests[-1]
        if headers.get("Authorization") != self.header:
            return Fault(status=401)
        return super().fault_for(path)


@pytest.fixture
def guarded(tmp_path: Path, golden: Path, serving: Serve) -> FaultyServer:
    """The golden mirror behind a login."""
    root = tmp_path / "served"
    shutil.copytree(golden / "dev" / "mirror-signed", root)
    server = serving(root)
    server.__class__ = Guarded
    return server


def files_below(*directories: Path) -> bytes:
    return b"\n".join(
        path.read_bytes()
        for directory in directories
        for path in directory.rglob("*")
        if path.is_file()
    )


@pytest.mark.parametrize("kind", ["token", "pair", "netrc"])
def test_the_main_job_with_a_login(
    kind: str,
    program: Program,
    guarded: FaultyServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: tuple[str, ...] = ()
    netrc = program.directory / ".netrc"
    monkeypatch.setenv("SITE_SECRET", "" if kind == "netrc" else SECRET)
    basic = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    if kind == "token":
        options = ("--token-variable", "SITE_SECRET")
    else:
        guarded.header = basic  # type: ignore[attr-defined]
    if kind == "pair":
        options = ("--user", "me", "--password-variable", "SITE_SECRET")
    if kind == "netrc":
        assert "asks for a login" in program.refused(1, "mirror", "add", "harbor", guarded.url)
        netrc.write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    said = [
        program.good("mirror", "add", "harbor", guarded.url, *options),
        program.good("key", "trust", "harbor", KEY),
        program.good("mirror", "list", "--json"),
        program.good("list"),
        program.good("install", "--yes", "beacon"),
    ]
    assert program.prefix("beacon").is_dir()
    netrc.unlink(missing_ok=True)
    guarded.header = "another"  # type: ignore[attr-defined]
    monkeypatch.setenv("SITE_SECRET", SECRET)
    said.append(program.refused(1, "mirror", "refresh", "harbor"))
    written = "".join(said).encode() + files_below(program.directory, program.store)
    for secret in (SECRET.encode(), basic.removeprefix("Basic ").encode()):
        assert secret not in written


def test_a_variable_that_is_not_set_is_named(program: Program, guarded: FaultyServer) -> None:
    said = program.refused(
        1, "mirror", "add", "harbor", guarded.url, "--token-variable", "NOWHERE_SET"
    )
    assert "environment variable NOWHERE_SET, which is not set" in said
    assert program.json("mirror", "list")["mirrors"] == []


def test_a_login_in_the_url_is_refused(program: Program) -> None:
    said = program.refused(2, "mirror", "add", "a", f"https://me:{SECRET}@127.0.0.1:1/x")
    assert "A login does not belong into the URL of a mirror: https://127.0.0.1:1/x" in said
    assert SECRET not in said


def test_known_mirrors_are_listed_and_not_used(program: Program) -> None:
    found = program.json("mirror", "known")
    assert found["kind"] == "known-mirrors"
    assert found["mirrors"][0]["url"] == "https://binaries.spack.io/develop"
    assert "2C8DD3224EF3573A42BD221FA8E0CA3C1C2ADA2F" in program.good("mirror", "known")
    assert program.json("mirror", "list")["mirrors"] == []


def test_one_bad_entry_does_not_end_a_refresh(program: Program, golden: Path) -> None:
    program.good("mirror", "add", "harbor", str(golden / "dev" / "mirror-signed"))
    file = program.directory / "config" / "mirrors.yaml"
    file.write_text(file.read_text() + "  odd: sftp://odd.example/x\n")
    done = program.run("mirror", "refresh")
    assert done.returncode == 0
    assert "odd is left out: Mirrors on sftp:// are not read" in done.stderr
    listed = {
        item["name"]: item
        for item in json.loads(program.good("mirror", "list", "--json"))["mirrors"]
    }
    assert (listed["harbor"]["is_usable"], listed["odd"]["is_usable"]) == (True, False)
    program.good("mirror", "remove", "odd")
    assert "odd" not in file.read_text()
