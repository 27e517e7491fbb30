"""Reading `.spack/install_manifest.json`: what was in a prefix when it was installed, or built."""

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from core.model.value import Value
from core.store.manifest import MANIFEST


class Entry(msgspec.Struct):
    """What the manifest says about one path, as far as verifying needs it."""

    mode: int | None = None
    """Mode, with the bits that say what kind it is."""
    size: int | None = None
    """Bytes of a file."""
    hash: str | None = None
    """Digest of the contents of a file."""
    dest: str | None = None
    """Where a link leads."""


class Registered(Value, frozen=True):
    """What a manifest says."""

    entries: Mapping[str, Entry]
    """By path relative to the prefix; `.` is the prefix itself."""
    builder: str | None
    """Set if it is the builder's: the prefix there."""


def read_registered(prefix: Path) -> Registered:
    """What the manifest of a prefix says.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read.
        ValueError: it cannot be understood.
    """
    entries = _decoded((prefix / MANIFEST).read_bytes())
    own = str(prefix)
    root = own if own in entries else min(entries, key=len, default=own)
    relative: dict[str, Entry] = {}
    for path, entry in entries.items():
        if path != root and not path.startswith(f"{root}/"):
            raise ValueError(f"{path} and {root} are of different packages")
        relative[path[len(root) + 1 :] or "."] = entry
    return Registered(relative, None if root == own else root)


def _decoded(data: bytes) -> dict[str, Entry]:
    try:
        return msgspec.json.decode(data, type=dict[str, Entry])
    except msgspec.DecodeError:
        # Names that are not UTF-8 stand there as halves of characters, which only Python reads.
        if b"\\ud" not in data:
            raise
        return msgspec.convert(json.loads(data), dict[str, Entry])
