"""Names of packages by how well they answer what was typed."""

from collections.abc import Collection

_MOST_ALIKE = 5
_LEAST_ALIKE = 0.7


def rank_names(text: str, names: Collection[str]) -> list[str]:
    """The names that `text` may mean, the most likely first; case does not matter.

    The name itself comes first, then names that begin with the text, then those that hold it,
    each by alphabet. Only if there is none: the few that look alike.

    Args:
        text: a name or a part of one; every name holds the empty text.
        names: the names, each once.
    """
    part = text.lower()
    found = sorted((_distance(part, name.lower()), name) for name in names if part in name.lower())
    if found:
        return [name for _, name in found]
    from difflib import get_close_matches  # For mistyped names alone.

    # What has too few of the letters cannot be alike, and is ruled out a good deal faster.
    alike = [name for name in names if _likeness(part, name) >= _LEAST_ALIKE]
    return get_close_matches(part, alike, n=_MOST_ALIKE, cutoff=_LEAST_ALIKE)


def _likeness(part: str, name: str) -> float:
    """How much alike they are at the very most, as `difflib` counts it."""
    return 2 * sum(map(name.__contains__, part)) / (len(part) + len(name))


def _distance(part: str, name: str) -> int:
    if name == part or not part:
        return 0
    return 1 if name.startswith(part) else 2
