"""Other machines: recorded ones, and ones that are named by their parts."""

import json
from pathlib import Path

import msgspec
import pytest

from core.errors import StoreError, WrongUse
from core.host.fleet import Fleet
from core.host.profile import host_for, parse_profile, read_profile
from core.model.host import Gpu, Host, HostChoice, Libc
from tests.core.host.machines import ICELAKE, RECORDED, machine, recorded, recorded_names


def document(host: Host, **fields: object) -> bytes:
    return msgspec.json.encode({"schema": 1, "kind": "host", "host": host, **fields})


@pytest.mark.parametrize("name", recorded_names())
def test_a_record_says_all_of_a_machine(name: str) -> None:
    text = (RECORDED / f"{name}.json").read_bytes()
    host = recorded(name)
    assert parse_profile(document(host, store="/s"), "x") == host
    assert json.loads(text)["host"] == json.loads(msgspec.json.encode(host))


def test_what_runs_on_a_machine_is_asked_of_archspec_anew() -> None:
    old = Host("linux", "amzn2", "graviton2", ("graviton2", "graviton", "aarch64"), None)
    now = parse_profile(document(old), "x")
    assert now.target == "neoverse_n1"
    assert now.targets[-1] == "aarch64"
    assert "asimd" in now.features
    newer = Host("linux", "amzn2", "zen99", ("zen99", "zen4"), None)
    assert parse_profile(document(newer), "x").targets == ("zen99", "zen4")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b'{"schema": 1, "kind": "host"}',
        b'{"schema": 1, "kind": "plan", "host": {}}',
        document(ICELAKE, kind="plan"),
        document(ICELAKE, schema=2),
        document(machine("icelake", os="\x1b[31mred")),
        document(machine("icelake", os="../../x")),
        document(machine("icelake", libc=Libc("glibc", "2.36\n", "/usr"))),
    ],
)
def test_what_is_no_record_is_refused(text: bytes) -> None:
    with pytest.raises(WrongUse, match="This is no recorded machine") as caught:
        parse_profile(text, "a file")
    assert "a file" in caught.value.detail
    assert "spackbin host --json" in caught.value.hint


def test_a_record_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="No such file") as caught:
        read_profile(tmp_path / "gone.json")
    assert caught.value.detail == str(tmp_path / "gone.json")


def here() -> Host:
    return Host(
        **{**{name: getattr(ICELAKE, name) for name in Host.__slots__}, "gpus": (Gpu("amd"),)}
    )


def test_a_machine_by_its_parts() -> None:
    assert host_for(HostChoice(), here) == here()
    found = host_for(HostChoice(target="zen2", os="rhel8", libc="2.28"), here)
    assert (found.target, found.os, found.gpus) == ("zen2", "rhel8", ())
    assert found.targets[:3] == ("zen2", "zen", "x86_64_v3")
    assert found.libc == Libc("glibc", "2.28", "/usr")
    assert host_for(HostChoice(libc="musl@1.2.4"), here).libc == Libc("musl", "1.2.4", "/usr")
    assert host_for(HostChoice(libc="glibc@=2.17"), here).libc == Libc("glibc", "2.17", "/usr")
    assert host_for(HostChoice(target="graviton2"), here).target == "neoverse_n1"


def test_a_recorded_machine_with_another_part() -> None:
    choice = HostChoice(profile=RECORDED / "m1.json", libc="2.28", os="debian12")
    found = host_for(choice, here)
    assert (found.platform, found.target, found.os) == ("darwin", "m1", "debian12")
    assert found.libc == Libc("glibc", "2.28", "/usr")


@pytest.mark.parametrize(
    ("choice", "title", "hint"),
    [
        (HostChoice(target="zenn2"), "'zenn2' is no known microarchitecture", "zen2"),
        (HostChoice(target="!"), "'!' is no known microarchitecture", "x86_64_v3"),
        (HostChoice(os="a b"), "'a b' is no operating system", "ubuntu22.04"),
        (HostChoice(libc="uclibc@1"), "'uclibc@1' is no C library", "glibc@2.28"),
    ],
)
def test_parts_that_make_no_sense(choice: HostChoice, title: str, hint: str) -> None:
    with pytest.raises(WrongUse, match=title) as caught:
        host_for(choice, here)
    assert hint in caught.value.hint


def test_a_fleet_keeps_machines_by_name(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path / "fleet")
    assert fleet.hosts() == ()
    fleet.add("login", document(recorded("icelake")), "x")
    fleet.add("gpu", document(recorded("zen4")), "x")
    fleet.add("login", document(recorded("zen2")), "x")
    hosts = Fleet(tmp_path / "fleet").hosts()
    assert [(item.name, item.host) for item in hosts] == [
        ("gpu", recorded("zen4")),
        ("login", recorded("zen2")),
    ]
    fleet.remove("gpu")
    assert [item.name for item in fleet.hosts()] == ["login"]
    with pytest.raises(WrongUse, match="No machine is recorded as gpu") as caught:
        fleet.remove("gpu")
    assert "login" in caught.value.detail


def test_a_broken_record_hides_no_other(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("good", document(ICELAKE), "x")
    (tmp_path / "bad.json").write_text("{")
    bad, good = fleet.hosts()
    assert bad.host is None
    assert "This is no recorded machine" in bad.problem
    assert good.host == recorded_again(ICELAKE)


def recorded_again(host: Host) -> Host:
    """A machine as it comes back from its record."""
    return parse_profile(document(host), "x")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a" * 65, "x\n"])
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    fleet = Fleet(tmp_path / "fleet")
    with pytest.raises(WrongUse, match="not a name for a machine"):
        fleet.add(name, document(ICELAKE), "x")
    assert not (tmp_path / "fleet").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "fleet").write_text("a file")
    with pytest.raises(StoreError):
        Fleet(tmp_path / "fleet").add("a", document(ICELAKE), "x")
