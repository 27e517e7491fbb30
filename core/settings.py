"""One frozen settings value, from options, environment, the config file and defaults.

Order of precedence: option, environment (`SPACKBIN_...`), config file (`config.toml`), default.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from core.errors import WrongUse
from core.model.value import Value

if TYPE_CHECKING:
    from platformdirs import PlatformDirs

LOCK_TIMEOUT = 1200.0
"""Seconds to wait for a package that somebody else works on; Spack waits for ever unless it is
told otherwise."""


class Settings(Value, frozen=True):
    """Where things are and how to behave."""

    store: Path
    """Root of the install tree."""
    config_dir: Path
    """Mirrors, pins and `config.toml`."""
    cache_dir: Path
    """What can be had again: catalogs, downloads."""
    state_dir: Path
    """What cannot: journals of runs, keyrings."""
    jobs: int = 0
    """Packages worked on at once; 0 means as many as cores, at most 4."""
    cache_size: int | None = None
    """Bytes that the blob cache may keep after a run; `None` means 10 GB, or a tenth of its file
    system if that is less."""
    shared_caches: tuple[Path, ...] = ()
    """Cache directories of others, whose blobs are looked at before any mirror is asked."""
    lock_timeout: float = LOCK_TIMEOUT
    """Seconds to wait for a package that somebody else works on; then it fails."""
    use_spack: bool = True
    """False to ignore any Spack found beside us."""
    spack: Path | None = None
    """Prefix of the Spack beside us; `None` for that of SPACK_ROOT, or else the one on PATH."""
    slow: bool | None = None
    """True to paint the screen seldom, for a slow line; `None` to find out how slow it is."""
    mouse: bool | None = None
    """False to leave the mouse to the terminal; `None` to do so where it does harm."""
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Keys of commands as the config file's table `keys` says, by the name of the command, which
    may be `screen.command`; not looked at here."""

    @property
    def workers(self) -> int:
        """Packages worked on at once, at least 1."""
        return self.jobs or min(4, os.cpu_count() or 1)


def load_settings(
    options: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """The settings that hold for this process.

    Args:
        options: values from the command line by field name; `None` means not given.
        environ: the environment, default the process's own.

    Raises:
        WrongUse: the config file is not TOML, or a value has the wrong form.
    """
    environ = os.environ if environ is None else environ
    given: dict[str, str] = {
        name: environ[f"SPACKBIN_{name.upper()}"]
        for name in Settings.__struct_fields__
        if name != "keys" and environ.get(f"SPACKBIN_{name.upper()}")
    }
    given.update({key: value for key, value in (options or {}).items() if value is not None})
    config_dir = _path(given.get("config_dir"), lambda: _own_places().user_config_path)
    written = _config_file(config_dir / "config.toml")
    values = {**_plain(written), **given}
    return Settings(
        store=_path(values.get("store"), lambda: Path(os.path.expanduser("~/spackbin"))),
        config_dir=config_dir,
        cache_dir=_path(values.get("cache_dir"), lambda: _own_places().user_cache_path),
        state_dir=_path(values.get("state_dir"), lambda: _own_places().user_state_path),
        jobs=_count(values.get("jobs", "0")),
        cache_size=_bytes(values["cache_size"]) if values.get("cache_size") else None,
        shared_caches=tuple(
            _path(text) for text in values.get("shared_caches", "").split(os.pathsep) if text
        ),
        lock_timeout=_seconds(values.get("lock_timeout", str(LOCK_TIMEOUT))),
        use_spack=_truth(values.get("use_spack", "true")),
        spack=_path(values["spack"]) if values.get("spack") else None,
        slow=_truth(values["slow"]) if values.get("slow") else None,
        mouse=_truth(values["mouse"]) if values.get("mouse") else None,
        keys=tuple(_keys(written.get("keys", {}))),
    )


def _config_file(path: Path) -> dict[str, object]:
    try:
        text = path.read_bytes()
        import tomllib  # Few have such a file.

        return tomllib.loads(text.decode())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        reason = (error.strerror or "").lower() if isinstance(error, OSError) else str(error)
        raise WrongUse(
            f"The config file cannot be read: {reason}",
            str(path),
            "Correct or remove it, or name another directory with SPACKBIN_CONFIG_DIR",
        ) from error


def _plain(table: Mapping[str, object]) -> dict[str, str]:
    """What the config file says of settings that are a single text."""
    known = {*Settings.__struct_fields__} - {"config_dir", "keys"}
    return {key: _text(value) for key, value in table.items() if key in known}


def _keys(table: object, place: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """The table of keys, flat: one key or a list of keys for each command."""
    if not isinstance(table, dict):
        raise WrongUse("keys must be a table of the config file: [keys]")
    for name, value in cast("dict[str, object]", table).items():
        if isinstance(value, dict):
            yield from _keys(cast("object", value), f"{place}{name}.")
        elif isinstance(value, list):
            yield place + name, tuple(map(str, cast("list[object]", value)))
        else:
            yield place + name, (str(value),)


def _text(value: object) -> str:
    """A value as it would stand in the environment; a list is one of paths."""
    if isinstance(value, list):
        return os.pathsep.join(map(str, cast("list[object]", value)))
    return str(value)


def _path(text: str | None, default: Callable[[], Path] = Path) -> Path:
    place = Path(os.path.expanduser(text)) if text else default()
    if place.parts[:1] and place.parts[0].startswith("~"):
        raise WrongUse(
            f"{os.fspath(place)!a} begins with a home directory that is not known here",
            hint="Write the whole path, or set HOME",
        )
    return Path(os.path.abspath(place))


def _own_places() -> "PlatformDirs":
    """Where the system has programs keep what is a user's."""
    # Not needed where all places are named.
    from platformdirs import PlatformDirs

    return PlatformDirs("spackbin")


def _truth(text: str) -> bool:
    return text.lower() not in {"0", "false", "no", "off"}


def _bytes(text: str) -> int:
    """A number of bytes: `0`, `500M`, `20 GB`, `1.5 TiB`; only those with an `i` are binary."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", text.strip(), re.I)
    if not found:
        raise WrongUse(f"cache_size must be a size like 500M or 20G, not {text!r}")
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** " KMGT".index(found[2].upper() or " "))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise WrongUse(f"lock_timeout must be a number of seconds, not {text!r}")
    return seconds


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = -1
    if count < 0:
        raise WrongUse(f"jobs must be a whole number, 0 or more, not {text!r}")
    return count
