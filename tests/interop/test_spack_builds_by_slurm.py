"""A real Spack builds in a job of a real Slurm what no mirror has."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from real_spack import RealSpack
from test_spack_builds_for_us import GHOST, WRECK, BuildingProgram, explicit, found, recipe

from core.environment.read import read_environment
from tests.slurm.cluster import Cluster

pytestmark = [pytest.mark.interop, pytest.mark.newest_spack, pytest.mark.slurm]


@pytest.fixture
def cluster() -> Generator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="slurm-") as place:
        cluster = Cluster(Path(place))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def test_ghost_is_built_by_a_node(
    spack: RealSpack,
    golden: Path,
    tmp_path: Path,
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLURM_CONF", str(cluster.configuration))
    graph = read_environment(golden / "dev" / "env").graph
    spack.know((spec.namespace, spec.name) for spec in graph.nodes.values())
    recipe(spack, GHOST)
    world = tmp_path / "world"
    world.mkdir()
    program = BuildingProgram(world, spack.store, spack=spack)
    program.trusting(golden / "dev" / "mirror-signed")
    done = program.run("install", "--builder", "slurm", "--yes", "wreck")
    assert done.returncode == 0, done.stderr
    assert "ghost@0.0.7: handed to slurm, job 1" in done.stderr
    assert "ghost@0.0.7: install" in done.stderr
    assert found(spack) == WRECK
    assert explicit(spack) == {"wreck"}
    ghost = program.prefix("ghost")
    assert (ghost / "share" / "boo.txt").read_text() == f"boo from {ghost}\n"
