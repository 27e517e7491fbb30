"""Tests against a real Spack 1.x; collected only if SPACKBIN_TEST_SPACK names its checkout."""

import os
from pathlib import Path

import pytest
from our_store import install, packages, reef_graph
from real_spack import RealSpack

from core.model.graph import SpecGraph
from core.store.paths import StorePaths

CHECKOUT = os.environ.get("SPACKBIN_TEST_SPACK", "")

collect_ignore_glob = [] if CHECKOUT else ["test_*.py"]


@pytest.fixture
def spack(tmp_path: Path) -> RealSpack:
    """A Spack of its own configuration, whose install tree is `tmp_path / "store"`."""
    return RealSpack(Path(CHECKOUT), tmp_path / "spack", tmp_path / "store")


@pytest.fixture
def graph(golden: Path) -> SpecGraph:
    """Reef and all that it depends on."""
    return reef_graph(golden)


@pytest.fixture
def store(spack: RealSpack, graph: SpecGraph) -> StorePaths:
    """Reef and what it needs to run, installed by us, and known to Spack by name."""
    spack.know((spec.namespace, spec.name) for spec in graph.nodes.values())
    paths = StorePaths(spack.store)
    for spec in packages(graph):
        install(paths, spec, graph)
    return paths
