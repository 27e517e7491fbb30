"""Tests against a real Slurm, collected where its programs are."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from cluster import Cluster, slurm_is_here

if not slurm_is_here():
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="module")
def cluster() -> Generator[Cluster]:
    """A Slurm of our own; the path of a socket must be short."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as place:
        cluster = Cluster(Path(place))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
