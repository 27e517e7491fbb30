"""Which builds run on which machine, and the reasons given."""

from itertools import product
from pathlib import Path

import pytest

from core.host.microarch import family_of, features_missing, runnable_on
from core.host.verdict import libc_suffices, node_runs_here, row_runs, row_runs_here, runs_here
from core.model.graph import SpecGraph
from core.model.host import Host, Libc
from core.model.spec import ConcreteSpec, spec_from_node
from tests.core.catalog.golden_index import graph_of, made_up_hash, record
from tests.core.host.machines import (
    ALPINE,
    GRAVITON3,
    ICELAKE,
    NOBODY_KNOWS,
    OLD,
    ZEN2,
    machine,
)

FOREIGN = "built for neoverse_v1, another processor family than x86_64"
LACKS_V4 = (
    "built for x86_64_v4, this machine (zen2) lacks "
    "avx512bw, avx512cd, avx512dq, avx512f and 1 more"
)


@pytest.fixture(scope="module")
def harbor(golden: Path) -> SpecGraph:
    return graph_of(golden)


def spec_of(graph: SpecGraph, start: str) -> ConcreteSpec:
    return next(spec for spec in graph.nodes.values() if spec.hash.startswith(start))


@pytest.mark.parametrize(
    ("host", "start", "reasons"),
    [
        (ICELAKE, "puk55bh", ()),  # libtide for x86_64_v3
        (ICELAKE, "wjen3pl", ()),  # libtide for x86_64_v4
        (ICELAKE, "pgxfx3b", ()),  # reef
        (ICELAKE, "6sbfuop", ()),  # kelp, which is not compiled
        (ICELAKE, "ptdzfmm", (FOREIGN,)),  # libtide for neoverse_v1
        (ZEN2, "ekynwcx", ("needs glibc 2.36, this machine has 2.28",)),
        (ZEN2, "wjen3pl", (LACKS_V4, "needs glibc 2.36, this machine has 2.28")),
        (ZEN2, "6sbfuop", ()),
        (GRAVITON3, "ved6lhn", ()),  # kelp for neoverse_v1
        (GRAVITON3, "ptdzfmm", ("needs glibc 2.36, this machine has 2.34",)),
        (
            machine("neoverse_n1", "amzn2"),
            "ptdzfmm",
            (
                "built for neoverse_v1, this machine (neoverse_n1) lacks "
                "asimdfhm, bf16, dcpodp, dgh and 13 more",
            ),
        ),
        (
            OLD,
            "yssmgwx",  # libtide for x86_64
            ("needs glibc 2.36, this machine has 2.17",),
        ),
        (ALPINE, "puk55bh", ("needs glibc 2.36, this machine has musl 1.2.4",)),
        (
            NOBODY_KNOWS,
            "puk55bh",
            (
                "built for x86_64_v3, and the processor of this machine is not known",
                "needs glibc 2.36, and the C library of this machine is not known",
            ),
        ),
        (
            machine("icelake", platform="darwin"),
            "6sbfuop",
            ("built for linux, this machine is darwin",),
        ),
    ],
)
def test_golden_builds(host: Host, start: str, reasons: tuple[str, ...], harbor: SpecGraph) -> None:
    verdict = runs_here(host, spec_of(harbor, start), harbor)
    assert verdict.reasons == reasons
    assert verdict.runs is (not reasons)


def test_a_newer_c_library_will_do(harbor: SpecGraph) -> None:
    newer = machine("x86_64_v3", "fedora40", Libc("glibc", "2.39", "/"))
    assert runs_here(newer, spec_of(harbor, "pgxfx3b"), harbor).runs
    assert libc_suffices(newer, spec_of(harbor, "qggmgd4")).runs
    assert not libc_suffices(ZEN2, spec_of(harbor, "qggmgd4")).runs


def test_the_same_system_will_do_if_the_c_library_is_not_known(harbor: SpecGraph) -> None:
    unknown = machine("x86_64_v3", "debian12", None)
    assert runs_here(unknown, spec_of(harbor, "puk55bh"), harbor).runs


def test_a_dependency_for_another_machine_is_named(harbor: SpecGraph) -> None:
    top = record("top", 1, (2, 3, 4))
    nodes = [
        spec_from_node(item["spec"])
        for item in (
            top,
            record("p2", 2, (3,), arch=arch("x86_64_v4")),
            record("p3", 3, arch=arch("x86_64_v4")),
            record("p4", 4, arch=arch("nonesuch")),
        )
    ]
    graph = SpecGraph((nodes[0].hash,), {spec.hash: spec for spec in nodes})
    assert set(runs_here(ZEN2, nodes[0], graph).reasons) == {
        f"needs p2@1.0: {LACKS_V4}",
        f"needs p3@1.0: {LACKS_V4}",
        "needs p4@1.0: built for nonesuch, a processor that is not known here",
    }
    assert node_runs_here(ZEN2, nodes[0], graph).runs
    # What stops p2 itself is not said of p3 again.
    assert runs_here(ZEN2, nodes[1], graph).reasons == (LACKS_V4,)


def arch(target: str, os: str = "debian12") -> dict[str, str]:
    return {"platform": "linux", "platform_os": os, "target": target}


def test_what_was_compiled_for_no_known_c_library_needs_its_own_system() -> None:
    old = spec_from_node(record("old", 1, compiler={"name": "gcc", "version": "9"})["spec"])
    graph = SpecGraph((old.hash,), {old.hash: old})
    assert runs_here(ICELAKE, old, graph).runs
    assert runs_here(ZEN2, old, graph).reasons == ("built on debian12, this machine is rhel8",)
    assert "this machine is not known" in runs_here(NOBODY_KNOWS, old, graph).reasons[-1]
    outside = spec_from_node(
        record("outside", 1, compiler={"name": "gcc", "version": "9"}, external={"path": "/usr"})[
            "spec"
        ]
    )
    assert node_runs_here(OLD, outside, SpecGraph((), {outside.hash: outside})).runs


def test_a_target_of_another_vendor() -> None:
    node = record("p1", 1, arch=arch("zen2"))["spec"]
    spec = spec_from_node(node)
    graph = SpecGraph((), {made_up_hash(1): spec})
    (reason,) = runs_here(ICELAKE, spec, graph).reasons
    assert reason.startswith("built for zen2, this machine (icelake) lacks ")
    assert runs_here(machine("zen3"), spec, graph).runs


@pytest.mark.parametrize("host", [ICELAKE, ZEN2, GRAVITON3, OLD, ALPINE, NOBODY_KNOWS])
def test_rows_get_the_same_verdict(host: Host, harbor: SpecGraph) -> None:
    for spec in harbor.nodes.values():
        if spec.external:
            continue
        libc = next((node.label for node in harbor.order((spec.hash,)) if node.name == "glibc"), "")
        row = row_runs_here(
            host,
            platform=spec.platform,
            os=spec.os,
            target=spec.target,
            libc=libc,
            compiled=bool(harbor.compiler_of(spec)),
        )
        own = runs_here(host, spec, harbor).reasons
        assert row.reasons == tuple(reason for reason in own if ": " not in reason)


def test_rows_without_a_c_library() -> None:
    def row(host: Host, *, compiled: bool) -> tuple[str, ...]:
        return row_runs_here(
            host, platform="linux", os="rhel8", target="x86_64", libc="", compiled=compiled
        ).reasons

    assert row(ZEN2, compiled=True) == ()
    assert row(ICELAKE, compiled=False) == ()
    assert row(ICELAKE, compiled=True) == ("built on rhel8, this machine is debian12",)


def test_families_and_features() -> None:
    assert runnable_on("x86_64_v3") == ("x86_64_v3", "x86_64_v2", "x86_64")
    assert runnable_on("neoverse_n1")[-3:] == ("armv8.2a", "armv8.1a", "aarch64")
    assert runnable_on("skylake_avx512")[:3] == ("skylake_avx512", "skylake", "x86_64_v4")
    assert runnable_on("nonesuch") == ("nonesuch",)
    assert set(runnable_on("icelake")) >= {"skylake", "x86_64_v4", "x86_64"}
    assert "zen" not in runnable_on("icelake")
    assert (family_of("zen4"), family_of("power9le"), family_of("nonesuch")) == (
        "x86_64",
        "ppc64le",
        None,
    )
    assert "avx512f" in features_missing("icelake", "zen2")
    assert features_missing("x86_64", "zen2") == ()
    assert features_missing("nonesuch", "zen2") == ()


@pytest.mark.parametrize("host", [ALPINE, GRAVITON3, ICELAKE, NOBODY_KNOWS, OLD, ZEN2])
def test_whether_a_row_runs_is_known_without_the_reasons(host: Host) -> None:
    for platform, os, target, libc, compiled in product(
        ("linux", "darwin"),
        ("debian12", "sles15", host.os),
        ("x86_64", "zen2", "icelake", "graviton3", "unheard-of", host.target),
        ("", "glibc@2.28", "glibc@2.99", "musl@1.2.3"),
        (True, False),
    ):
        asked = {"platform": platform, "os": os, "target": target, "libc": libc}
        verdict = row_runs_here(host, **asked, compiled=compiled)
        assert row_runs(host, **asked, compiled=compiled) is verdict.runs
