"""The mirrors configured for spackbin, in Spack's own `mirrors.yaml` format.

The order of the entries is the priority of the mirrors; see `core.mirror.entries` for an entry.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from core.atomic import write_atomically
from core.errors import WrongUse
from core.mirror.entries import broken, normalise_url, read_entry, written
from core.model.mirror import BrokenMirror, Mirror

__all__ = ["Configured", "Mirror", "MirrorConfig", "normalise_url", "read_entries"]

_Entries = dict[object, object]


@dataclass(frozen=True, slots=True)
class Configured:
    """What a configuration names, the mirror to ask first first."""

    mirrors: tuple[Mirror, ...]
    """Those that can be read."""
    broken: tuple[BrokenMirror, ...] = ()
    """Those that cannot."""


def read_entries(entries: Iterable[tuple[object, object, Path, str]]) -> Configured:
    """What entries of `mirrors.yaml` name; a bad one does not keep the others from being used.

    Args:
        entries: name, entry, directory that its relative paths start from, and origin.
    """
    mirrors: list[Mirror] = []
    bad: list[BrokenMirror] = []
    for name, entry, base, origin in entries:
        try:
            mirror = read_entry(name, entry, base, origin)
        except WrongUse as error:
            bad.append(broken(name, entry, origin, error))
            continue
        if mirror:
            mirrors.append(mirror)
    return Configured(tuple(mirrors), tuple(bad))


class MirrorConfig:
    """The mirrors in one `mirrors.yaml`. A missing file means no mirrors.

    Every method raises `WrongUse` if the file cannot be understood.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Configured:
        """The mirrors of binaries."""
        base = Path(os.path.abspath(self._path.parent))
        return read_entries((name, entry, base, "") for name, entry in self._entries().items())

    def names(self) -> frozenset[str]:
        """The names that are taken, whatever they stand for."""
        return frozenset(str(name) for name in self._entries())

    def add(self, mirror: Mirror) -> None:
        """Append a mirror.

        Raises:
            WrongUse: there is one of this name.
            StoreError: the file cannot be written.
        """
        entries = self._entries()
        if mirror.name in entries:
            raise WrongUse(
                f"There is a mirror called {mirror.name}",
                f"File {self._path}",
                f"Choose another name, or first: spackbin mirror remove {mirror.name}",
            )
        entries[mirror.name] = written(mirror)
        self._write(entries)

    def remove(self, name: str) -> None:
        """Take a mirror out.

        Raises:
            WrongUse: there is none of this name.
            StoreError: the file cannot be written.
        """
        entries = self._entries()
        keys = [key for key in entries if str(key) == name]
        if not keys:
            known = ", ".join(str(key) for key in entries) or "none at all"
            raise WrongUse(f"There is no mirror called {name}", f"Configured are: {known}")
        del entries[keys[0]]
        self._write(entries)

    def _entries(self) -> _Entries:
        document = self._document()
        # With two colons Spack ignores lower scopes; there are none here.
        entries = document.get("mirrors", document.get("mirrors:"))
        if entries is None:
            return {}
        if not isinstance(entries, dict):
            raise self._error("mirrors is not an object")
        return cast("_Entries", entries)

    def _document(self) -> _Entries:
        try:
            document: object = yaml.safe_load(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, yaml.YAMLError, RecursionError, ValueError) as error:
            raise self._error(_reason(error)) from error
        if document is None:
            return {}
        if not isinstance(document, dict):
            raise self._error("it is not an object")
        return cast("_Entries", document)

    def _write(self, entries: _Entries) -> None:
        document = self._document()
        document.pop("mirrors:", None)
        document["mirrors"] = entries
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
        write_atomically(self._path, text.encode())

    def _error(self, reason: str) -> WrongUse:
        title = f"The mirrors cannot be read: {reason}"
        return WrongUse(title, f"File {self._path}", "Correct the file")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{error.problem} (line {error.problem_mark.line + 1})"
    return "it is not YAML"
