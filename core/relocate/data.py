"""What relocation reads: the bytes of a file, in memory or mapped."""

from mmap import mmap

Data = bytes | mmap
"""The whole of a file. What comes out is always `bytes`, the same object if nothing changed."""


def as_bytes(data: Data) -> bytes:
    """`data`, copied if it is no `bytes` already."""
    return data if isinstance(data, bytes) else bytes(data)
