"""Tests against a real Slurm, collected where its programs are."""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from cluster import Cluster

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo", "scontrol")
PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"

if not all(shutil.which(program, path=PLACES) for program in PROGRAMS):
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
