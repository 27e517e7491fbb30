"""Fixtures of the store's tests."""

from pathlib import Path

import pytest
from store_helpers import golden_graph

from core.model.graph import SpecGraph
from core.store.paths import StorePaths


@pytest.fixture
def store(tmp_path: Path) -> StorePaths:
    """A store that does not exist yet."""
    return StorePaths(tmp_path / "store")


@pytest.fixture(scope="session")
def graph(golden: Path) -> SpecGraph:
    """Specs that real Spack wrote, build dependencies included."""
    return golden_graph(golden)
