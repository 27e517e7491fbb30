"""The mirrors that a Spack is configured with.

An entry is read as Spack reads it, and understood by who asks for it: the form of entries is no
matter of this room.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from core.errors import WrongUse
from core.model.value import Value
from core.net.files import file_url
from core.net.urls import scheme_of
from core.spack.instance import SpackInstance
from core.spack.merge import merged, split_key
from core.spack.scopes import file_of, read_section, scopes_of

_SECTION = "mirrors"
_URLS = ("url", "fetch", "push")


class SpackMirror(Value, frozen=True):
    """One entry, all scopes laid over each other."""

    name: object
    """Its key."""
    entry: object
    """What the key stands for; paths in it have become URLs."""
    file: Path
    """The file of the highest scope that has it."""


class SpackMirrors(Value, frozen=True):
    """What a Spack is configured with, the mirror that it would ask first first."""

    entries: tuple[SpackMirror, ...] = ()
    """The entries, of sources too."""
    notes: tuple[str, ...] = ()
    """What could not be read, as sentences."""


def mirrors_of(spack: SpackInstance) -> SpackMirrors:
    """The mirrors of a Spack; whatever cannot be read of it becomes a note."""
    scopes = scopes_of(spack)
    notes = list(scopes.notes)
    found: object = {}
    files: dict[object, Path] = {}
    for path in scopes.paths:
        file = file_of(path, _SECTION)
        try:
            document = read_section(path, _SECTION)
        except WrongUse as error:
            notes.append(error.title)
            continue
        own = {key: value for key, value in document.items() if split_key(key)[0] == _SECTION}
        section: object = _absolute(own, file, spack)
        found = merged(found, section)
        files.update(dict.fromkeys(_names(section), file))
    entries = _mirrors_in(found)
    return SpackMirrors(
        tuple(SpackMirror(name, entry, files[name]) for name, entry in entries.items()),
        tuple(notes),
    )


def _mirrors_in(found: object) -> Mapping[object, object]:
    below = cast("dict[object, object]", found).get(_SECTION)
    return cast("dict[object, object]", below) if isinstance(below, dict) else {}


def _names(section: object) -> list[object]:
    return [
        split_key(name)[0]
        for entries in cast("dict[object, object]", section).values()
        if isinstance(entries, dict)
        for name in cast("dict[object, object]", entries)
    ]


def _absolute(sections: Mapping[object, object], file: Path, spack: SpackInstance) -> object:
    """The section with every URL that is a path, which may be relative, made a `file://` URL."""

    def url_of(text: str) -> str:
        if scheme_of(text):
            return text
        return file_url(Path(os.path.abspath(file.parent / spack.substituted(text))))

    def each(entries: object) -> object:
        if not isinstance(entries, dict):
            return entries
        found = cast("dict[object, object]", entries)
        return {name: _with_urls(entry, url_of) for name, entry in found.items()}

    return {key: each(entries) for key, entries in sections.items()}


def _with_urls(part: object, url_of: Callable[[str], str]) -> object:
    if isinstance(part, str):
        return url_of(part)
    if not isinstance(part, dict):
        return part
    return {
        key: _with_urls(value, url_of) if split_key(key)[0] in _URLS else value
        for key, value in cast("dict[object, object]", part).items()
    }
