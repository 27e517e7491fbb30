"""`.spack/install_manifest.json`: what every file of a prefix was when it was installed.

One object: absolute path to entry, for everything below the prefix and the prefix itself, the
manifest excepted (Spack 1.x `verify.py:write_manifest`). Archives hold the one of the builder, with
the builder's paths; Spack leaves it so, we write a true one.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from core.model.modes import PLAIN

MANIFEST = ".spack/install_manifest.json"
"""Where the manifest is, relative to the prefix."""
TIMES = "install_times.json"
"""A file of this name is written anew by installers, and no verification looks at it."""


_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]
_SHIFTS = range(150, -1, -10)

Entry = Mapping[str, int | float | str]
"""What the manifest says about one path."""


def write_manifest(tree: Path, prefix: Path) -> None:
    """Write the manifest of `tree`, which is to become `prefix`. Modes and contents must be final.

    Raises:
        OSError: the tree cannot be read or written.
    """
    entries = {_text(path): manifest_entry(tree / path) for path in _paths(tree)}
    save_manifest(tree, prefix, entries)


def save_manifest(tree: Path, prefix: Path, entries: Mapping[str, Entry]) -> None:
    """Write the manifest of `tree`, which is to become `prefix`, by what is known already.

    Args:
        tree: where the files are now; the mode of the directory itself must be final.
        prefix: where they will be.
        entries: for everything below the prefix, by path relative to it, in UTF-8.

    Raises:
        OSError: the tree cannot be written.
    """
    top = _text(prefix)
    whole: dict[str, Entry] = {
        f"{top}/{path}": entry
        for path, entry in entries.items()
        if path != MANIFEST and path.rpartition("/")[2] != TIMES
    }
    whole[top] = manifest_entry(tree)
    manifest = tree / MANIFEST
    manifest.unlink(missing_ok=True)
    manifest.write_bytes(_json(whole))
    manifest.chmod(PLAIN)


def file_entry(mode: int, owner: int, group: int, *, sha1: bytes, time: float, size: int) -> Entry:
    """What the manifest says about a file, by its permission bits and the digest of its contents.

    Args:
        mode: permission bits.
        owner: user id.
        group: group id.
        sha1: digest of the contents.
        time: when it was changed last, seconds since the epoch.
        size: bytes.
    """
    return {
        "mode": stat.S_IFREG | mode,
        "owner": owner,
        "group": group,
        "hash": _base32(sha1),
        "time": time,
        "size": size,
    }


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


def _text(path: str | Path) -> str:
    """File names are UTF-8 to Spack, whatever the locale says."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def _sha1(path: Path) -> str:
    """Base32, upper case. It finds accidents, no attacks."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False))
    return _base32(digest.digest())


def _base32(sha1: bytes) -> str:
    """Its 160 bits, ten at a time (RFC 4648); `base64` takes three times as long."""
    number = int.from_bytes(sha1, "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def _json(document: Mapping[str, Entry]) -> bytes:
    """In ASCII, whatever is in names: Spack reads it in the encoding of its locale."""
    try:
        text = msgspec.json.encode(document)
    except UnicodeEncodeError:  # bytes of a name that are no UTF-8
        text = b""
    if text and text.isascii():
        return text
    return json.dumps(document, separators=(",", ":")).encode()


def _raise(error: OSError) -> None:
    raise error
