"""What is remembered of an archive: all that decides whether its package can be moved."""

from collections.abc import Mapping

from core.model.ident import DagHash
from core.model.value import Value


class StringPath(Value, frozen=True, order=True):
    """A path of the builder in a string of a binary, whose length is fixed."""

    old: str
    """The path."""
    rest: int | None
    """Bytes behind it up to the end of the string; `None` if there are more than seven."""


class BuildFacts(Value, frozen=True):
    """What a verified archive held."""

    root: str
    """Root of the builder's install tree, padding included."""
    sbang: str
    """Path of the builder's sbang; empty if not noted."""
    prefixes: Mapping[DagHash, str]
    """Build prefixes of the package and of what it needs."""
    strings: tuple[StringPath, ...] | None
    """Distinct paths in strings of its binaries, but those that the loader reads and that may grow;
    `None` if nobody looked for them."""
    loader_paths: tuple[str, ...]
    """Distinct paths with which those begin that the loader reads: interpreters and RPATH entries,
    load commands of Mach-O files. They may grow. Empty if nobody looked for them."""
    unpacked: int
    """Bytes of its files."""
    members: int
    """Files, directories and links in it."""
