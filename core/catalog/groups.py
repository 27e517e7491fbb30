"""Builds counted, without looking at each of them."""

from collections import Counter
from collections.abc import Mapping, Sequence

from core.catalog.shelf import Shelf
from core.catalog.specs import by_release
from core.model.columns import BuildsByRelease, Machine, Release
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
    builds: BuildsByRelease
    """How many builds there are."""


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
    found: dict[tuple[MirrorName, ...], tuple[Shelf, list[tuple[int, int]]]] = {}
    for hash_, (shelf, release, machine) in first.items():
        found.setdefault(mirrors[hash_], (shelf, []))[1].append((release, machine))
    return [
        BuildCounts(shelf.releases, shelf.machines, names, by_release(builds))
        for names, (shelf, builds) in found.items()
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
        for release, (made_for, numbers) in part.builds.items():
            for machine, builds in zip(made_for, numbers, strict=True):
                counts[names[release], *machines[machine]] += builds
    return [BuildGroup(*key, builds) for key, builds in counts.items()]
