"""Tests against real Spacks; collected only if SPACKBIN_TEST_SPACK names their checkouts.

Several are separated by colons. Those of Spack 1.x and those of 0.23 have tests of their own, but
for those of the solver, which is asked in all.
"""

import os
import shutil
from pathlib import Path

import pytest
from our_store import install, packages, reef_graph
from real_spack import RealSpack, version_of

from core.model.graph import SpecGraph
from core.store.paths import StorePaths
from tests.slurm.cluster import slurm_is_here

CHECKOUTS = [Path(path) for path in os.environ.get("SPACKBIN_TEST_SPACK", "").split(":") if path]
OLD_TESTS = "test_spack_0_23.py"
SOLVER_TESTS = "test_spack_concretizes.py"
HAVE_NEW = any(version_of(checkout) >= (1, 0) for checkout in CHECKOUTS)
HAVE_OLD = any(version_of(checkout) < (1, 0) for checkout in CHECKOUTS)


def find_install_name_tool() -> str | None:
    """LLVM's program of that purpose; Debian has it with the version in the name."""
    names = ["llvm-install-name-tool", *(f"llvm-install-name-tool-{n}" for n in range(30, 12, -1))]
    return next(filter(None, map(shutil.which, names)), None)


HAVE_SOLVER = {"SPACKBIN_TEST_RECIPES", "SPACKBIN_TEST_PYTHON"} <= os.environ.keys()

OF_1_X = [path.name for path in Path(__file__).parent.glob("test_spack_[!0]*.py")]

collect_ignore = [] if HAVE_OLD else [OLD_TESTS]
collect_ignore += [] if HAVE_NEW else [name for name in OF_1_X if name != SOLVER_TESTS]
collect_ignore += [] if CHECKOUTS and HAVE_SOLVER else [SOLVER_TESTS]
collect_ignore += [] if slurm_is_here() else ["test_spack_builds_by_slurm.py"]
collect_ignore += [] if find_install_name_tool() else ["test_spack_moves_macho.py"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test runs with each Spack that it is for; one marked `newest` with that alone."""
    if "checkout" not in metafunc.fixturenames:
        return
    name = metafunc.definition.path.name
    fitting = [
        one
        for one in CHECKOUTS
        if name == SOLVER_TESTS or (version_of(one) < (1, 0)) is (name == OLD_TESTS)
    ]
    if metafunc.definition.get_closest_marker("newest_spack"):
        fitting = [max(fitting, key=version_of)]
    names = [".".join(map(str, version_of(one))) for one in fitting]
    # What is started beside a Spack may serve all tests of a file with it.
    metafunc.parametrize("checkout", fitting, ids=names, scope="module")


@pytest.fixture
def spack(checkout: Path, tmp_path: Path) -> RealSpack:
    """A Spack of its own configuration, whose install tree is `tmp_path / "store"`."""
    return RealSpack(checkout, tmp_path / "spack", tmp_path / "store")


@pytest.fixture
def install_name_tool() -> str:
    """Path of LLVM's; its tests are not collected where there is none."""
    found = find_install_name_tool()
    assert found
    return found


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
