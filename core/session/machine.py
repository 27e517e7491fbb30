"""This machine, remembered: to find out takes longer than most commands."""

import os
import sys
from pathlib import Path

import msgspec

from core.atomic import write_atomically
from core.errors import StoreError
from core.model.host import Host, HostChoice

_OS_RELEASE = Path("/etc/os-release")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Remembered(msgspec.Struct, frozen=True):
    """What was found out, and where and when that holds."""

    circumstances: list[str]
    """See `_circumstances`."""
    host: Host
    """The machine."""


def chosen_host(given: Host | HostChoice | None, cache_dir: Path) -> Host:
    """The machine to judge for.

    Args:
        given: the machine itself, or how a user names it; this one if not given.
        cache_dir: see `remembered_host`.

    Raises:
        WrongUse: the choice cannot be understood, or its profile cannot be read.
    """
    if isinstance(given, Host):
        return given
    if given is None or given.is_this_machine:
        return remembered_host(cache_dir)
    from core.host.profile import host_for

    return host_for(given, lambda: remembered_host(cache_dir))


def remembered_host(cache_dir: Path) -> Host:
    """This machine, as it was found out since it was started; found out now if it was not.

    Args:
        cache_dir: where it is remembered, one file for each machine that shares the directory.
    """
    now = _circumstances()
    path = cache_dir / "hosts" / f"{os.uname().nodename or 'localhost'}.json"
    try:
        known = msgspec.json.decode(path.read_bytes(), type=Remembered)
        if known.circumstances == now:
            return known.host
    except (OSError, msgspec.DecodeError):
        pass
    from core.host.detect import detect_host

    host = detect_host()
    if now:
        _remember(path, Remembered(now, host))
    return host


def _remember(path: Path, found: Remembered) -> None:
    try:
        write_atomically(path, msgspec.json.encode(found))
    except StoreError:
        # A cache that cannot be written costs time alone.
        return


def _circumstances() -> list[str]:
    """All that the answer depends on; empty if the system does not tell when it was started."""
    try:
        return [
            _BOOT.read_text().strip(),
            *os.uname(),
            _stamp(_OS_RELEASE),
            _stamp(Path(sys.executable)),
            *Host.__struct_fields__,
        ]
    except OSError:
        return []


def _stamp(path: Path) -> str:
    found = path.stat()
    return f"{path} {found.st_ino} {found.st_mtime_ns}"
