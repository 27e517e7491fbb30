"""What this machine is, and what other machines would be called."""

import os
import sys
from pathlib import Path

import pytest

from core.host import detect, libc, microarch
from core.host.detect import detect_host, os_name
from core.host.libc import detect_libc, libc_of_loader, loader_prefix, program_loader
from core.model.host import Libc

GLIBC_TEXT = """ld.so (Debian GLIBC 2.36-9) stable release version 2.36.
Copyright (C) 2022 Free Software Foundation, Inc."""
LDD_TEXT = """ldd (GNU libc) 2.17
Copyright (C) 2012
Written by Roland McGrath and Ulrich Drepper."""


@pytest.mark.parametrize(
    ("identifier", "version", "name"),
    [
        ("ubuntu", "22.04", "ubuntu22.04"),
        ("ubuntu", "24.04.1", "ubuntu24.04"),
        ("debian", "12", "debian12"),
        ("debian", "trixie/sid", "debiantrixie"),
        ("rhel", "8.10", "rhel8"),
        ("rocky", "9.4", "rocky9"),
        ("almalinux", "9.4", "almalinux9"),
        ("centos", "7", "centos7"),
        ("fedora", "40", "fedora40"),
        ("amzn", "2", "amzn2"),
        ("amzn", "2023", "amzn2023"),
        ("sles", "15.5", "sles15"),
        ("opensuse-leap", "15.5", "opensuse15"),
        ("opensuse", "15.5", "opensuse15"),
        ("opensuse-tumbleweed", "20240901", "opensusetumbleweed2.40"),
        ("alpine", "3.18.4", "alpine3"),
        ("ol", "8.9", "oracle8"),
        ("oracle", "8.9", "oracle8"),
        ("arch", "", "arch"),
        ("linux mint", "21", "linux_mint21"),
        ("a-b", "1-2.3", "a_b1_2"),
    ],
)
def test_names_of_operating_systems(identifier: str, version: str, name: str) -> None:
    assert os_name(identifier, version, "2.40") == name


def test_this_machine_is_described() -> None:
    host = detect_host()
    assert host.platform == "linux"
    assert host.target == host.targets[0]
    assert microarch.family_of(host.target) == host.targets[-1]
    assert host.os
    assert host.libc is not None
    assert host.libc.name in {"glibc", "musl"}
    assert host.kernel == os.uname().release


def test_a_machine_that_cannot_be_understood_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("odd machine")

    for module, name in (
        (detect, "detect_targets"),
        (detect, "detect_libc"),
        (detect.distro, "LinuxDistribution"),
    ):
        monkeypatch.setattr(module, name, fail)
    host = detect_host()
    assert (host.os, host.target, host.targets, host.libc) == ("", "", (), None)
    assert host.platform == "linux"


@pytest.mark.parametrize(
    ("loader", "prefix"),
    [
        ("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "/usr"),
        ("/usr/lib64/ld-linux-x86-64.so.2", "/usr"),
        ("/lib/ld-musl-x86_64.so.1", "/"),
        ("/lib64/ld-2.17.so", "/"),
        ("/opt/compat/lib/ld.so", "/opt/compat"),
        ("/opt/compat/libexec/ld.so", None),
        ("/ld.so", None),
    ],
)
def test_the_prefix_of_a_loader(loader: str, prefix: str | None) -> None:
    assert loader_prefix(Path(loader)) == (Path(prefix) if prefix else None)


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_glibc_says_its_version(tmp_path: Path) -> None:
    loader = script(
        tmp_path / "usr/lib/triplet/ld.so",
        f'[ "$1 $LC_ALL" = "--version C" ] && echo "{GLIBC_TEXT}"',
    )
    link = tmp_path / "lib64" / "ld.so"
    link.parent.mkdir()
    link.symlink_to(loader)
    assert libc_of_loader(link) == Libc("glibc", "2.36", str(tmp_path / "usr"))


def test_musl_says_its_version_as_an_error(tmp_path: Path) -> None:
    loader = script(
        tmp_path / "lib/ld-musl.so", 'printf "musl libc (x86_64)\\nVersion 1.2.4\\n" >&2; exit 1'
    )
    assert libc_of_loader(loader) == Libc("musl", "1.2.4", str(tmp_path))


def test_an_old_glibc_says_it_by_ldd(tmp_path: Path) -> None:
    loader = script(tmp_path / "lib64/ld.so", "echo usage >&2; exit 127")
    assert libc_of_loader(loader) is None
    script(tmp_path / "bin/ldd", f'echo "{LDD_TEXT}"')
    assert libc_of_loader(loader) == Libc("glibc", "2.17", str(tmp_path))
    script(tmp_path / "bin/ldd", "echo something else")
    assert libc_of_loader(loader) is None


@pytest.mark.parametrize(
    "body",
    ["exit 3", 'echo "Free Software Foundation"', 'echo "musl libc" >&2', "printf '\\377\\376'"],
)
def test_a_loader_that_says_nothing_known_is_not_known(tmp_path: Path, body: str) -> None:
    assert libc_of_loader(script(tmp_path / "lib/ld.so", body)) is None


def test_a_loader_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libc, "_TIMEOUT_SECONDS", 0.2)
    assert libc_of_loader(script(tmp_path / "lib/ld.so", "exec sleep 60")) is None


def test_the_loader_of_a_program(tmp_path: Path) -> None:
    loader = program_loader(Path(sys.executable))
    assert loader is not None
    assert loader.is_absolute()
    text = script(tmp_path / "script", "exit")
    assert program_loader(text) is None
    assert detect_libc(text) is None
    assert detect_libc(tmp_path / "absent") is None
    broken = tmp_path / "broken"
    broken.write_bytes(Path(sys.executable).resolve().read_bytes()[:70])
    assert detect_libc(broken) is None
