"""Machines as they were recorded, so that no test depends on where it runs."""

from core.host.microarch import runnable_on
from core.model.host import Host, Libc

GLIBC_236 = Libc("glibc", "2.36", "/usr")


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
