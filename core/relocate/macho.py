"""Relocation of the paths in a Mach-O file that the loader of macOS reads.

These are the id of a library, the libraries that a file loads, and its RPATHs; each stands in a
load command. What is changed, and how, is what Spack has `install_name_tool` do (1.x
`relocate.py:relocate_macho_binaries`): the load commands are written anew, and take more or less of
the gap that linkers leave behind them. Nothing else moves. See docs/adr/0024.
"""

import struct
from collections.abc import Callable, Collection, Iterator

from core.errors import RelocationError
from core.model.value import Value
from core.relocate.data import Data, Patch, patched
from core.relocate.machofile import (
    FIXED,
    ID_DYLIB,
    LOAD_DYLIB,
    OTHER_DYLIBS,
    RPATH,
    Command,
    Slice,
    read_macho,
)
from core.relocate.prefixes import PrefixMap
from core.relocate.refusals import shown

ALIGN = 8
"""Load commands are a multiple of so many bytes long, for 32 bits too."""
_SPARED = ("libgcc_",)
_OBJECTS = ".o"


class _Changes(Value, frozen=True):
    """What becomes of the paths of a file, by what its last architecture says."""

    id: bytes | None
    """The new id; `None` to leave it."""
    libraries: dict[bytes, bytes]
    """New paths of libraries to load, by the old ones."""
    rpaths: dict[bytes, bytes]
    """New RPATHs, by the old ones."""

    def of(self, command: Command) -> bytes | None:
        """The new path of a command; `None` to leave it."""
        if command.path is None or command.kind == ID_DYLIB:
            return None if command.path is None else self.id
        return (self.rpaths if command.kind == RPATH else self.libraries).get(command.path)


def is_spared(path: str) -> bool:
    """True if Spack leaves the load commands of a file with this name alone.

    It does so with object files and with GCC's own library. Their paths are strings like others.
    """
    return path.endswith(_OBJECTS) or any(word in path for word in _SPARED)


def relocate_macho(data: Data, prefixes: PrefixMap) -> bytes:
    """`data` with what `macho_patches` changes."""
    return patched(data, macho_patches(data, prefixes))


def macho_patches(data: Data, prefixes: PrefixMap) -> list[Patch]:
    """What must change in the load commands of a file, which stays as long as it is.

    Here alone the longest old path counts, and every place where it occurs. Files that are no
    well-formed Mach-O files or were not linked yet stay as they are.

    Raises:
        RelocationError: the gap behind the load commands is too small.
    """
    linked = _linked(data)
    if not linked:
        return []
    changes = _changes(linked[-1], _mover(prefixes))
    return [patch for part in linked for patch in _patches(part, changes)]


def loader_paths(data: Data, prefixes: PrefixMap) -> list[tuple[int, bytes]]:
    """Where in `data` there are which paths that `macho_patches` replaces."""
    linked = _linked(data)
    if not linked:
        return []
    # Any new path will do, as long as it is none that is there.
    changes = _changes(linked[-1], lambda path: path + b"\0" * bool(prefixes.old_at_start(path)))
    return [
        (command.offset + FIXED[command.kind], command.path)
        for part in linked
        for command in part.commands
        if command.path is not None and changes.of(command)
    ]


def _linked(data: Data) -> list[Slice]:
    return [part for part in read_macho(data) or () if part.is_linked]


def _changes(part: Slice, moved: Callable[[bytes], bytes]) -> _Changes:
    id_: bytes | None = None
    libraries: dict[bytes, bytes] = {}
    rpaths: dict[bytes, bytes] = {}
    taken: set[bytes] = set()
    for command in part.commands:
        path = command.path
        if path is None or command.kind in OTHER_DYLIBS or (new := moved(path)) == path:
            continue
        if command.kind == ID_DYLIB:
            id_ = new
        elif command.kind == LOAD_DYLIB:
            libraries[path] = new
        elif new not in taken:
            rpaths[path] = new
            taken.add(new)
    return _Changes(id_, libraries, rpaths)


def _mover(prefixes: PrefixMap) -> Callable[[bytes], bytes]:
    longest_first = sorted(prefixes.entries, key=lambda entry: -len(entry[0]))

    def moved(path: bytes) -> bytes:
        for old, new in longest_first:
            if path.startswith(old):
                return path.replace(old, new)
        return path

    return moved


def _patches(part: Slice, changes: _Changes) -> Iterator[Patch]:
    """The load commands of a slice written anew, with zeros behind them."""
    rpaths = {command.path for command in part.commands if command.kind == RPATH}
    commands = [_changed(command, part.order, changes, rpaths) for command in part.commands]
    if commands == [command.data for command in part.commands]:
        return
    new = b"".join(commands)
    size = sum(len(command.data) for command in part.commands)
    if len(new) > part.room:
        raise _no_room(part, changes, len(new) - part.room)
    yield part.start + 20, struct.pack(part.order + "L", len(new))
    yield part.start + part.head, new.ljust(size, b"\0")


def _changed(
    command: Command, order: str, changes: _Changes, rpaths: Collection[bytes | None]
) -> bytes:
    new = changes.of(command)
    # The loader wants no RPATH twice.
    if new is None or new == command.path or (command.kind == RPATH and new in rpaths):
        return command.data
    fixed = FIXED[command.kind]
    size = -(-(fixed + len(new) + 1) // ALIGN) * ALIGN
    head = struct.pack(order + "LL", command.kind, size) + command.data[8:fixed]
    return (head + new).ljust(size, b"\0")


def _no_room(part: Slice, changes: _Changes, missing: int) -> RelocationError:
    moves = [
        (command.path, new)
        for command in part.commands
        if command.path is not None and (new := changes.of(command))
    ]
    old, new = max(moves, key=lambda move: len(move[1]) - len(move[0]))
    return RelocationError(
        "A Mach-O file has too little room for its new paths",
        f"{shown(old)} would become {shown(new)}; behind the load commands {missing} bytes are"
        " missing",
        "Use a store whose path is shorter. A package that is linked with"
        " -headerpad_max_install_names has room",
    )
