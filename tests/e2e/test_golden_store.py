"""What the whole program leaves in Spack's own store paths, compared with what Spack left there.

Runs in a mount namespace of its own, where `/opt` is empty and ours.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import Program


def in_own_opt(program: Program, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python script where `/opt` is an empty file system that nobody else sees."""
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    mount = 'mount -t tmpfs none /opt && exec "$@"'
    command = [*own, "sh", "-c", mount, "sh", sys.executable, str(script), *arguments]
    return subprocess.run(
        command,
        env=program.environment,
        cwd=program.directory,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.parametrize("expected", ["expected-1", "expected-2"])
def test_the_store_is_as_spack_left_it(expected: str, program: Program, golden: Path) -> None:
    script = Path(__file__).with_name("fill_golden_store.py")
    done = in_own_opt(program, script, str(program.directory), str(golden / "dev"), expected)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"different": [], "prefixes": 13}
