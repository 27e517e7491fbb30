"""How long builds took: what we noted ourselves, and what Spack wrote into installed prefixes."""

import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

from core.atomic import write_atomically
from core.errors import StoreError
from core.model.forecast import BuildTime, build_time
from core.model.installed import InstalledRecord
from core.model.spec import ConcreteSpec
from core.store.records import is_present

_LARGEST = 64 << 10
"""Bytes of a file that is read."""
_MOST_FILES = 200
"""Of a package, so many builds are looked at."""
_MOST_PREFIXES = 500
"""Prefixes that are looked at in one go."""
_LONGEST = 30 * 86_400.0
"""Seconds: who says that a build took longer has no idea."""


class BuildTimes:
    """What we noted, one small file for each build. Safe for threads and processes.

    Args:
        state: directory of what cannot be had again (`Settings.state_dir`).
    """

    def __init__(self, state: Path) -> None:
        self._directory = state / "build-times-1"

    def record(self, spec: ConcreteSpec, seconds: float) -> None:
        """Note how long the build of `spec` took; what cannot be noted is left."""
        path = self._directory / spec.name / f"{spec.hash}.json"
        with suppress(StoreError):
            write_atomically(path, msgspec.json.encode(build_time(spec, seconds)))

    def of(self, names: Collection[str]) -> list[BuildTime]:
        """What was noted of packages with these names."""
        return [
            time
            for name in names
            for path in _files(self._directory / name)
            if (time := _noted(path)) and time.name == name
        ]


def times_in_prefixes(
    records: Iterable[InstalledRecord], names: Collection[str]
) -> list[BuildTime]:
    """What Spack wrote when it built installed packages with these names.

    Spack 0.18 to 1.1 write `.spack/install_times.json` into each prefix (`installer.py`,
    `util/timer.py`), and archives carry it on; `cache` says that no build was timed.
    """
    of_interest = (record for record in records if record.name in names and is_present(record))
    return [
        build_time(record.spec, seconds)
        for record in islice(of_interest, _MOST_PREFIXES)
        if record.prefix and (seconds := _spacks(Path(record.prefix), record.spec))
    ]


class _SpacksTimes(msgspec.Struct):
    total: float
    hash: str = ""
    cache: bool = False


def _spacks(prefix: Path, spec: ConcreteSpec) -> float | None:
    data = _read(prefix / ".spack" / "install_times.json")
    try:
        times = msgspec.json.decode(data, type=_SpacksTimes)
    except msgspec.DecodeError:
        return None
    is_of_it = not times.cache and times.hash in ("", spec.hash)
    return times.total if is_of_it and _is_sane(times.total) else None


def _noted(path: Path) -> BuildTime | None:
    try:
        time = msgspec.json.decode(_read(path), type=BuildTime)
    except msgspec.DecodeError:
        return None
    return time if _is_sane(time.seconds) else None


def _is_sane(seconds: float) -> bool:
    return 0 < seconds < _LONGEST


def _files(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as found:
            return [Path(entry.path) for entry in islice(found, _MOST_FILES)]
    except OSError:
        return []


def _read(path: Path) -> bytes:
    """The beginning of a file; nothing if it cannot be read or is no file."""
    try:
        # Not to wait for ever should it be a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return os.read(descriptor, _LARGEST)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
