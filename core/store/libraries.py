"""Shared libraries that the programs of a prefix need and the loader would not find.

The search is that of `ld.so(8)`, without `LD_LIBRARY_PATH`: run paths of the file, the cache of
`ldconfig`, default directories; and the library directories of the prefix itself, whose libraries
are often loaded already by the program that needs them.
"""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from core.model.value import Value

_DEFAULT = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")
_HEADER = 20
_CACHE_SECONDS = 30


class _Dynamic(Value, frozen=True):
    """What the loader reads of a file."""

    kind: bytes
    """Class, byte order and machine: libraries of another kind are passed over."""
    needed: tuple[str, ...]
    """Names of libraries."""
    run_paths: tuple[str, ...]
    """Directories to search first, `$ORIGIN` not yet replaced."""


def missing_libraries(prefix: Path, file: Path) -> Iterator[str]:
    """Names of the libraries that `file` in `prefix` needs and the loader would not find.

    None for what is no ELF file with dynamic linking, or one for another kind of machine.
    """
    dynamic = _dynamic(file)
    if dynamic is None or dynamic.kind != _kind(Path(sys.executable)):
        return
    origin = str(file.parent)
    run_paths = [
        path.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for path in dynamic.run_paths
    ]
    directories = (*run_paths, str(prefix / "lib"), str(prefix / "lib64"), *_DEFAULT)
    for name in dynamic.needed:
        beside = [Path(directory, name) for directory in directories if directory]
        candidates = (*beside, *_cache().get(name, ()))
        if not any(_kind(path) == dynamic.kind for path in candidates):
            yield name


def _kind(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            header = stream.read(_HEADER)
    except OSError:
        return None
    is_elf = len(header) == _HEADER and header.startswith(b"\x7fELF")
    return header[4:6] + header[18:20] if is_elf else None


def _dynamic(path: Path) -> _Dynamic | None:
    kind = _kind(path)
    if kind is None:
        return None
    needed: list[str] = []
    run_paths: list[str] = []
    try:
        with path.open("rb") as stream:
            for segment in ELFFile(stream).iter_segments("PT_DYNAMIC"):
                tags: Any = segment
                for tag in tags.iter_tags():
                    if tag.entry.d_tag == "DT_NEEDED":
                        needed.append(tag.needed)
                    elif tag.entry.d_tag == "DT_RPATH":
                        run_paths.extend(tag.rpath.split(":"))
                    elif tag.entry.d_tag == "DT_RUNPATH":
                        run_paths.extend(tag.runpath.split(":"))
    except Exception:
        # The library answers broken files with errors of every type. Whether a file is as it was
        # registered is found out by its digest.
        return None
    return _Dynamic(kind, tuple(needed), tuple(run_paths))


@functools.cache
def _cache() -> dict[str, list[Path]]:
    """Library name to paths, from the cache of the loader; empty if this system has none."""
    program = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
    if program is None:
        return {}
    try:
        listed = subprocess.run(
            [program, "-p"], capture_output=True, check=False, timeout=_CACHE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found: dict[str, list[Path]] = {}
    for line in os.fsdecode(listed.stdout).splitlines():
        name, arrow, path = line.strip().partition(" => ")
        if arrow:
            found.setdefault(name.partition(" ")[0], []).append(Path(path))
    return found
