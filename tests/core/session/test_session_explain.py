"""Why, and why not: one test for each reason, with the sentence that is said."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.cancel import CancelToken
from core.errors import WrongUse
from core.model.explanation import Aspect, Explanation, RemedyKind, StatementKind
from core.model.host import Host, HostChoice, Libc, ObstacleKind
from core.model.plan import Blocker, Disposition, PlanNode
from core.session import Session
from core.settings import Settings
from tests.core.host.machines import ICELAKE, RECORDED, ZEN2, machine
from tests.program import KEY
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror

BEACON = "kvgootxj37ndcc7lz5imsiscnleu24gw"
Open = Callable[..., Session]


@pytest.fixture
def opened(tmp_path: Path, golden: Path) -> Open:
    """Opens sessions on the golden mirror, whose key is trusted unless `trusting` is false."""

    def open_session(
        host: Host | HostChoice | None = ICELAKE,
        *,
        trusting: bool = True,
        only: tuple[str, ...] = (),
    ) -> Session:
        own = tmp_path / "own"
        settings = Settings(
            own / "store", own / "config", own / "cache", own / "state", use_spack=False
        )
        session = Session(settings, only, host)
        if not (own / "config" / "mirrors.yaml").exists():
            session.add_mirror("harbor", str(golden / "dev" / "mirror-signed"))
            refresh(session, "harbor")
        if trusting:
            session.trust("harbor", KEY)
        return session

    return open_session


def refresh(session: Session, name: str) -> None:
    session.refresh(name, cancel=CancelToken(), progress=lambda *_: None)


def said(explanation: Explanation) -> list[str]:
    return [statement.sentence for statement in explanation.statements]


def kinds(explanation: Explanation) -> list[StatementKind]:
    return [statement.kind for statement in explanation.statements]


def commands(explanation: Explanation) -> dict[RemedyKind, str]:
    return {remedy.kind: remedy.command for remedy in explanation.remedies}


def test_what_can_be_used(opened: Open) -> None:
    found = opened().judge.explain("beacon@1.3")
    assert found.is_usable
    assert found.build is not None
    assert found.build.disposition is Disposition.CACHED
    (sentence,) = said(found)
    assert sentence.startswith("Mirror harbor has it, signed by Harbor Release")
    assert commands(found) == {RemedyKind.INSTALL: f"spackbin install /{BEACON}"}
    assert opened().judge.explain(f"/{BEACON[:5]}") == replace(found, asked=f"/{BEACON[:5]}")
    assert opened().judge.explain(BEACON).build == found.build


def test_what_is_installed(opened: Open) -> None:
    session = opened()
    run = session.start_install(session.plan([BEACON], cancel=CancelToken()))
    while run.is_alive():
        time.sleep(0.05)
    found = session.judge.explain("beacon@1.3")
    assert found.is_usable
    assert kinds(found) == [StatementKind.INSTALLED]
    (prefix,) = session.settings.store.glob("*/beacon-*")
    assert said(found) == [f"It is installed at {prefix}"]
    assert found.remedies == ()
    older = session.judge.explain("beacon@1.2.8")
    assert older.nearest is not None
    assert older.nearest.build.disposition is Disposition.CACHED
    newer = session.judge.explain("beacon@1.3.1")
    assert commands(newer)[RemedyKind.INSTALL_NEAREST] == ""
    assert newer.remedies[0].sentence == f"Use beacon@1.3.0/{BEACON[:7]}, which is installed"


def test_what_the_system_provides(opened: Open) -> None:
    found = opened().judge.explain("perl")
    assert found.is_usable
    assert said(found) == ["The system provides it: /usr"]


def test_not_in_any_index(opened: Open) -> None:
    found = opened().judge.explain("beakon@1.3")
    assert found.build is None
    assert kinds(found) == [StatementKind.NOT_INDEXED]
    assert said(found) == ["No index lists a package called beakon; close to it are beacon"]
    assert commands(found) == {RemedyKind.BUILD: "spack install beakon@1.3"}
    nothing = opened().judge.explain("/zzzzzz")
    assert said(nothing) == ["No index describes /zzzzzz, and it is not installed"]
    assert nothing.remedies == ()


def test_in_an_index_without_a_binary(opened: Open) -> None:
    found = opened().judge.explain("ghost")
    assert kinds(found) == [StatementKind.NO_BINARY]
    assert said(found) == ["An index lists ghost@0.0.7, and no mirror has a binary of it"]
    command = "spack install 'ghost@=0.0.7 target=x86_64_v3'"
    assert commands(found) == {RemedyKind.BUILD: command}
    unlike = opened().judge.explain("ghost@1")
    (sentence,) = said(unlike)
    assert sentence == "Indices list the package, but nothing like ghost@1, and no binary of it"


def test_a_dependency_without_a_binary(opened: Open) -> None:
    found = opened().judge.explain("wreck")
    assert not found.is_usable
    assert found.build is not None
    assert found.build.disposition is Disposition.BLOCKED
    dependency = found.statements[1]
    assert dependency.kind is StatementKind.DEPENDENCY
    assert dependency.sentence == "It needs ghost@0.0.7, which is to be built: no mirror has it"
    assert found.build.reason == dependency.sentence


def test_for_another_microarchitecture(opened: Open) -> None:
    zen2 = machine("zen2")
    found = opened(zen2).judge.explain("/wjen3pl")
    assert found.statements[0].obstacle is ObstacleKind.TARGET
    assert said(found)[0] == (
        "Built for x86_64_v4, this machine (zen2) lacks avx512bw, avx512cd, avx512dq, avx512f"
        " and 1 more"
    )
    assert said(found)[1] == (
        "The nearest build that can be used here is libtide@2.0.1/puk55bh: target=x86_64_v4"
        " against target=x86_64_v3"
    )
    assert commands(found)[RemedyKind.INSTALL_NEAREST] == (
        "spackbin install /puk55bhxijb6dqgneqwgu7ft6zxmgwe6"
    )
    assert commands(found)[RemedyKind.BUILD] == (
        "spack install 'libtide@=2.0.1+pic+shared gauge=metric %gcc@12.2.0'"
    )


def test_for_another_family(opened: Open) -> None:
    found = opened().judge.explain("/ptdzfmm")
    assert found.statements[0].obstacle is ObstacleKind.FAMILY
    assert said(found)[0] == "Built for neoverse_v1, another processor family than x86_64"


def test_for_another_platform(opened: Open) -> None:
    found = opened(HostChoice(profile=RECORDED / "m1.json")).judge.explain("/ved6lhn")
    assert found.statements[0].obstacle is ObstacleKind.PLATFORM
    assert said(found)[0] == "Built for linux, this machine is darwin"


def test_a_c_library_that_is_too_old(opened: Open) -> None:
    found = opened(ZEN2).judge.explain("beacon@1.3")
    assert found.statements[0].obstacle is ObstacleKind.LIBC_VERSION
    assert said(found)[0] == "Needs glibc 2.36, this machine has 2.28"
    assert found.nearest is not None
    assert found.nearest.build.disposition is Disposition.OTHER_HOST
    assert said(found)[1].startswith("The nearest build that is on offer is beacon@1.2.9/4veej5w: ")
    assert list(commands(found)) == [RemedyKind.BUILD]


def test_another_c_library(opened: Open) -> None:
    alpine = machine("x86_64_v3", "alpine3", Libc("musl", "1.2.4", "/"))
    found = opened(alpine).judge.explain("reef")
    assert found.statements[0].obstacle is ObstacleKind.LIBC_KIND
    assert said(found)[0] == "Needs glibc 2.36, this machine has musl 1.2.4"


def test_another_build_than_the_one_wanted(opened: Open) -> None:
    judge = opened().judge
    found = judge.explain("libtide@1.4.2 ~pic gauge=metric")
    assert found.build is None
    assert kinds(found) == [StatementKind.OTHER_BUILD] * 2
    assert said(found) == [
        "6 builds of it are on offer, and none is libtide@1.4.2 ~pic gauge=metric",
        "The nearest build that can be used here is libtide@1.4.2/s3kxcgb: ~pic against +pic",
    ]
    assert found.nearest is not None
    (difference,) = found.nearest.differences
    assert difference.aspect is Aspect.VARIANT
    assert commands(found)[RemedyKind.BUILD] == ("spack install 'libtide@1.4.2 ~pic gauge=metric'")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("reef %gcc@13", "gcc@13 against no gcc"),
        ("libtide@2.0.1 %gcc@13", "gcc@13 against gcc@12.2.0"),
        ("libtide@2.0.1 %clang", "llvm against gcc@12.2.0"),
        ("reef ^libtide@1.4", "libtide@1.4 against libtide@2.0.1"),
        ("reef ^zlib", "zlib against no zlib"),
        ("reef@5.1:", "@5.1: against @5.0.0"),
        ("reef +mpi", "+mpi against no mpi"),
        ("reef target=zen4", "target=zen4 against target=x86_64_v3"),
        ("reef os=rhel8", "os=rhel8 against os=debian12"),
        ('libtide cflags="-O3"', 'cflags="-O3" against cflags=""'),
    ],
)
def test_in_what_the_nearest_build_differs(opened: Open, asked: str, sentence: str) -> None:
    found = opened().judge.explain(asked)
    assert said(found)[-1].endswith(f": {sentence}")


def test_no_key_is_trusted(opened: Open) -> None:
    found = opened(trusting=False).judge.explain("beacon@1.3")
    assert kinds(found) == [StatementKind.TRUST]
    assert said(found) == ["No key is trusted for mirror harbor yet"]
    # Neither another build nor one from source is an answer to that.
    assert found.nearest is None
    assert commands(found) == {RemedyKind.TRUST: "spackbin key list harbor"}
    elsewhere = opened(ZEN2, trusting=False).judge.explain("beacon@1.3")
    assert said(elsewhere)[1] == "No key is trusted for mirror harbor yet"


def test_a_refused_signature(
    tmp_path: Path, simulated: SimulatedMirror, signing_key: SigningKey, other_key: SigningKey
) -> None:
    own = tmp_path / "own"
    settings = Settings(own / "s", own / "c", own / "k", own / "t", use_spack=False)
    session = Session(settings, host=machine("x86_64"))
    session.add_mirror("sim", simulated.url)
    refresh(session, "sim")
    session.trust("sim", signing_key.fingerprint)
    assert session.judge.explain("boat").is_usable
    simulated.key = other_key
    simulated.write_manifest("boat", simulated.records("boat"))
    found = session.judge.explain("boat")
    assert kinds(found) == [StatementKind.TRUST]
    assert "key" in said(found)[0]
    assert found.build is not None
    assert found.build.disposition is Disposition.BLOCKED
    assert found.build.reason == said(found)[0]
    (remedy,) = found.remedies
    assert remedy.sentence == "Tell those who run mirror sim; trust no other key unseen"


def test_a_mirror_that_lists_it_and_has_it_no_more(
    tmp_path: Path, simulated: SimulatedMirror
) -> None:
    own = tmp_path / "own"
    settings = Settings(own / "s", own / "c", own / "k", own / "t", use_spack=False)
    session = Session(settings, host=machine("x86_64"))
    session.add_mirror("sim", simulated.url)
    refresh(session, "sim")
    session.trust("sim", simulated.fingerprint)
    simulated.manifest_path("boat").unlink()
    found = session.judge.explain("boat")
    assert StatementKind.MIRROR in kinds(found)
    assert commands(found)[RemedyKind.REFRESH] == "spackbin mirror refresh sim"


def test_a_prefix_that_is_too_long_for_this_store(opened: Open) -> None:
    session = opened()
    plan = session.plan([BEACON], cancel=CancelToken())
    reason = "its build prefix has 60 characters, and the one here would have 80"
    stuck = replace(
        plan,
        nodes=tuple(
            PlanNode(node.spec, Disposition.BLOCKED, reason, Blocker.STORE)
            if node.spec.hash == BEACON
            else node
            for node in plan.nodes
        ),
    )
    found = session.judge.explain(f"/{BEACON}", plan=stuck)
    assert found.statements[0].kind is StatementKind.STORE
    assert said(found)[0] == "Its build prefix has 60 characters, and the one here would have 80"
    assert commands(found)[RemedyKind.STORE] == f"spackbin --store DIR install /{BEACON}"


def test_a_build_that_only_a_lock_file_describes(opened: Open, golden: Path) -> None:
    session = opened()
    locked = session.environment(golden / "dev" / "env")
    (own,) = (root for root in locked.graph.roots if locked.graph[root].name == "reef")
    strange = "a" * 32
    node = replace(locked.graph[own], hash=strange)
    plan = session.plan([BEACON], cancel=CancelToken())
    graph = replace(plan.graph, nodes={**locked.graph.nodes, strange: node})
    found = session.judge.explain(f"/{strange}", plan=replace(plan, graph=graph))
    assert found.build is not None
    assert found.statements[0].kind is StatementKind.NOT_INDEXED
    assert said(found)[0] == "No index lists reef@5.0.0"
    assert found.nearest is not None
    assert [item.aspect for item in found.nearest.differences] == [Aspect.UNKNOWN]


def test_a_mirror_that_is_left_out(opened: Open, golden: Path) -> None:
    session = opened()
    session.add_mirror("short", str(golden / "dev" / "mirror-short"))
    refresh(session, "short")
    limited = opened(only=("short",), trusting=False).judge
    found = limited.explain("beacon@1.3")
    assert StatementKind.CONFIGURATION in kinds(found)
    assert "Mirror harbor may have it, and this command leaves it out" in said(found)
    assert commands(found)[RemedyKind.CONFIGURE] == ""


def test_mirrors_that_are_not_asked(opened: Open) -> None:
    session = opened()
    path = session.settings.config_dir / "mirrors.yaml"
    path.write_text(
        path.read_text()
        + "  tarballs: {url: https://sources.example, binary: false}\n"
        + "  odd: sftp://odd.example\n"
        + f"  fresh: {session.settings.cache_dir}\n"
    )
    found = session.judge.explain("nosuch")
    about = [item.sentence for item in found.statements if item.kind is StatementKind.CONFIGURATION]
    assert about[0] == "Mirror tarballs is configured for sources, not for binaries"
    assert any(text.startswith("Mirror odd cannot be used: ") for text in about)
    assert "The index of mirror fresh was never read" in about
    assert commands(found)[RemedyKind.REFRESH] == "spackbin mirror refresh fresh"


def test_no_mirror_at_all(tmp_path: Path) -> None:
    own = tmp_path / "own"
    session = Session(Settings(own, own / "c", own / "k", own / "t", use_spack=False), host=ICELAKE)
    found = session.judge.explain("hdf5")
    assert said(found) == ["No index lists a package called hdf5", "No mirror is configured"]
    assert commands(found)[RemedyKind.CONFIGURE] == "spackbin mirror known"


def test_recorded_machines_are_judged_too(opened: Open) -> None:
    session = opened()
    for name in ("zen4", "haswell"):
        session.judge.fleet.add(name, RECORDED / f"{name}.json")
    found = session.judge.explain("beacon@1.3")
    assert found.is_usable
    assert [(item.name, item.verdict.reasons) for item in found.fleet] == [
        ("haswell", ("needs glibc 2.36, this machine has 2.27",)),
        ("zen4", ()),
    ]
    plan = session.plan([BEACON], cancel=CancelToken())
    (warning,) = session.judge.fleet.warnings(plan)
    assert warning.name == "haswell"
    assert BEACON in warning.nodes
    assert warning.sentence in plan.notes
    assert "needs glibc 2.36, this machine has 2.27" in warning.sentence
    kelp = session.plan([session.resolve("kelp", exact=False).build.hash], cancel=CancelToken())
    assert session.judge.fleet.warnings(kelp) == ()


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("libtide kelp", "One package has to be named"),
        ("+shared", "One package has to be named"),
        ("", "The query is empty"),
        ("wave-api", "wave-api is a virtual package"),
        ("libtide@", "does not belong in a spec"),
        ("/p", "/p matches"),
    ],
)
def test_what_cannot_be_understood(opened: Open, asked: str, problem: str) -> None:
    with pytest.raises(WrongUse, match=problem):
        opened().judge.explain(asked)
