"""The command line of a build, and the phases in what Spack prints."""

import json
from pathlib import Path

import pytest

from core.model.ident import DagHash
from core.spack.install import install_commands, step_of
from core.spack.instance import SpackInstance

GHOST = DagHash("gzb4op2zzxzjjuwajtlv33otwlepxak2")


def test_the_commands_of_a_build(tmp_path: Path) -> None:
    spack = SpackInstance(Path("/a spack"), {})
    commands = install_commands(spack, Path("/a store"), tmp_path, GHOST, 4)
    base = ["/a spack/bin/spack", "--color", "never", "--no-env"]
    base += ["--config-scope", str(tmp_path / "scope")]
    assert list(commands.find) == [*base, "find", f"/{GHOST}"]
    build = ["install", "--verbose", "--only", "package", "--no-cache", "--jobs", "4"]
    assert list(commands.install) == [*base, *build, "./spec.json"]
    assert list(commands.settle) == [*base, "mark", "--implicit", f"/{GHOST}"]
    tree = {"root": "/a store", "padded_length": 0}
    written = json.loads((tmp_path / "scope/config.yaml").read_text())
    assert written == {"config": {"install_tree": tree}}


def test_spack_may_choose_how_many_processes_it_takes(tmp_path: Path) -> None:
    commands = install_commands(SpackInstance(Path("/s"), {}), Path("/o"), tmp_path, GHOST)
    assert "--jobs" not in commands.install


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("==> ghost: Executing phase: 'install'\n", "install"),
        ("==> [2026-11-22-22:20:08.221856] py-pip: Executing phase: 'build_wheel'", "build_wheel"),
        ("[ ] gzb4op2 ghost@0.0.7 staging (0s)", "staging"),
        ("[ ] gzb4op2 ghost@0.0.7 cmake (1m02s)", "cmake"),
        ("[ ] gzb4op2 ghost@=0.0.7 configure", "configure"),
        ("[+] gzb4op2 ghost@0.0.7 /opt/store/linux/ghost-0.0.7 (0s)", None),
        ("[x] gzb4op2 ghost@0.0.7 failed: /tmp/log (3s)", None),
        ("[ ] gzb4op2 ghost@0.0.7 fetching: 40% (3s)", None),
        ("==> No patches needed for ghost", None),
        ("==> ghost: Successfully installed ghost-0.0.7", None),
        ("echo ==> ghost: Executing phase: 'install'", None),
        ("[ ] todo list: a@b c", None),
        ("", None),
    ],
)
def test_the_phases_of_a_build(line: str, step: str | None) -> None:
    assert step_of(line) == step
