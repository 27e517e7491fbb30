"""Builds counted, without looking at each of them."""

from collections import Counter
from collections.abc import Mapping, Sequence

from core.catalog.shelf import Shelf
from core.model.columns import Machine, Release
from core.model.ident import DagHash, MirrorName
from core.model.value import Value


class BuildGroup(Value, frozen=True):
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


class BuildCounts(Value, frozen=True):
    """Builds that the same mirrors have, counted by release and machine."""

    releases: Mapping[int, Release]
    """Versions of packages by number."""
    machines: Mapping[int, Machine]
    """What builds were made for, by number."""
    mirrors: tuple[MirrorName, ...]
    """The mirrors, in order of configuration."""
    counts: Sequence[tuple[int, int, int]]
    """Numbers of a release and a machine, and how many builds there are of both."""


def count_builds(shelves: Sequence[Shelf]) -> list[BuildCounts]:
    """All builds of the shelves; one that several of them have is counted once."""
    if len(shelves) == 1:
        (shelf,) = shelves
        return [BuildCounts(shelf.releases, shelf.machines, (shelf.mirror,), shelf.builds)]
    first: dict[DagHash, tuple[Shelf, int, int]] = {}
    mirrors: dict[DagHash, tuple[MirrorName, ...]] = {}
    for shelf in shelves:
        own = (shelf.mirror,)
        for hash_, release, machine in shelf.all_builds():
            first.setdefault(hash_, (shelf, release, machine))
            mirrors[hash_] = mirrors.get(hash_, ()) + own
    counts: dict[tuple[MirrorName, ...], tuple[Shelf, Counter[tuple[int, int]]]] = {}
    for hash_, (shelf, release, machine) in first.items():
        counts.setdefault(mirrors[hash_], (shelf, Counter()))[1][release, machine] += 1
    return [
        BuildCounts(
            shelf.releases, shelf.machines, names, [(*key, builds) for key, builds in found.items()]
        )
        for names, (shelf, found) in counts.items()
    ]


def group_builds(counted: Sequence[BuildCounts]) -> list[BuildGroup]:
    """Counts summed up by what decides where the builds run, in no order."""
    counts: Counter[tuple[str, str, str, str, str, bool]] = Counter()
    for part in counted:
        machines = {
            number: (found.platform, found.os, found.target, found.libc, bool(found.compiler))
            for number, found in part.machines.items()
        }
        names = {number: release.name for number, release in part.releases.items()}
        for release, machine, builds in part.counts:
            counts[names[release], *machines[machine]] += builds
    return [BuildGroup(*key, builds) for key, builds in counts.items()]
