"""`.spack/install_manifest.json`: what every file of a prefix was when it was installed.

One object: absolute path to entry, for everything below the prefix and the prefix itself, the
manifest excepted (Spack 1.x `verify.py:write_manifest`). Archives hold the one of the builder, with
the builder's paths; Spack leaves it so, we write a true one.
"""

import base64
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.cancel import CancelToken
from core.store.permissions import PLAIN

MANIFEST = ".spack/install_manifest.json"
"""Where the manifest is, relative to the prefix."""
TIMES = "install_times.json"
"""A file of this name is written anew by installers, and no verification looks at it."""


def write_manifest(
    tree: Path,
    prefix: Path,
    names: Mapping[str, str] | None = None,
    cancel: CancelToken | None = None,
) -> None:
    """Write the manifest of `tree`, which is to become `prefix`. Modes and contents must be final.

    Args:
        tree: where the files are now.
        prefix: where they will be.
        names: paths in the tree that will have another name, relative to it.
        cancel: looked at between files.

    Raises:
        Interrupted: `cancel` was cancelled.
        OSError: the tree cannot be read or written.
    """
    manifest = tree / MANIFEST
    manifest.unlink(missing_ok=True)
    names = names or {}
    entries: dict[str, object] = {}
    for path in _paths(tree):
        if cancel:
            cancel.check()
        if Path(path).name == TIMES:
            continue
        entries[_text(prefix / names.get(path, path))] = manifest_entry(tree / path)
    entries[_text(prefix)] = manifest_entry(tree)
    manifest.write_text(json.dumps(entries, separators=(",", ":")), encoding="utf-8")
    manifest.chmod(PLAIN)


def manifest_entry(path: Path) -> dict[str, int | float | str]:
    """What the manifest says about `path` (Spack 1.x `verify.py:create_manifest_entry`).

    Raises:
        OSError: it cannot be read.
    """
    status = path.lstat()
    entry: dict[str, int | float | str] = {
        "mode": status.st_mode,
        "owner": status.st_uid,
        "group": status.st_gid,
    }
    if stat.S_ISLNK(status.st_mode):
        entry["dest"] = _text(path.readlink())
    elif stat.S_ISREG(status.st_mode):
        entry["hash"] = _sha1(path)
        entry["time"] = status.st_mtime
        entry["size"] = status.st_size
    return entry


def _paths(tree: Path) -> Iterator[str]:
    for directory, directories, files in os.walk(tree, onerror=_raise):
        directories.sort()
        below = directory[len(str(tree)) :].lstrip("/")
        for name in [*directories, *sorted(files)]:
            yield f"{below}/{name}" if below else name


def _text(path: Path) -> str:
    """File names are UTF-8 to Spack, whatever the locale says."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def _sha1(path: Path) -> str:
    """Base32, upper case. It finds accidents, no attacks."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False))
    return base64.b32encode(digest.digest()).decode()


def _raise(error: OSError) -> None:
    raise error
