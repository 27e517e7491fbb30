"""Trees in the form of the golden data, to be compared entry by entry."""

import hashlib
import stat
from pathlib import Path
from typing import Any

OURS = ".spack/install_manifest.json"
"""Written truly by us, left stale by Spack: see docs/adr/0004."""


def entry_of(path: Path, tree: Path) -> dict[str, Any]:
    """One entry as the golden data has it."""
    status = path.lstat()
    entry: dict[str, Any] = {"path": str(path.relative_to(tree))}
    if stat.S_ISLNK(status.st_mode):
        return {**entry, "type": "symlink", "target": str(path.readlink())}
    entry["mode"] = f"{stat.S_IMODE(status.st_mode):04o}"
    entry["type"] = "dir" if stat.S_ISDIR(status.st_mode) else "file"
    if entry["type"] == "file":
        entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        entry["size"] = status.st_size
    return entry


def entries_of(tree: Path) -> dict[str, dict[str, Any]]:
    """All entries below `tree`, by path."""
    found = (entry_of(path, tree) for path in tree.rglob("*"))
    return {entry["path"]: entry for entry in found}


def hardlinks_of(tree: Path) -> list[list[str]]:
    """Groups of paths below `tree` that share an inode."""
    groups: dict[int, list[str]] = {}
    for path in sorted(tree.rglob("*"), key=str):
        if not path.is_symlink() and path.is_file() and path.stat().st_nlink > 1:
            groups.setdefault(path.stat().st_ino, []).append(str(path.relative_to(tree)))
    return sorted(groups.values())


def by_path(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Golden entries, by path."""
    return {entry["path"]: entry for entry in entries}


def differences(
    expected: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]], varying: set[str]
) -> list[str]:
    """What differs, in words; of what varies by nature, only kind and mode count."""
    different: list[str] = []
    for path in sorted(expected.keys() | found.keys()):
        ignored = {"sha256", "size"} if path in varying else set[str]()
        old, new = (
            {key: value for key, value in side.get(path, {}).items() if key not in ignored}
            for side in (expected, found)
        )
        if old != new:
            different.append(f"{path}: expected {old or 'nothing'}, found {new or 'nothing'}")
    return different
