"""What this machine is."""

import platform
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import distro

from core.host.gpu import detect_gpus
from core.host.libc import detect_libc
from core.host.microarch import detect_targets, features_of
from core.model.host import Host, Libc

_T = TypeVar("_T")

_RENAMED = {"ol": "oracle", "opensuse-leap": "opensuse"}


def detect_host() -> Host:
    """This machine, as Spack would describe it. Never raises: what is unknown stays empty."""
    targets = _attempt(detect_targets, ())
    target = targets[0] if targets else ""
    libc = _attempt(lambda: detect_libc(Path(sys.executable)), None)
    return Host(
        platform="linux" if sys.platform.startswith("linux") else sys.platform,
        os=_attempt(lambda: _detect_os(libc), ""),
        target=target,
        targets=targets,
        libc=libc,
        kernel=platform.release(),
        features=features_of(target),
        gpus=_attempt(lambda: detect_gpus(Path("/")), ()),
    )


def os_name(identifier: str, version: str, libc_version: str = "") -> str:
    """The name that Spack gives to a Linux distribution, e.g. `ubuntu22.04` or `debian12`.

    Args:
        identifier: `ID` of os-release, e.g. `opensuse-leap`.
        version: `VERSION_ID` of os-release, e.g. `15.5`; may be empty.
        libc_version: version of glibc, by which openSUSE Tumbleweed is known.

    See Spack 1.x `operating_systems/linux_distro.py`.
    """
    name = identifier.lower().replace(" ", "_")
    name = _RENAMED.get(name, name)
    parts = re.split(r"[^\w-]", version)
    if "ubuntu" in name:
        number = ".".join(parts[:2])
    elif name in {"opensuse-tumbleweed", "opensusetumbleweed"}:
        name, number = "opensuse", f"tumbleweed{libc_version or parts[0]}"
    else:
        number = parts[0]
    return f"{name}{number}".replace("-", "_")


def _detect_os(libc: Libc | None) -> str:
    if not sys.platform.startswith("linux"):
        return ""
    # Reading os-release is quick; starting lsb_release, which old systems need, is not.
    system = distro.LinuxDistribution(include_lsb=False, include_uname=False)
    if not (system.id() and system.version()):
        system = distro.LinuxDistribution()
    return os_name(system.id(), system.version(), libc.version if libc else "")


def _attempt(detect: Callable[[], _T], unknown: _T) -> _T:
    """The result of `detect`, or `unknown` if the machine is too odd for it."""
    try:
        return detect()
    except Exception:
        return unknown
