"""The whole program in a job: a node installs what is cached, and it is watched from here."""

import shlex
import subprocess
from pathlib import Path

import pytest
from cluster import Cluster

from tests.builds import wait_until
from tests.program import Program

pytestmark = pytest.mark.slurm


def test_a_cached_install_in_a_job_is_followed_from_outside(
    cluster: Cluster, tmp_path: Path, golden: Path
) -> None:
    program = Program(tmp_path, tmp_path / "store").trusting(golden / "dev" / "mirror-signed")
    line = shlex.join(program.arguments("install", "--yes", "reef"))
    log = tmp_path / "job.log"
    subprocess.run(
        ["sbatch", f"--output={log}", f"--wrap={line}"],
        env={**program.environment, "SLURM_CONF": str(cluster.configuration)},
        check=True,
        capture_output=True,
        timeout=60,
    )
    wait_until(lambda: any(tmp_path.glob("state/runs/*/*/journal*")))
    done = program.run("attach")
    assert done.returncode == 0, done.stderr + log.read_text()
    assert "packages installed" in done.stderr
    wait_until(lambda: cluster.say("squeue", "--noheader") == "")
    assert "packages installed" in log.read_text()
    assert program.prefix("reef").is_dir()
