"""Paths that come from an archive: which form they must have, and how to show them."""

import re

from core.archive.limits import Limits
from core.errors import Refused

HINT = "Do not use this archive; tell the people who run the mirror"
SHOWN = 200

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # Unicode's category Cc
_DETOURS = frozenset(("", ".", ".."))


def refuse(reason: str, name: str = "") -> Refused:
    """The error for an archive that is not as it should be; `name` is the member at fault."""
    detail = f"Member {shown(name)}" if name else ""
    return Refused(f"The archive is refused: {reason}", detail, HINT)


def shown(name: str) -> str:
    """`name` for a message: quoted, in ASCII, not too long."""
    quoted = ascii(name)
    return quoted if len(quoted) <= SHOWN else quoted[:SHOWN] + "..."


def path_bytes(path: str) -> bytes:
    """`path` as the file system has it, whatever the locale says."""
    return path.encode("utf-8", "surrogateescape")


def parent_of(path: str) -> str:
    """The directory that holds `path`; empty for the top."""
    return path.rpartition("/")[0]


def check_path(path: str, limits: Limits) -> None:
    """Raise `Refused` unless `path` is a plain relative path without detours."""
    if path.startswith("/"):
        raise refuse("a name is absolute", path)
    check_text(path, limits)
    components = path.split("/")
    if not _DETOURS.isdisjoint(components):
        if ".." in components:
            raise refuse("a name leads outside", path)
        raise refuse("a name is not in its plain form", path)
    if len(components) - 1 > limits.depth:
        raise refuse(f"a name is deeper than {limits.depth} directories", path)
    if len(max(components, key=len)) > limits.component or (
        not path.isascii()
        and any(len(path_bytes(component)) > limits.component for component in components)
    ):
        raise refuse(f"a part of a name is longer than {limits.component} bytes", path)


class PathCheck:
    """`check_path` for many paths, of which most lie in the same directory as the one before."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._directory = ""
        """What a checked path begins with; only ASCII."""

    def __call__(self, path: str) -> None:
        """Raise `Refused` unless `path` is a plain relative path without detours."""
        name = path[len(self._directory) :]
        if (
            name.isascii()
            and name.isprintable()
            and "/" not in name
            and name not in _DETOURS
            and len(name) <= self._limits.component
            and len(path) <= self._limits.path
            and path.startswith(self._directory)
        ):
            return
        check_path(path, self._limits)
        self._directory = path[: path.rfind("/") + 1] if path.isascii() else ""


def check_text(path: str, limits: Limits) -> None:
    """Raise `Refused` if a name or the target of a link is too long or holds control characters."""
    if _CONTROL.search(path):
        raise refuse("a name holds a control character", path)
    if len(path if path.isascii() else path_bytes(path)) > limits.path:
        raise refuse(f"a name is longer than {limits.path} bytes", path)
