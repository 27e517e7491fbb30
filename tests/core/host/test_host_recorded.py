"""Every recorded machine and every golden build: our verdict, archspec's and a real Spack's."""

import json
from functools import cache
from pathlib import Path

import archspec.cpu  # pyright: ignore[reportMissingTypeStubs]
import pytest
from msgspec.structs import replace

from core.host.detect import os_name
from core.host.externals import absent_externals
from core.host.microarch import family_of, features_of, present_name
from core.host.verdict import row_runs_here, runs_here
from core.model.graph import SpecGraph
from core.model.host import Host, HostObstacle, ObstacleKind
from core.model.spec import ConcreteSpec, External
from tests.core.catalog.golden_index import graph_of, records_of
from tests.core.host.machines import GLIBC_236, machine, recorded, recorded_names

SYSTEMS = {"amzn2", "rhel8", "ubuntu18.04", "ubuntu22.04", "debian12", "sles15"}
TARGETS = {
    "x86_64",
    "haswell",
    "skylake_avx512",
    "icelake",
    "zen2",
    "zen4",
    "neoverse_v1",
    "neoverse_n1",
    "a64fx",
    "power9le",
    "m1",
}
HERE = Path(__file__).parents[2] / "golden"


@cache
def harbor() -> SpecGraph:
    return graph_of(HERE)


def builds() -> list[str]:
    return sorted(hash_ for hash_, item in records_of(HERE).items() if item["in_buildcache"])


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def should_run(host: Host, spec: ConcreteSpec) -> bool:
    """The rule once more, by archspec's own order of processors."""
    known = archspec.cpu.TARGETS
    needed = harbor().order((spec.hash,))
    libcs = [node for node in needed if node.name in ("glibc", "musl")]
    return all(
        node.platform == host.platform and known[node.target] <= known[host.target]
        for node in needed
        if node.external is None
    ) and all(
        host.libc is not None
        and node.name == host.libc.name
        and numbers(node.version) <= numbers(host.libc.version)
        for node in libcs
    )


def test_the_machines_that_matter_are_recorded() -> None:
    hosts = [recorded(name) for name in recorded_names()]
    assert {host.target for host in hosts} >= TARGETS
    assert {host.os for host in hosts} >= SYSTEMS


@pytest.mark.parametrize("name", recorded_names())
def test_verdicts_agree_with_archspec(name: str) -> None:
    host = recorded(name)
    for hash_ in builds():
        spec = harbor()[hash_]
        verdict = runs_here(host, spec, harbor())
        assert verdict.runs == should_run(host, spec), (spec.label, spec.target, verdict.reasons)
        missing = features_of(spec.target) and set(features_of(spec.target)) - set(host.features)
        if missing and family_of(spec.target) == family_of(host.target):
            said, *_ = (item for item in verdict.obstacles if item.kind is ObstacleKind.TARGET)
            assert sorted(missing)[0] in said.problem


def test_verdicts_agree_with_a_real_spack(golden: Path) -> None:
    answers = json.loads((golden / "dev" / "verdicts.json").read_text())
    assert set(answers) == set(recorded_names())
    for name, hashes in answers.items():
        host = recorded(name)
        ours = [hash_ for hash_ in builds() if runs_here(host, harbor()[hash_], harbor()).runs]
        assert ours == hashes, name
    assert any(answers.values())


def test_builds_for_generic_ancestors_run_on_a_zen2() -> None:
    """The case of spack#53030: builds for x86_64_v3 were not shown on a zen2."""
    zen2 = replace(recorded("zen2"), libc=GLIBC_236)
    (reef,) = (spec for spec in harbor().nodes.values() if spec.name == "reef")
    assert reef.target == "x86_64_v3"
    assert runs_here(zen2, reef, harbor()).runs
    for target in ("x86_64", "x86_64_v2", "x86_64_v3", "zen"):
        assert row(zen2, target) == ()
    (lacks,) = row(zen2, "x86_64_v4")
    assert lacks.kind is ObstacleKind.TARGET
    assert "avx512f" in lacks.sentence


def row(host: Host, target: str) -> tuple[HostObstacle, ...]:
    return row_runs_here(
        host, platform="linux", os="debian12", target=target, libc="glibc@2.36", compiled=True
    ).obstacles


def test_processors_by_their_old_names() -> None:
    own = replace(recorded("graviton2"), libc=GLIBC_236)
    assert present_name("graviton2") == own.target
    assert row(own, "graviton2") == ()
    assert row(own, "graviton") == ()
    (lacks,) = row(own, "graviton3")
    assert "this machine (neoverse_n1) lacks" in lacks.sentence
    (other,) = row(machine("zen2"), "graviton2")
    assert other.kind is ObstacleKind.FAMILY


def kinds_on(name: str, start: str) -> list[ObstacleKind]:
    (spec,) = (spec for hash_, spec in harbor().nodes.items() if hash_.startswith(start))
    return [obstacle.kind for obstacle in runs_here(recorded(name), spec, harbor()).obstacles]


@pytest.mark.parametrize(
    ("name", "start", "kinds"),
    [
        ("m1", "6sbfuop", [ObstacleKind.PLATFORM, ObstacleKind.FAMILY]),
        ("power9le", "6sbfuop", [ObstacleKind.FAMILY]),
        ("icelake", "puk55bh", [ObstacleKind.LIBC_VERSION]),
        ("alpine", "puk55bh", [ObstacleKind.LIBC_KIND]),
        ("a64fx", "ved6lhn", [ObstacleKind.TARGET]),
        ("haswell", "wjen3pl", [ObstacleKind.TARGET, ObstacleKind.LIBC_VERSION]),
        ("zen4", "wjen3pl", []),
    ],
)
def test_every_reason_is_given(name: str, start: str, kinds: list[ObstacleKind]) -> None:
    assert kinds_on(name, start) == kinds


def test_a_package_that_the_system_lacks(tmp_path: Path) -> None:
    (kelp,) = (spec for hash_, spec in harbor().nodes.items() if hash_.startswith("6sbfuop"))
    (perl,) = (node for node in harbor().children(kelp.hash) if node.name == "perl")
    gone = replace(perl, external=External(str(tmp_path / "gone")))
    graph = SpecGraph((kelp.hash,), {**harbor().nodes, perl.hash: gone})
    absent = absent_externals(graph)
    assert list(absent) == [perl.hash]
    (obstacle,) = runs_here(machine("zen2"), kelp, graph, absent).obstacles
    assert obstacle.kind is ObstacleKind.EXTERNAL
    assert obstacle.sentence == (
        f"It expects perl@5.36.0 of the system at {tmp_path / 'gone'}, which is absent"
    )
    (tmp_path / "gone").mkdir()
    assert absent_externals(graph) == {}


@pytest.mark.parametrize(
    ("identifier", "version", "host"),
    [
        ("amzn", "2", "neoverse_v1"),
        ("rhel", "8.10", "a64fx"),
        ("ubuntu", "18.04", "haswell"),
        ("ubuntu", "22.04", "icelake"),
        ("debian", "12", "generic"),
        ("sles", "15.5", "zen2"),
    ],
)
def test_recorded_systems_have_the_names_that_detection_gives(
    identifier: str, version: str, host: str
) -> None:
    assert os_name(identifier, version) == recorded(host).os
