"""Builds counted by what decides where they run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.catalog.shelf import GroupKey, Shelf, SpecColumns
from core.model.ident import DagHash


@dataclass(frozen=True, slots=True)
class BuildGroup:
    """The builds of one package that were made for the same machines."""

    name: str
    """Package name."""
    platform: str
    """Platform."""
    os: str
    """Operating system that they were built on."""
    target: str
    """Microarchitecture that they were built for."""
    libc: str
    """C library that they use, as `name@version`; may be empty."""
    compiled: bool
    """True if a compiler took part in them."""
    builds: int
    """How many."""


def group_builds(shelves: Sequence[Shelf]) -> list[BuildGroup]:
    """The builds of the shelves, in no order; one that several of them have is counted once."""
    counts: Counter[BuildGroup] = Counter()
    seen: set[DagHash] = set()
    for shelf in shelves:
        for key, builds in shelf.count_builds():
            counts[_group(key, shelf.labels)] += builds
        if len(shelves) > 1:
            hashes = set(shelf.build_hashes())
            for spec in shelf.specs_of(list(hashes & seen)):
                counts[_group(_key(spec), shelf.labels)] -= 1
            seen |= hashes
    return [replace(group, builds=builds) for group, builds in counts.items() if builds]


def _key(spec: SpecColumns) -> GroupKey:
    return GroupKey(
        spec.name, spec.platform, spec.os, spec.target, spec.libc_hash, bool(spec.compiler)
    )


def _group(key: GroupKey, labels: Mapping[str, str]) -> BuildGroup:
    return BuildGroup(
        name=key.name,
        platform=key.platform,
        os=key.os,
        target=key.target,
        libc=labels.get(key.libc_hash or "", ""),
        compiled=bool(key.compiled),
        builds=0,
    )
