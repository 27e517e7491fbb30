"""What is doubtful about the paths in an ELF file after its relocation. Reported, not refused."""

import posixpath
import stat
from collections.abc import Callable
from pathlib import Path

from core.relocate.data import Data
from core.relocate.elf import read_elf_paths
from core.relocate.refusals import shown

SCRATCH = (b"/tmp", b"/var/tmp", b"/dev/shm")
"""Where anybody may put a library."""


def findings(
    data: Data, *, exists: Callable[[str], bool], is_open: Callable[[str], bool]
) -> tuple[str, ...]:
    """What a user should know of the interpreter and the RPATH, as sentences without a full stop.

    Args:
        data: the file, after relocation.
        exists: whether there is something at an absolute path.
        is_open: whether everybody may write to the directory at an absolute path.
    """
    paths = read_elf_paths(data)
    found: list[str] = []
    if paths and paths.interpreter and not exists(_text(paths.interpreter.value)):
        found.append(f"The interpreter {shown(paths.interpreter.value)} does not exist")
    entries = paths.rpath.value.split(b":") if paths and paths.rpath else []
    for entry in dict.fromkeys(filter(None, entries)):
        if not entry.startswith((b"/", b"$")):
            found.append(f"RPATH entry {shown(entry)} depends on the current directory")
        elif _is_scratch(entry):
            found.append(f"RPATH entry {shown(entry)} is where anybody may put a library")
        elif entry.startswith(b"/") and is_open(_text(entry)):
            found.append(f"RPATH entry {shown(entry)} is a directory that everybody may write to")
    return tuple(found)


def is_world_writable(path: str) -> bool:
    """True for an existing directory that everybody may write to."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISDIR(mode) and bool(mode & stat.S_IWOTH)


def _is_scratch(entry: bytes) -> bool:
    plain = posixpath.normpath(entry)
    return any(plain == place or plain.startswith(place + b"/") for place in SCRATCH)


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
