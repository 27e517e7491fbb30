"""The pre-flight: whether the packages of a plan can be moved to the store, and whether they fit.

It comes before anything is fetched for the install. What an archive holds is only known if it was
read before, or is so small that it was read for this; others are judged by a sample of the mirror.
"""

from collections.abc import Mapping
from pathlib import Path

from msgspec import field
from msgspec.structs import replace

from core.model.facts import BuildFacts
from core.model.ident import DagHash, MirrorName, Sha256
from core.model.plan import (
    Blocker,
    Disposition,
    Fit,
    Obstacle,
    Plan,
    PlanNode,
    Preflight,
    Source,
    Space,
)
from core.model.value import Value
from core.relocate.cstrings import TAIL
from core.relocate.fit import Bound, bound_of, margin_of
from core.store.paths import StorePaths

UNPACKED_FOR_EACH = 4
"""Unpacked bytes for each byte of an archive that is not known; real packages have 2 to 5."""
FILES_OF_ANY = 4
"""Files that the smallest package has."""
BLOCK = 4096
"""Bytes that a file takes besides its own, at most: what is left of its last block."""


class Known(Value, frozen=True):
    """What is known of archives before they are fetched."""

    builds: Mapping[Sha256, BuildFacts] = field(default_factory=dict[Sha256, BuildFacts])
    """By the digest of the archive."""
    samples: Mapping[MirrorName, BuildFacts] = field(default_factory=dict[MirrorName, BuildFacts])
    """An archive that stands for all of a mirror."""


def prefixes_of(
    plan: Plan, store: StorePaths, installed: Mapping[DagHash, Path]
) -> dict[DagHash, Path]:
    """Where the packages of a plan are or will be, externals excepted."""
    return {
        node.spec.hash: installed.get(node.spec.hash) or store.prefix_of(node.spec)
        for node in plan.nodes
        if node.spec.external is None
    }


def is_close(sample: BuildFacts, store: StorePaths, here: Mapping[DagHash, Path]) -> bool:
    """True if paths like those in `sample` may be too short for the store."""
    # Whoever is shorter by so much fits, whatever follows the path in a string.
    return margin_of(sample, root=store.root, here=here) <= TAIL


def preflight(
    plan: Plan,
    store: StorePaths,
    known: Known,
    *,
    installed: Mapping[DagHash, Path],
    space: Space,
    obstacles: tuple[Obstacle, ...] = (),
    can_sign: bool = False,
) -> Plan:
    """`plan` with what was found about the store; what cannot be moved to it is blocked. Pure.

    Args:
        plan: the plan.
        store: where to install.
        known: what is known of the archives.
        installed: prefixes of what is installed.
        space: what is left there.
        obstacles: what else is wrong with the store.
        can_sign: true on a Mac, where `codesign` signs what relocation changes.
    """
    here = prefixes_of(plan, store, installed)
    fits: dict[DagHash, Fit] = {}
    nodes: list[PlanNode] = []
    bounds: list[int] = []
    for node in plan.nodes:
        if node.disposition is Disposition.CACHED and node.source:
            bound = _bound(node.source, store, known, here)
            fits[node.spec.hash] = _fit(bound, node.source, store, known, here)
            if bound and bound.longest_store is not None:
                bounds.append(bound.longest_store)
            if bound and bound.misfit:
                node = _blocked(node, bound, store)
        nodes.append(node)
    needs = _needs(plan, known)
    found = replace(
        needs,
        fits=fits,
        longest_store=min(bounds, default=None),
        space=space,
        obstacles=(*obstacles, *_too_little(needs, _least(plan, known), space, plan.store)),
        warnings=(
            *_unknown(fits),
            *_perhaps_too_little(needs, space),
            *(() if can_sign else _perhaps_unsigned(plan)),
        ),
    )
    return replace(plan, nodes=tuple(nodes), preflight=found)


def _bound(
    source: Source, store: StorePaths, known: Known, here: Mapping[DagHash, Path]
) -> Bound | None:
    facts = known.builds.get(source.archive_sha256)
    if facts is None or facts.strings is None:
        return None
    return bound_of(facts, root=store.root, sbang=store.sbang, here=here)


def _fit(
    bound: Bound | None,
    source: Source,
    store: StorePaths,
    known: Known,
    here: Mapping[DagHash, Path],
) -> Fit:
    if bound:
        return Fit.MISFIT if bound.misfit else Fit.FITS
    sample = known.samples.get(source.mirror)
    return Fit.UNKNOWN if sample is None or is_close(sample, store, here) else Fit.FITS


def _blocked(node: PlanNode, bound: Bound, store: StorePaths) -> PlanNode:
    most = bound.longest_store
    length = len(bytes(store.root))
    advice = "no store path is short enough"
    if most is None:
        advice = "choose a store that is not below that place"
    elif most > 1:
        advice = f"it needs a store path of at most {most} characters, this one has {length}"
    return PlanNode(
        node.spec, Disposition.BLOCKED, f"{bound.misfit}; {advice}", Blocker.STORE, node.source
    )


def _needs(plan: Plan, known: Known) -> Preflight:
    """How much the packages to fetch take, guessed where it is not known."""
    total_bytes = total_files = 0
    is_estimate = False
    for source in _sources(plan):
        facts = known.builds.get(source.archive_sha256)
        if facts:
            total_bytes += facts.unpacked + BLOCK * facts.members
            total_files += facts.members
        else:
            is_estimate = True
            total_bytes += UNPACKED_FOR_EACH * (source.archive_size or 0)
            total_files += FILES_OF_ANY
    return Preflight(bytes_needed=total_bytes, files_needed=total_files, is_estimate=is_estimate)


def _least(plan: Plan, known: Known) -> int:
    """Bytes that they take for sure: archives do not become smaller when they are unpacked."""
    return sum(
        facts.unpacked
        if (facts := known.builds.get(source.archive_sha256))
        else (source.archive_size or 0)
        for source in _sources(plan)
    )


def _sources(plan: Plan) -> list[Source]:
    return [node.source for node in plan.having(Disposition.CACHED) if node.source]


_SHORTAGES = (
    ("The file system of the store has too little space", "bytes", "Free some space"),
    ("The file system of the store has too few inodes", "files", "Remove files"),
    ("Your disk quota leaves too little space for the store", "bytes", "Free some of your quota"),
    ("Your disk quota leaves too few files for the store", "files", "Remove files"),
)


def _too_little(needs: Preflight, least: int, space: Space, where: str) -> tuple[Obstacle, ...]:
    """What is short for sure."""
    files = needs.files_needed
    amounts = (
        (least, space.bytes_free),
        (files, space.files_free),
        (least, space.quota_bytes),
        (files, space.quota_files),
    )
    return tuple(
        Obstacle(
            title,
            f"{where}: at least {needed:,} {what} needed, {left:,} left",
            f"{hint}, or choose another store with --store",
        )
        for (needed, left), (title, what, hint) in zip(amounts, _SHORTAGES, strict=True)
        if left is not None and needed > left
    )


def _perhaps_too_little(needs: Preflight, space: Space) -> tuple[str, ...]:
    left = [amount for amount in (space.bytes_free, space.quota_bytes) if amount is not None]
    if left and needs.bytes_needed > min(left):
        about = "about " if needs.is_estimate else ""
        return (f"The packages take {about}{needs.bytes_needed:,} bytes, {min(left):,} are left",)
    return ()


def _unknown(fits: Mapping[DagHash, Fit]) -> tuple[str, ...]:
    number = sum(fit is Fit.UNKNOWN for fit in fits.values())
    if not number:
        return ()
    which = "1 package" if number == 1 else f"{number} packages"
    return (f"Whether {which} can be moved to this store is not known before the fetch",)


def _perhaps_unsigned(plan: Plan) -> tuple[str, ...]:
    number = sum(node.spec.platform == "darwin" for node in plan.having(Disposition.CACHED))
    if not number:
        return ()
    which = "1 package is" if number == 1 else f"{number} packages are"
    return (
        f"{which} for macOS, and codesign is not here: files that are not signed ad hoc may have to"
        " be signed on a Mac before they run",
    )
