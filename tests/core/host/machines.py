"""Machines as they were recorded, so that no test depends on where it runs."""

from pathlib import Path

from core.host.microarch import runnable_on
from core.host.profile import read_profile
from core.model.host import Host, Libc

RECORDED = Path(__file__).parent / "recorded"
"""Documents of `spackbin host --json`, one for each machine."""

GLIBC_236 = Libc("glibc", "2.36", "/usr")


def recorded(name: str) -> Host:
    """A recorded machine."""
    return read_profile(RECORDED / f"{name}.json")


def recorded_names() -> list[str]:
    """The names of all recorded machines."""
    return sorted(path.stem for path in RECORDED.glob("*.json"))


def machine(
    target: str, os: str = "debian12", libc: Libc | None = GLIBC_236, platform: str = "linux"
) -> Host:
    """A machine with this processor."""
    return Host(platform, os, target, runnable_on(target) if target else (), libc, "6.1.0")


ICELAKE = machine("icelake")
ZEN2 = machine("zen2", "rhel8", Libc("glibc", "2.28", "/usr"))
GRAVITON3 = machine("neoverse_v1", "amzn2023", Libc("glibc", "2.34", "/usr"))
OLD = machine("x86_64", "centos7", Libc("glibc", "2.17", "/"))
ALPINE = machine("x86_64_v3", "alpine3", Libc("musl", "1.2.4", "/"))
NOBODY_KNOWS = machine("", "", None)
