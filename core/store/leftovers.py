"""Paths of the builder that a package still names.

What had to be relocated is listed in `.spack/binary_distribution` (Spack 1.x
`binary_distribution.py:get_buildinfo_dict`).
"""

import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.errors import WrongUse
from core.model.plainyaml import plain_mapping
from core.model.value import Value

BUILD_INFO = ".spack/binary_distribution"
"""Where a binary package says how it was built, relative to the prefix."""

_DEEPEST = 1


class BuildInfo(Value, frozen=True):
    """How a binary package was built, as far as verifying needs it."""

    root: str
    """The builder's install tree."""
    files: frozenset[str]
    """Files and links that named the builder's paths, relative to the prefix."""


class _Document(msgspec.Struct):
    buildpath: str
    relocate_binaries: list[str] = []
    relocate_textfiles: list[str] = []
    relocate_links: list[str] = []


def read_build_info(prefix: Path) -> BuildInfo | None:
    """The build information of a package; `None` if there is none.

    Raises:
        ValueError: it is there and cannot be understood.
        OSError: it cannot be read.
    """
    path = prefix / BUILD_INFO
    if not path.exists():
        return None
    try:
        found = msgspec.convert(plain_mapping(path.read_bytes(), _DEEPEST), _Document)
    except WrongUse as error:
        raise ValueError(error.title) from error
    listed = (*found.relocate_binaries, *found.relocate_textfiles, *found.relocate_links)
    return BuildInfo(found.buildpath.rstrip("/"), frozenset(listed))


def names_builder(path: Path, info: BuildInfo, store: Path) -> bool:
    """True if a file or link still names the builder's install tree.

    Raises:
        OSError: it cannot be read.
    """
    root, builder = os.fsencode(store), os.fsencode(info.root)
    if not builder or builder == root:
        return False
    # Each may lie within the other: the longer one is looked for first, and stepped over.
    first, second = sorted((root, builder), key=len, reverse=True)
    pattern = re.compile(b"(%s)|(%s)" % (re.escape(first), re.escape(second)))
    wanted = 1 if first == builder else 2
    return any(found.group(wanted) is not None for found in _matches(pattern, path))


def _matches(pattern: re.Pattern[bytes], path: Path) -> Iterator[re.Match[bytes]]:
    if path.is_symlink():
        yield from pattern.finditer(os.fsencode(path.readlink()))
    elif path.stat().st_size:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as data:
            yield from pattern.finditer(data)
