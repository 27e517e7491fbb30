"""The mirrors configured for spackbin, in Spack's own `mirrors.yaml` format.

The order of the entries is the priority of the mirrors; see `core.mirror.entries` for an entry.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

from core.atomic import changing, write_atomically
from core.errors import WrongUse
from core.mirror.entries import broken, normalise_url, read_entry, written
from core.mirror.plainfile import plain_blocks
from core.model.mirror import BrokenMirror, Mirror
from core.model.value import Value

__all__ = ["Configured", "Mirror", "MirrorConfig", "normalise_url", "read_entries"]

_Entries = dict[object, object]
_Check = Callable[[Mirror], None]


class Configured(Value, frozen=True):
    """What a configuration names, the mirror to ask first first."""

    mirrors: tuple[Mirror, ...]
    """Those that can be read."""
    broken: tuple[BrokenMirror, ...] = ()
    """Those that cannot."""


def read_entries(
    entries: Iterable[tuple[object, object, Path, str]],
    check: _Check = lambda _: None,
) -> Configured:
    """What entries of `mirrors.yaml` name; a bad one does not keep the others from being used.

    Args:
        entries: name, entry, directory that its relative paths start from, and origin.
        check: raises `WrongUse` for a mirror that cannot be used for another reason.
    """
    mirrors: list[Mirror] = []
    bad: list[BrokenMirror] = []
    for name, entry, base, origin in entries:
        try:
            mirror = read_entry(name, entry, base, origin)
            if mirror:
                check(mirror)
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
        self._known: tuple[bytes, _Entries] | None = None
        self._read: tuple[_Entries, _Check, Configured] | None = None

    def read(self, check: _Check = lambda _: None) -> Configured:
        """The mirrors of binaries; `check` as for `read_entries`."""
        found = self._entries()
        if self._read is None or self._read[0] is not found or self._read[1] is not check:
            base = Path(os.path.abspath(self._path.parent))
            entries = ((name, entry, base, "") for name, entry in found.items())
            self._read = (found, check, read_entries(entries, check))
        return self._read[2]

    def names(self) -> frozenset[str]:
        """The names that are taken, whatever they stand for."""
        return frozenset(str(name) for name in self._entries())

    def add(self, mirror: Mirror) -> None:
        """Append a mirror.

        Raises:
            WrongUse: there is one of this name.
            StoreError: the file cannot be written.
        """
        from core.mirror.yamledit import appended

        with changing(self._path):
            entries = self._entries()
            if mirror.name in entries:
                raise WrongUse(
                    f"There is a mirror called {mirror.name}",
                    f"File {self._path}",
                    f"Choose another name, or first: spackbin mirror remove {mirror.name}",
                )
            entry = written(mirror)
            self._write({**entries, mirror.name: entry}, appended(self._text(), mirror.name, entry))

    def remove(self, name: str) -> None:
        """Take a mirror out.

        Raises:
            WrongUse: there is none of this name.
            StoreError: the file cannot be written.
        """
        from core.mirror.yamledit import without

        with changing(self._path):
            entries = self._entries()
            keys = [key for key in entries if str(key) == name]
            if not keys:
                known = ", ".join(str(key) for key in entries) or "none at all"
                raise WrongUse(f"There is no mirror called {name}", f"Configured are: {known}")
            kept = {key: entry for key, entry in entries.items() if key != keys[0]}
            self._write(kept, without(self._text(), name))

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
        known = self._known
        try:
            data = self._path.read_bytes()
            # Asked for again and again, and slow to parse.
            if known and known[0] == data:
                return known[1]
            document = plain_blocks(data) or _parsed(data)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._error(error.strerror or str(error)) from error
        except ValueError as error:
            raise self._error(str(error)) from error
        if document is None:
            return {}
        if not isinstance(document, dict):
            raise self._error("it is not an object")
        found = cast("_Entries", document)
        self._known = (data, found)
        return found

    def _text(self) -> str:
        try:
            return self._path.read_text("utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return ""

    def _write(self, entries: _Entries, edited: str | None) -> None:
        """Write `edited`, the old text with a small change, if it means just `entries`."""
        import yaml

        document = self._document()
        colons = "mirrors" not in document and "mirrors:" in document
        wanted = {**document, "mirrors:" if colons else "mirrors": entries}
        if edited is None or not _means(edited, wanted):
            edited = yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True)
        write_atomically(self._path, edited.encode())

    def _error(self, reason: str) -> WrongUse:
        title = f"The mirrors cannot be read: {reason}"
        return WrongUse(title, f"File {self._path}", "Correct the file")


def _parsed(text: bytes | str) -> object:
    """What is written in YAML.

    Raises:
        ValueError: it is no YAML; says why.
    """
    import yaml  # Takes long to load: see `core.mirror.plainfile`.

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = "it is not YAML"
        if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
            reason = f"{error.problem} (line {error.problem_mark.line + 1})"
        raise ValueError(reason) from error


def _means(text: str, document: _Entries) -> bool:
    """True if that is what a file with this text says, its entries in the same order."""
    try:
        found = _parsed(text)
    except ValueError:
        return False
    # Equal dictionaries may differ in order, which is the priority of the mirrors.
    return found == document and repr(found) == repr(document)
