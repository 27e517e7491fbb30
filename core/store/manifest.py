"""`.spack/install_manifest.json`: what every file of a prefix was when it was installed.

One object: absolute path to entry, for everything below the prefix and the prefix itself, the
manifest excepted (Spack 1.x `verify.py:write_manifest`). Archives hold the one of the builder, with
the builder's paths; Spack leaves it so, we write a true one.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from core.model.modes import PLAIN

MANIFEST = ".spack/install_manifest.json"
"""Where the manifest is, relative to the prefix."""
TIMES = "install_times.json"
"""A file of this name is written anew by installers, and no verification looks at it."""


_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" + bytes(256 - 32)
_LETTERS = 32  # letters of 160 bits
_AT_ONCE = 4096  # digests; with more, the numbers grow out of the caches
_HALVES = ((64, 20), (32, 10), (16, 5))

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


def file_entry(mode: int, owner: int, group: int, *, sha1: str, time: float, size: int) -> Entry:
    """What the manifest says about a file, by its permission bits and the digest of its contents.

    Args:
        mode: permission bits.
        owner: user id.
        group: group id.
        sha1: digest of the contents, as `digest_texts` writes it.
        time: when it was changed last, seconds since the epoch.
        size: bytes.
    """
    return {
        "mode": stat.S_IFREG | mode,
        "owner": owner,
        "group": group,
        "hash": sha1,
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
    """It finds accidents, no attacks."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False))
    (text,) = digest_texts([digest.digest()])
    return text


def digest_texts(digests: Sequence[bytes]) -> list[str]:
    """SHA-1 digests as the manifest has them: base32 (RFC 4648), upper case.

    A package has thousands, and `base64` takes ten times as long.
    """
    texts: list[str] = []
    for at in range(0, len(digests), _AT_ONCE):
        text = _base32(b"".join(digests[at : at + _AT_ONCE]))
        texts += [text[begin : begin + _LETTERS] for begin in range(0, len(text), _LETTERS)]
    return texts


def _base32(data: bytes) -> str:
    """Any number of times 40 bits: all five bits that make a letter are moved at the same time."""
    lanes = bytearray(len(data) // 5 * 8)
    for byte in range(5):
        lanes[byte + 3 :: 8] = data[byte::5]
    bits = int.from_bytes(lanes, "big")
    for lane, half in _HALVES:
        # What each lane holds is parted: the upper half of it goes to the upper half of the lane.
        one = ((1 << half) - 1 << half).to_bytes(lane // 8, "big")
        upper = bits & int.from_bytes(one * (len(lanes) * 8 // lane), "big")
        bits ^= upper ^ upper << lane // 2 - half
    return bits.to_bytes(len(lanes), "big").translate(_BASE32).decode("ascii")


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
