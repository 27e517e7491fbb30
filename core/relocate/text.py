"""Relocation of text files."""

import re

from core.relocate.data import Data, as_bytes
from core.relocate.prefixes import OldPaths, PrefixMap

_REST = re.compile(rb"[\w\-/]*")
_WORD = frozenset(byte for byte in range(256) if re.match(rb"[\w\-]", bytes([byte])))
_SLASH = ord("/")


def relocate_text(data: Data, prefixes: PrefixMap) -> bytes:
    r"""`data` with every old path replaced; `data` itself if there is none.

    An old path counts where it is not the tail of a longer one: letters, digits, `_` and `-` may
    stand right before it (`-L/old/lib`), a `/` may stand neither there nor before those
    (`file:///old/lib` and `/x/y/old` stay). What follows does not matter: `/old-2` is replaced as
    well. That is Spack's rule (1.x `relocate_text.py`), on bytes, whatever the encoding.
    """
    return relocate_text_counted(data, prefixes)[0]


def relocate_text_counted(data: Data, prefixes: PrefixMap) -> tuple[bytes, int]:
    """As `relocate_text`, and how many old paths were replaced."""
    olds, rest_of_path = OldPaths(data, prefixes), _REST.match
    parts: list[bytes | bytearray] = []
    end = position = 0
    while found := olds.after(position):
        start, old = found
        position = start + 1
        if not _goes_on(data, start):
            parts += (data[end:start], prefixes.new(old))
            end = start + len(old)
            # A path within the rest of this one is its tail.
            rest = rest_of_path(data, end)
            position = rest.end() if rest else end
    if not parts:
        return as_bytes(data), 0
    return b"".join((*parts, data[end:])), len(parts) // 2


def _goes_on(data: Data, start: int) -> bool:
    """True if what begins at `start` is the tail of a longer path."""
    before = start - 1
    while before >= 0 and data[before] in _WORD:
        before -= 1
    return before >= 0 and data[before] == _SLASH
