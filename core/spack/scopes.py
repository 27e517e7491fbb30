"""The configuration scopes of a Spack, without running it.

Source: Spack 0.18 to 1.x `config.py`. From 1.1 on, `include.yaml` of the scopes `defaults` and
`spack` (`$spack/etc/spack`) names the others: user, site and system. Before, their places are
fixed, and sub-directories named after the platform belong to them (in 1.0 to the defaults alone).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import yaml

from core.errors import WrongUse
from core.net.urls import scheme_of, shown
from core.spack.condition import holds
from core.spack.instance import SpackInstance

MAX_DEPTH = 16
"""How deep includes may include."""


@dataclass(frozen=True)
class Scopes:
    """Places of configuration, lowest first, and what had to be left out."""

    paths: tuple[Path, ...]
    """Directories with a file for each section, and single files with all sections."""
    notes: tuple[str, ...]
    """What was left out and why, as sentences."""


def scopes_of(spack: SpackInstance) -> Scopes:
    """The scopes of defaults, system, site, user and Spack itself; not those of environments."""
    walk = _Walk(spack)
    etc = spack.prefix / "etc/spack"
    if spack.is_layered:
        found = [*walk.with_includes(etc / "defaults"), *walk.topmost(etc)]
    else:
        found = list(_fixed(spack, etc))
    return Scopes(_once(found), tuple(dict.fromkeys(walk.notes)))


def file_of(path: Path, section: str) -> Path:
    """The file in which a place has a section: itself, or one of a directory, whatever its name."""
    is_file = path.suffix in (".yaml", ".yml") and not os.path.isdir(path)
    return path if is_file else path / f"{section}.yaml"


def read_section(path: Path, section: str) -> dict[object, object]:
    """A section in a place, keys with their markers; empty if it is not there.

    Raises:
        WrongUse: the file cannot be read.
    """
    file = file_of(path, section)
    try:
        document: object = yaml.safe_load(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, yaml.YAMLError, RecursionError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not YAML"
        raise WrongUse(f"{file} cannot be read: {reason}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise WrongUse(f"{file} cannot be read: it is not an object")
    return cast("dict[object, object]", document)


def _once(scopes: list[Path]) -> tuple[Path, ...]:
    """Each scope once, where it counts most."""
    return tuple(dict.fromkeys(reversed(scopes)))[::-1]


def _fixed(spack: SpackInstance, etc: Path) -> Iterator[Path]:
    has_base = os.path.isdir(etc / "defaults/base")
    for at, scope in enumerate((etc / "defaults", *_local(spack, etc))):
        yield scope
        if at == 0 or not has_base:
            yield scope / spack.platform
        if at == 0:
            yield scope / "base"


def _local(spack: SpackInstance, etc: Path) -> Iterator[Path]:
    is_disabled = "SPACK_DISABLE_LOCAL_CONFIG" in spack.environ
    if not is_disabled:
        yield _place(spack, "SPACK_SYSTEM_CONFIG_PATH", "/etc/spack")
    yield etc
    if not is_disabled:
        yield _place(spack, "SPACK_USER_CONFIG_PATH", "~/.spack")


def _place(spack: SpackInstance, variable: str, default: str) -> Path:
    return Path(spack.substituted(spack.environ.get(variable, default)))


@dataclass
class _Walk:
    """Follows includes and notes what cannot be followed."""

    spack: SpackInstance
    notes: list[str] = field(default_factory=list[str])
    known: dict[Path, tuple[Path, ...]] = field(default_factory=dict[Path, tuple[Path, ...]])
    """What each scope comes to with all that it includes."""

    def topmost(self, scope: Path) -> tuple[Path, ...]:
        """The scope of Spack itself; `include::` in what it includes drops what is lower."""
        found = self.with_includes(scope)
        for at in range(len(found) - 1, -1, -1):
            if found[at] != scope and self._overrides(found[at]):
                return (*self.with_includes(found[at]), *found[at + 1 :])
        return found

    def with_includes(self, scope: Path, above: tuple[Path, ...] = ()) -> tuple[Path, ...]:
        """What a scope includes, lowest first, then the scope.

        Args:
            scope: which.
            above: the scopes that include it, directly or not.
        """
        if scope in self.known:
            return self.known[scope]
        below: list[Path] = []
        # The first of a list has the highest priority.
        for entry in reversed(self._includes(scope)):
            try:
                included = self._place_of(entry, scope, above)
            except WrongUse as error:
                self.notes.append(f"An include of {scope} is left out: {error.title}")
                continue
            if included:
                below += self.with_includes(included, (*above, scope))
        self.known[scope] = _once([*below, scope])
        return self.known[scope]

    def _includes(self, scope: Path) -> list[object]:
        try:
            document = read_section(scope, "include")
        except WrongUse as error:
            self.notes.append(error.title)
            return []
        entries = document.get("include", document.get("include:"))
        return cast("list[object]", entries) if isinstance(entries, list) else []

    def _overrides(self, scope: Path) -> bool:
        try:
            return "include:" in read_section(scope, "include")
        except WrongUse:
            return False

    def _place_of(self, entry: object, scope: Path, above: tuple[Path, ...]) -> Path | None:
        """Where an include leads; `None` if its condition does not hold."""
        fields = {"path": entry} if isinstance(entry, str) else entry
        if not isinstance(fields, dict):
            raise WrongUse("it is neither a path nor an object")
        given = cast("dict[str, object]", fields)
        condition = given.get("when")
        if condition and not holds(str(condition), self.spack):
            return None
        path = given.get("path")
        if not isinstance(path, str):
            raise WrongUse("it names a git repository, which is not fetched")
        variable = str(given.get("path_override_env_var") or "")
        path = self.spack.substituted(self.spack.environ.get(variable, path))
        if scheme_of(path) not in ("", "file"):
            raise WrongUse(f"{shown(path)} is not fetched")
        base = scope.parent if os.path.isfile(scope) else scope
        place = Path(os.path.normpath(base / path.removeprefix("file://")))
        if place in (*above, scope) or len(above) >= MAX_DEPTH:
            raise WrongUse("includes go round in circles")
        return place
