"""Relocation of symbolic links."""

from core.relocate.prefixes import PrefixMap


def relocate_link(target: bytes, prefixes: PrefixMap) -> bytes:
    """The new text of a link; relative ones stay as they are."""
    return prefixes.at_start(target) if target.startswith(b"/") else target
