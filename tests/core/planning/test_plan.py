"""What an install would do, and why."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from core.errors import NotAvailable
from core.model.graph import SpecGraph
from core.model.host import Host, Libc
from core.model.ident import DagHash, MirrorName, Sha256
from core.model.plan import Blocker, Disposition, Plan, PlanNode, Source
from core.model.spec import spec_from_node
from core.planning.plan import Offer, Refusal, make_plan
from tests.core.catalog.golden_index import graph_of, made_up_hash, record, records_of
from tests.core.host.machines import GRAVITON3, ICELAKE, ZEN2, machine

REEF, WRECK, FOREIGN, BEACON, LIBTIDE, KELP = (
    DagHash(text)
    for text in (
        "pgxfx3bbzwipmvo4y66vtatgkp4tlmhq",
        "ljdpnh43chowa6l3vva5nw3ic2ahrjfq",
        "ptdzfmmasqumg3s4omvwgvsgsw4xadiw",
        "kvgootxj37ndcc7lz5imsiscnleu24gw",
        "puk55bhxijb6dqgneqwgu7ft6zxmgwe6",
        "6sbfuoppgn7dvzn6eqvmrevoymxdwvxs",
    )
)
PERL, GLIBC = "q7sbcdusugxokedb4cojqz3espl4jgcq", "qggmgd43aeio7nlqwjdua7qykkygiboj"
SOURCE = Source(MirrorName("harbor"), Sha256("0" * 64), 1000, "A" * 40, "Harbor Release")


class World:
    """The golden mirror, everything in it offered by a trusted mirror."""

    def __init__(self, golden: Path):
        self.golden = golden
        self.offers: dict[DagHash, Offer] = {
            DagHash(hash_): SOURCE
            for hash_, item in records_of(golden).items()
            if item["in_buildcache"]
        }

    def plan(
        self,
        *roots: str,
        host: Host = ICELAKE,
        installed: Collection[DagHash] = (),
        listed: Collection[DagHash] = (),
        absent: Mapping[DagHash, str] | None = None,
    ) -> Plan:
        return make_plan(
            store="/opt/store",
            graph=graph_of(self.golden, *roots),
            host=host,
            installed=installed,
            offers=self.offers,
            listed=listed,
            absent_externals=absent,
        )


@pytest.fixture
def world(golden: Path) -> World:
    return World(golden)


def names(plan: Plan, disposition: Disposition) -> list[str]:
    return [node.spec.name for node in plan.having(disposition)]


def blocked(plan: Plan) -> dict[str, tuple[Blocker | None, str]]:
    return {
        node.spec.name: (node.blocker, node.reason) for node in plan.having(Disposition.BLOCKED)
    }


def test_everything_that_reef_needs_is_cached(world: World) -> None:
    plan = world.plan(REEF)
    assert [node.spec.name for node in plan.nodes] == [
        "glibc",
        "gcc-runtime",
        "libtide",
        "libharbor",
        "beacon",
        "perl",
        "kelp",
        "reef",
    ]
    assert names(plan, Disposition.CACHED) == [
        "gcc-runtime",
        "libtide",
        "libharbor",
        "beacon",
        "kelp",
        "reef",
    ]
    assert names(plan, Disposition.EXTERNAL) == ["glibc", "perl"]
    assert plan.is_ready
    assert plan.has_work
    assert (plan.store, plan.roots, plan.bytes_to_fetch) == ("/opt/store", (REEF,), 6000)
    assert all(node.source == SOURCE for node in plan.having(Disposition.CACHED))
    assert plan == world.plan(REEF)


def test_what_no_mirror_has_is_to_be_built(world: World) -> None:
    plan = world.plan(WRECK)
    (ghost,) = plan.having(Disposition.BUILD)
    assert (ghost.spec.name, ghost.reason) == ("ghost", "no mirror has it")
    assert names(plan, Disposition.CACHED) == ["gcc-runtime", "libtide", "wreck"]
    assert not plan.is_ready


def test_what_is_needed_to_build_is_counted(world: World) -> None:
    del world.offers[REEF], world.offers[LIBTIDE]
    plan = world.plan(REEF)
    assert [(node.spec.name, node.reason) for node in plan.having(Disposition.BUILD)] == [
        ("libtide", "no mirror has it; to build it, 1 more package would be needed"),
        ("reef", "no mirror has it; to build it, 1 more package would be needed"),
    ]
    assert "scaffold" not in {node.spec.name for node in plan.nodes}


def test_a_build_for_another_machine_is_blocked(world: World) -> None:
    plan = world.plan(FOREIGN)
    reason = "built for neoverse_v1, another processor family than x86_64"
    assert blocked(plan) == {
        "gcc-runtime": (Blocker.HOST, reason),
        "libtide": (Blocker.HOST, reason),
    }
    assert not plan.is_ready
    own = world.plan(FOREIGN, host=machine("neoverse_v1", "amzn2"))
    assert names(own, Disposition.CACHED) == ["libtide"]
    assert names(own, Disposition.BUILD) == ["gcc-runtime"]


def test_a_machine_with_an_older_c_library(world: World) -> None:
    plan = world.plan(REEF, host=ZEN2, absent={DagHash(GLIBC): "not used"})
    assert set(blocked(plan)) == {"glibc", "gcc-runtime", "libtide", "libharbor", "beacon"}
    assert set(blocked(plan).values()) == {
        (Blocker.HOST, "needs glibc 2.36, this machine has 2.28")
    }
    # Nothing of these two is linked to it.
    assert names(plan, Disposition.CACHED) == ["kelp", "reef"]
    assert "libtide" in blocked(world.plan(FOREIGN, host=GRAVITON3))


def test_another_system_with_a_new_enough_c_library_will_do(world: World) -> None:
    fedora = machine("zen4", "fedora40", Libc("glibc", "2.39", "/"))
    # Where the C library lies does not matter; the system's own one is used.
    assert world.plan(REEF, host=fedora, absent={DagHash(GLIBC): "not at /usr"}).is_ready


def test_what_is_installed_needs_nothing(world: World) -> None:
    world.offers.clear()
    plan = world.plan(REEF, installed={REEF, BEACON, LIBTIDE, KELP})
    assert names(plan, Disposition.INSTALLED) == ["libtide", "beacon", "kelp", "reef"]
    assert names(plan, Disposition.BUILD) == ["gcc-runtime", "libharbor"]


def test_a_plan_without_work(world: World) -> None:
    everything = list(world.offers)
    absent = {DagHash(PERL): "perl is not at /usr"}
    # What is installed stays so on whatever machine.
    for host in (ICELAKE, ZEN2):
        plan = world.plan(REEF, installed=everything, host=host, absent=absent)
        assert plan.is_ready
        assert not plan.has_work


def test_a_refused_offer_says_why(world: World) -> None:
    world.offers[KELP] = Refusal(Blocker.TRUST, "no trusted key signed it")
    plan = world.plan(REEF)
    assert blocked(plan) == {"kelp": (Blocker.TRUST, "no trusted key signed it")}
    assert plan.node(KELP).source is None
    assert not plan.is_ready


def test_what_is_listed_and_was_not_asked_for_is_not_built(world: World) -> None:
    del world.offers[KELP]
    (node,) = world.plan(REEF, listed={KELP}).having(Disposition.BLOCKED)
    assert node == PlanNode(
        node.spec,
        Disposition.BLOCKED,
        "a mirror lists it, and none has answered for it",
        Blocker.MIRROR,
    )


def test_a_missing_external_is_said(world: World) -> None:
    plan = world.plan(REEF, absent={DagHash(PERL): "perl is not at /usr"})
    assert blocked(plan) == {"perl": (Blocker.EXTERNAL, "perl is not at /usr")}


def test_several_roots_share_their_nodes(world: World) -> None:
    plan = world.plan(REEF, WRECK, BEACON)
    hashes = [node.spec.hash for node in plan.nodes]
    assert len(hashes) == len(set(hashes))
    assert plan.roots == (REEF, WRECK, BEACON)
    assert names(plan, Disposition.BUILD) == ["ghost"]


def test_a_root_that_nobody_describes(golden: Path) -> None:
    graph = SpecGraph((made_up_hash(1),), graph_of(golden).nodes)
    with pytest.raises(NotAvailable, match=f"/{made_up_hash(1)[:7]}"):
        make_plan(store="/s", graph=graph, host=ICELAKE, installed=(), offers={})


def test_a_need_that_nobody_describes_blocks_unless_it_is_installed() -> None:
    top = spec_from_node(record("top", 1, (2,))["spec"])
    graph = SpecGraph((top.hash,), {top.hash: top})

    def plan(installed: Collection[DagHash]) -> Plan:
        return make_plan(
            store="/s", graph=graph, host=ICELAKE, installed=installed, offers={top.hash: SOURCE}
        )

    assert blocked(plan(())) == {
        "top": (Blocker.MIRROR, f"needs p2/{made_up_hash(2)[:7]}, which no index describes")
    }
    assert names(plan({made_up_hash(2)}), Disposition.CACHED) == ["top"]
