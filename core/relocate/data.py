"""What relocation reads and what it says: the bytes of a file, and how they change."""

from collections.abc import Sequence
from mmap import mmap

Data = bytes | bytearray | mmap
"""The whole of a file, or a piece of it."""
Patch = tuple[int, bytes]
"""Where in a file what is to stand; as many bytes as are there."""


def as_bytes(data: Data) -> bytes:
    """`data`, copied if it is no `bytes` already."""
    return data if isinstance(data, bytes) else bytes(data)


def patched(data: Data, patches: Sequence[Patch]) -> bytes:
    """`data` with `patches`; the same object if there is none."""
    if not patches:
        return as_bytes(data)
    changed = bytearray(data)
    patch(changed, patches)
    return bytes(changed)


def patch(data: bytearray, patches: Sequence[Patch]) -> None:
    """Apply `patches`."""
    for offset, new in patches:
        data[offset : offset + len(new)] = new
