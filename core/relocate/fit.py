"""Whether a package can be moved to a store, from what is known of its archive alone."""

from collections.abc import Mapping
from pathlib import Path

from core.model.facts import BuildFacts, StringPath
from core.model.ident import DagHash
from core.model.value import Value
from core.relocate.cstrings import longest_store, old_strings, refusal_of
from core.relocate.prefixes import PrefixMap, make_prefix_map
from core.relocate.refusals import shown


class Bound(Value, frozen=True):
    """What a package asks of a store."""

    misfit: str
    """Why it cannot be moved to this one, as a sentence; empty if it can."""
    longest_store: int | None
    """Bytes that the path of a store may have at most, whatever its name; `None` for any number."""


def bound_of(facts: BuildFacts, *, root: Path, sbang: Path, here: Mapping[DagHash, Path]) -> Bound:
    """Whether the package can be moved to the store at `root`, as its relocation would find.

    Args:
        facts: what is known of it; somebody has looked for strings.
        root: the store.
        sbang: the store's sbang.
        here: prefixes in the store, its own and those of what it needs.
    """
    moves = make_prefix_map(
        (facts.sbang, str(sbang)) if facts.sbang else None,
        [(old, str(here[hash_])) for hash_, old in facts.prefixes.items() if hash_ in here],
        (facts.root, str(root)),
    )
    misfit = ""
    bounds: list[int] = []
    table, store = dict(moves.entries), bytes(root)
    for string in facts.strings or ():
        old, new, rest = _move(string, facts, table)
        refusal = refusal_of(old, new, rest)
        if refusal and not misfit:
            misfit = f"{refusal.title}: {refusal.detail}"
        if new == store or new.startswith(store + b"/"):
            bounds.append(longest_store(old, new[len(store) :], rest))
        elif refusal:
            bounds.append(0)  # the path is not in the store: no store is short enough
    return Bound(misfit or _growing_twice(facts, moves), min(bounds, default=None))


def margin_of(facts: BuildFacts, *, root: Path, here: Mapping[DagHash, Path]) -> int:
    """Bytes by which the builder's paths are longer than those in the store at `root`, at least."""
    pairs = [(old, str(here[hash_])) for hash_, old in facts.prefixes.items() if hash_ in here]
    return min(_length(old) - _length(new) for old, new in (*pairs, (facts.root, str(root))))


def _move(
    string: StringPath, facts: BuildFacts, table: Mapping[bytes, bytes]
) -> tuple[bytes, bytes, int | None]:
    old = string.old.encode("utf-8", "surrogateescape")
    if old in table:
        return old, table[old], string.rest
    # A package that is not here: only its root is replaced, and much stands behind that.
    root = facts.root.encode("utf-8", "surrogateescape")
    return root, table[root], None


def _growing_twice(facts: BuildFacts, moves: PrefixMap) -> str:
    """Why a path that the loader reads would be taken for an old one when it is new already."""
    for path in facts.loader_paths:
        old = path.encode("utf-8", "surrogateescape")
        new = moves.at_start(old)
        if new == old:
            continue
        for _, inside, _ in old_strings(new + b"/" * 9, moves):
            if moves.new(inside) != inside:
                return f"The new path {shown(new)} holds {shown(inside)}, where it was built"
    return ""


def _length(path: str) -> int:
    return len(path.encode("utf-8", "surrogateescape"))
