"""The configured mirrors, in Spack's own `mirrors.yaml` format.

Format: Spack 1.x `schema/mirrors.py`, `mirrors/mirror.py`. An entry is a URL, or an object with
`url` or `fetch` (a URL, or an object with `url`), `signed` and `binary` among its keys. Order is
priority.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import yaml

from core.atomic import write_atomically
from core.errors import WrongUse
from core.model.ident import MirrorName, mirror_name
from core.model.mirror import Mirror
from core.net.files import file_url
from core.net.transport import SCHEMES
from core.net.urls import scheme_of, shown

__all__ = ["Mirror", "MirrorConfig", "normalise_url"]

_Entries = dict[object, object]


def normalise_url(text: str, base: Path) -> str:
    """The absolute URL of a mirror, without a slash at the end.

    Args:
        text: a URL, or a path, in which `~` and environment variables are expanded.
        base: the directory that a relative path starts from.

    Raises:
        WrongUse: the URL has a scheme that we do not speak, no host, or a query.
    """
    scheme = scheme_of(text)
    if not text.strip() or "\0" in text:
        raise WrongUse(f"{text!a} is neither a URL nor a path")
    if not scheme:
        path = Path(os.path.expandvars(text)).expanduser()
        return file_url(Path(os.path.abspath(base / path)))
    if scheme not in SCHEMES:
        raise WrongUse(
            f"Mirrors on {scheme}:// are not read yet: {shown(text)}",
            hint=f"Use a directory or {', '.join(SCHEMES)}",
        )
    rest = text[len(scheme) + 3 :]
    host = rest.partition("/")[0]
    if scheme != "file" and not host.rpartition("@")[2]:
        raise WrongUse(f"{shown(text)} names no host")
    if "?" in rest or "#" in rest:
        raise WrongUse(f"{shown(text)} goes on with a query, which a mirror cannot have")
    return f"{scheme}://{rest.rstrip('/')}"


class MirrorConfig:
    """The mirrors in one `mirrors.yaml`. A missing file means no mirrors.

    Every method raises `WrongUse` if the file cannot be understood.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def mirrors(self) -> tuple[Mirror, ...]:
        """The mirrors of binaries, the one to ask first first."""
        found = (self._mirror(name, entry) for name, entry in self._entries().items())
        return tuple(mirror for mirror in found if mirror)

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
        entries[mirror.name] = {"url": mirror.url, "signed": mirror.signed}
        self._write(entries)

    def remove(self, name: MirrorName) -> None:
        """Take a mirror out.

        Raises:
            WrongUse: there is none of this name.
            StoreError: the file cannot be written.
        """
        entries = self._entries()
        if name not in entries:
            known = ", ".join(str(key) for key in entries) or "none at all"
            raise WrongUse(f"There is no mirror called {name}", f"Configured are: {known}")
        del entries[name]
        self._write(entries)

    def _mirror(self, name: object, entry: object) -> Mirror | None:
        if isinstance(entry, str):
            entry = {"url": entry}
        if not isinstance(entry, dict):
            raise self._error(f"mirror {name!a} is neither a URL nor an object")
        fields = cast("dict[str, object]", entry)
        if not self._flag(name, fields, "binary"):
            return None
        url = _fetch_url(fields)
        if url is None:
            raise self._error(f"mirror {name!a} has no url")
        try:
            checked = mirror_name(name)
            absolute = normalise_url(url, Path(os.path.abspath(self._path.parent)))
        except WrongUse as error:
            raise self._error(error.title, f"spackbin mirror remove {name}") from error
        return Mirror(checked, absolute, self._flag(name, fields, "signed"))

    def _flag(self, name: object, fields: Mapping[str, object], key: str) -> bool:
        value = fields.get(key, True)
        if isinstance(value, bool):
            return value
        raise self._error(f"{key} of mirror {name!a} is neither true nor false")

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

    def _error(self, reason: str, hint: str = "") -> WrongUse:
        return WrongUse(
            f"The mirrors cannot be read: {reason}",
            f"File {self._path}",
            f"Correct the file{', or: ' + hint if hint else ''}",
        )


def _fetch_url(fields: Mapping[str, object]) -> str | None:
    fetch = fields.get("fetch")
    if isinstance(fetch, dict):
        fetch = cast("dict[str, object]", fetch).get("url")
    url = fetch if fetch is not None else fields.get("url")
    return url if isinstance(url, str) else None


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{error.problem} (line {error.problem_mark.line + 1})"
    return "it is not YAML"
