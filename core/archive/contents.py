"""Whether an archive that is safe to unpack is also the package that was asked for."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from core.archive.buildinfo import BuildInfo
from core.archive.members import PLAIN_MODES, Inventory, Kind, Member
from core.archive.paths import refuse
from core.errors import WrongUse
from core.model.artifact import wanted_of
from core.model.documents import as_list, as_object, json_object
from core.model.spec import ConcreteSpec, spec_from_nodes

SPEC = ".spack/spec.json"
"""Where the spec is, relative to the prefix. Who finds it takes the directory for a package."""


def check_places(members: Iterable[Member], *, manifest: str, parked: str) -> Iterator[Member]:
    """The same members; raises `Refused` at one that is where our own files have their places.

    Args:
        members: what is in the archive, in its order.
        manifest: path of a file that we replace.
        parked: path of a file that we make.
    """
    for member in members:
        if member.path == parked or (member.path == manifest and member.kind is not Kind.FILE):
            raise refuse("a member is where the installation writes its own file", member.path)
        if member.kind is Kind.HARDLINK and member.target == SPEC:
            raise refuse("a hard link leads to the spec", member.path)
        yield member


def check_has_spec(inventory: Inventory) -> None:
    """Raise `Refused` unless the spec is there."""
    if SPEC not in inventory.paths(Kind.FILE):
        raise refuse(f"it is no Spack package, {SPEC} is missing")


def check_spec(document: bytes, spec: ConcreteSpec) -> None:
    """Raise `Refused` unless `document`, the spec in the archive, is for `spec`."""
    wanted = wanted_of(spec)
    try:
        nodes = as_list(as_object(json_object(document).get("spec"), "spec").get("nodes"), "nodes")
        found = wanted_of(spec_from_nodes(nodes))
    except WrongUse as error:
        raise refuse(f"its spec cannot be read: {error.title}", SPEC) from error
    if found != wanted:
        raise refuse(f"it is {found.label}, not {wanted.label}", SPEC)


def listed(info: BuildInfo, inventory: Inventory, layout: int) -> BuildInfo:
    """`info`, if all that it names is there; without what is not to be relocated after all.

    Before Spack 0.19 symbolic links to files were listed among the files (archives of layout 1).

    Raises:
        Refused: it names something that is not there or of another kind.
    """
    links = inventory.paths(Kind.SYMLINK)
    if layout < PLAIN_MODES:
        info = replace(
            info,
            binaries=tuple(path for path in info.binaries if path not in links),
            texts=tuple(path for path in info.texts if path not in links),
        )
    files = inventory.paths(Kind.FILE, Kind.HARDLINK)
    _check_all_in(info.binaries, files)
    _check_all_in(info.texts, files)
    _check_all_in(info.links, links)
    return info


def _check_all_in(names: Iterable[str], present: frozenset[str]) -> None:
    for path in names:
        if path not in present:
            raise refuse("its build info names a file that is not there", path)
