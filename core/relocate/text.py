"""Relocation of text files."""

import re
from functools import lru_cache

from core.relocate.prefixes import PrefixMap, any_old


def relocate_text(data: bytes, prefixes: PrefixMap) -> bytes:
    r"""`data` with every old path replaced; `data` itself if there is none.

    An old path counts where it is not the tail of a longer one: letters, digits, `_` and `-` may
    stand right before it (`-L/old/lib`), a `/` may stand neither there nor before those
    (`file:///old/lib` and `/x/y/old` stay). What follows does not matter: `/old-2` is replaced as
    well. That is Spack's rule (1.x `relocate_text.py`), on bytes, whatever the encoding.
    """
    return _pattern(prefixes).sub(lambda match: match[1] + prefixes.new(match[2]) + match[3], data)


@lru_cache(maxsize=32)
def _pattern(prefixes: PrefixMap) -> re.Pattern[bytes]:
    olds = any_old(prefixes).pattern
    return re.compile(rb"(?<![\w\-/])([\w\-]*?)(" + olds + rb")([\w\-/]*)")
