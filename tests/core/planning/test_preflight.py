"""What is known of a store before anything is fetched, held against what Spack found after it."""

import hashlib
import json
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.cancel import CancelToken
from core.model.facts import BuildFacts, StringPath
from core.model.graph import SpecGraph
from core.model.ident import DagHash, MirrorName, Sha256
from core.model.plan import (
    Blocker,
    Disposition,
    Fit,
    Obstacle,
    Plan,
    PlanNode,
    Source,
    Space,
)
from core.planning.preflight import BLOCK, UNPACKED_FOR_EACH, Known, preflight
from core.planning.survey import survey_archive
from core.store.paths import StorePaths
from tests.core.place.golden_packages import make_artifact, offers

GCC_RUNTIME, KELP, LIBTIDE = (
    DagHash(text)
    for text in (
        "hjeguookntebn3sncw3xmannbfpymnwg",
        "6sbfuoppgn7dvzn6eqvmrevoymxdwvxs",
        "puk55bhxijb6dqgneqwgu7ft6zxmgwe6",
    )
)
BUILD_ROOT = "/opt/golden-build/dev/s"
MIRROR = MirrorName("harbor")
ROOMY = Space(bytes_free=1 << 40, files_free=1 << 30)


@cache
def facts_of(hash_: DagHash, mirror: str = "dev/mirror-short") -> BuildFacts:
    offer = offers(mirror)[hash_]
    return survey_archive(make_artifact(offer.spec, offer.archive, offer.layout), CancelToken())


def digest(hash_: DagHash) -> Sha256:
    return Sha256(hashlib.sha256(hash_.encode()).hexdigest())


def plan_of(store: str, *hashes: DagHash, size: int | None = 1000) -> Plan:
    found = offers("dev/mirror-short")
    nodes = tuple(
        PlanNode(
            found[hash_].spec,
            Disposition.CACHED,
            source=Source(MIRROR, digest(hash_), size, "A" * 40, "Harbor Release"),
        )
        for hash_ in hashes
    )
    return Plan(store, SpecGraph(hashes, {node.spec.hash: node.spec for node in nodes}), nodes)


def checked(plan: Plan, known: Known, space: Space = ROOMY) -> Plan:
    return preflight(plan, StorePaths(Path(plan.store)), known, installed={}, space=space)


def all_known() -> Known:
    hashes = (GCC_RUNTIME, KELP, LIBTIDE)
    return Known({digest(hash_): facts_of(hash_) for hash_ in hashes})


@pytest.mark.parametrize("case", ["equal", "shorter", "longer"])
def test_the_verdict_is_that_of_spack(golden: Path, case: str) -> None:
    """Only what Spack could not relocate is refused, and by name."""
    expected = json.loads((golden / "dev" / "short" / f"expected-{case}.json").read_text())
    plan = checked(plan_of(expected["store"], GCC_RUNTIME, KELP, LIBTIDE), all_known())
    movable = {hash_ for hash_, fit in plan.preflight.fits.items() if fit is Fit.FITS}
    assert movable == set(expected["prefixes"])
    blocked = plan.having(Disposition.BLOCKED)
    assert {node.spec.hash for node in blocked} == set(plan.preflight.fits) - movable
    assert plan.is_ready is (case != "longer")
    for node in blocked:
        assert node.spec.name == "libtide"
        assert node.blocker is Blocker.STORE
        assert node.reason.startswith("A path in a binary would have to grow: ")
        assert node.reason.endswith("needs a store path of at most 23 characters, this one has 63")
    assert plan.preflight.longest_store == len(BUILD_ROOT) == 23


def test_the_longest_path_that_is_named_works() -> None:
    known = all_known()
    longest = "/" + "x" * 22
    assert checked(plan_of(longest, GCC_RUNTIME, KELP, LIBTIDE), known).is_ready
    assert not checked(plan_of(longest + "x", GCC_RUNTIME, KELP, LIBTIDE), known).is_ready


def test_a_padded_mirror_fits_where_a_short_one_does_not() -> None:
    padded = facts_of(LIBTIDE, "dev/mirror-signed")
    plan = plan_of("/opt/golden-store/a-root-that-is-longer-than-the-build-root/dev", LIBTIDE)
    found = checked(plan, Known({digest(LIBTIDE): padded})).preflight
    assert found.fits == {LIBTIDE: Fit.FITS}
    assert found.longest_store == 160


def test_others_are_judged_by_the_sample() -> None:
    wide = facts_of(LIBTIDE, "dev/mirror-signed")
    plan = plan_of("/opt/store", LIBTIDE, KELP)
    judged = checked(plan, Known(samples={MIRROR: wide})).preflight
    assert set(judged.fits.values()) == {Fit.FITS}
    assert judged.warnings == ()
    assert judged.longest_store is None


@pytest.mark.parametrize("samples", [{}, {MIRROR: BUILD_ROOT}])
def test_what_is_not_known_is_said_and_not_refused(samples: dict[MirrorName, str]) -> None:
    known = Known(samples={name: facts_of(LIBTIDE) for name in samples})
    plan = checked(plan_of("/opt/a-longer-store/than/that", LIBTIDE, KELP), known)
    assert set(plan.preflight.fits.values()) == {Fit.UNKNOWN}
    assert plan.is_ready
    assert plan.preflight.warnings == (
        "Whether 2 packages can be moved to this store is not known before the fetch",
    )


@pytest.mark.parametrize("count", [1, 2])
def test_what_cannot_be_signed_here_is_said(count: int) -> None:
    """Packages for macOS, where there is no codesign; on a Mac there is nothing to say."""
    plan = plan_of("/opt/store", *(LIBTIDE, KELP)[:count])
    apple = tuple(replace(node, spec=replace(node.spec, platform="darwin")) for node in plan.nodes)
    plan, known = replace(plan, nodes=apple), Known(samples={MIRROR: facts_of(LIBTIDE)})
    (warning,) = checked(plan, known).preflight.warnings
    assert warning.startswith(f"{('1 package is', '2 packages are')[count - 1]} for macOS, and ")
    assert "may have to be signed on a Mac before they run" in warning
    on_a_mac = preflight(
        plan, StorePaths(Path(plan.store)), known, installed={}, space=ROOMY, can_sign=True
    )
    assert on_a_mac.preflight.warnings == ()


def test_no_store_is_short_enough() -> None:
    facts = BuildFacts("/b", "", {}, (StringPath("/b", 0),), (), 0, 0)
    plan = checked(plan_of("/opt/store", KELP), Known({digest(KELP): facts}))
    assert plan.nodes[0].reason.endswith("; no store path is short enough")


def test_a_store_below_the_build_root() -> None:
    facts = BuildFacts(BUILD_ROOT, "", {}, (), (BUILD_ROOT,), 0, 0)
    plan = checked(plan_of(f"{BUILD_ROOT}/mine", KELP), Known({digest(KELP): facts}))
    assert plan.nodes[0].blocker is Blocker.STORE
    assert plan.nodes[0].reason.endswith("; choose a store that is not below that place")


def test_needs_of_known_and_unknown_archives() -> None:
    facts = facts_of(KELP)
    plan = plan_of("/opt/store", KELP, LIBTIDE)
    found = checked(plan, Known({digest(KELP): facts})).preflight
    assert found.bytes_needed == facts.unpacked + BLOCK * facts.members + UNPACKED_FOR_EACH * 1000
    assert found.files_needed > facts.members
    assert found.is_estimate
    exact = checked(plan_of("/opt/store", KELP), Known({digest(KELP): facts})).preflight
    assert not exact.is_estimate
    assert exact.files_needed == facts.members


@pytest.mark.parametrize(
    ("space", "title"),
    [
        (Space(bytes_free=1999), "The file system of the store has too little space"),
        (Space(files_free=7), "The file system of the store has too few inodes"),
        (Space(quota_bytes=1999), "Your disk quota leaves too little space for the store"),
        (Space(quota_files=7), "Your disk quota leaves too few files for the store"),
    ],
)
def test_what_is_short_for_sure_keeps_the_plan_from_being_ready(space: Space, title: str) -> None:
    plan = checked(plan_of("/opt/store", KELP, LIBTIDE), Known(), space)
    assert [obstacle.title for obstacle in plan.preflight.obstacles] == [title]
    assert not plan.is_ready
    enough = Space(bytes_free=8000, files_free=8, quota_bytes=8000, quota_files=8)
    assert checked(plan_of("/opt/store", KELP, LIBTIDE), Known(), enough).is_ready


def test_what_is_short_by_estimate_is_a_warning() -> None:
    plan = checked(plan_of("/opt/store", KELP, LIBTIDE), Known(), Space(bytes_free=2000))
    assert plan.is_ready
    assert plan.preflight.warnings[-1] == "The packages take about 8,000 bytes, 2,000 are left"


def test_other_obstacles_stay() -> None:
    obstacle = Obstacle("The store cannot be written", "/opt/store")
    plan = preflight(
        plan_of("/opt/store", KELP),
        StorePaths(Path("/opt/store")),
        all_known(),
        installed={},
        space=ROOMY,
        obstacles=(obstacle,),
    )
    assert plan.preflight.obstacles == (obstacle,)
    assert not plan.is_ready


def test_what_is_there_already_needs_nothing() -> None:
    plan = plan_of("/opt/store", KELP)
    there = Plan(plan.store, plan.graph, (PlanNode(plan.nodes[0].spec, Disposition.INSTALLED),))
    found = checked(there, Known(), Space(bytes_free=0, files_free=0)).preflight
    assert (found.bytes_needed, found.files_needed, found.fits, found.obstacles) == (0, 0, {}, ())
