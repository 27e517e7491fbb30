"""Real Spacks build one node through the local builder, into the store that we name."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from real_spack import RealSpack

from core.engine.builders.local import LocalBuilder
from core.engine.builders.protocol import BuildTask, JobReport, JobState
from core.model.ident import DagHash
from core.spack.install import InstallCommands, install_commands, step_of
from core.spack.instance import SpackInstance
from core.store.database import Database
from core.store.paths import StorePaths
from tests.builds import ended, wait_for

pytestmark = pytest.mark.interop

WRECK = "ljdpnh43chowa6l3vva5nw3ic2ahrjfq"
GHOST = DagHash("gzb4op2zzxzjjuwajtlv33otwlepxak2")
RECIPE = '''from spack.package import *


class Ghost(PackageBase):
    """Has an entry in the index of a build cache and nothing behind it."""

    has_code = False
    phases = ["haunt", "install"]

    version("0.0.7")

    def haunt(self, spec, prefix):
        print("boo")
        if "{fault}":
            raise InstallError("{fault}")

    def install(self, spec, prefix):
        mkdirp(prefix.share)
        with open(join_path(prefix.share, "boo.txt"), "w") as stream:
            stream.write("boo from {{0}}".format(prefix))
'''
INSTALLERS = {"first": {"installer": "old"}, "default": {}}
"""The second installer is the default from 1.2 on; that of 1.1 cannot build a package alone."""

Build = Callable[[str], tuple[BuildTask, JobReport, str]]


def alone(golden: Path, root: str) -> bytes:
    """A node of the golden wreck with what it depends on, as a file for Spack."""
    document = json.loads((golden / "dev" / "specs" / f"{WRECK}.json").read_text())
    nodes = {node["hash"]: node for node in document["spec"]["nodes"]}
    kept: dict[str, dict[str, object]] = {}
    open_ = [root]
    while open_:
        hash_ = open_.pop()
        kept[hash_] = nodes[hash_]
        open_ += [edge["hash"] for edge in nodes[hash_].get("dependencies", [])]
    document["spec"]["nodes"] = list(kept.values())
    return json.dumps(document).encode()


@pytest.fixture(params=INSTALLERS)
def build(request: pytest.FixtureRequest, spack: RealSpack, golden: Path, tmp_path: Path) -> Build:
    """Have a node of the golden wreck built by one of Spack's installers."""
    document = json.loads(alone(golden, WRECK))
    spack.know((node["namespace"], node["name"]) for node in document["spec"]["nodes"])
    # The store is ours to name, whatever Spack has configured.
    ours = tmp_path / "ours"
    configured = spack.command()
    scope = Path(configured[configured.index("-C") + 1])
    (scope / "config.yaml").write_text(
        json.dumps(
            {
                "config": {
                    **json.loads((scope / "config.yaml").read_text())["config"],
                    "install_tree": {"root": str(spack.store), "padded_length": 128},
                    **INSTALLERS[request.param],
                }
            }
        )
    )
    user = Path(spack.environment()["SPACK_USER_CONFIG_PATH"])
    user.parent.mkdir(parents=True, exist_ok=True)
    scope.rename(user)
    # What a user has in the shell must not matter.
    environ = {**spack.environment(), "SPACK_ENV": str(tmp_path / "no environment")}
    del environ["SPACK_DISABLE_LOCAL_CONFIG"]
    instance = SpackInstance(spack.checkout, environ)

    def commands(task: BuildTask) -> InstallCommands:
        return install_commands(instance, ours, task.directory, task.hash, 2)

    def run(root: str) -> tuple[BuildTask, JobReport, str]:
        directory = tmp_path / "a run's builds" / root
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "spec.json").write_bytes(alone(golden, root))
        task = BuildTask(DagHash(root), "node@1", "x86_64_v3", directory)
        builder = LocalBuilder(commands, environ=environ)
        report = wait_for(builder, builder.submit(task, ()), ended, patience=120)
        return task, report, builder.log(task).read_text()

    return run


def recipe_of(spack: RealSpack, fault: str = "") -> None:
    place = spack.place / "repositories" / "spack_repo" / "harbor" / "packages" / "ghost"
    (place / "package.py").write_text(RECIPE.format(fault=fault))


def test_ghost_is_built_into_our_store(build: Build, spack: RealSpack, tmp_path: Path) -> None:
    recipe_of(spack)
    _, report, log = build(GHOST)
    assert report.state is JobState.DONE, log
    steps = [step for line in log.splitlines() if (step := step_of(line))]
    assert [step for step in dict.fromkeys(steps) if step != "staging"] == ["haunt", "install"]
    assert "\nboo\n" in log
    records = Database(StorePaths(tmp_path / "ours")).read().records
    assert [record.spec.name for record in records.values()] == ["ghost"]
    record = records[GHOST]
    assert not record.explicit
    assert record.prefix
    prefix = Path(record.prefix)
    assert prefix.is_relative_to(tmp_path / "ours")
    assert (prefix / "share/boo.txt").read_text() == f"boo from {prefix}"
    assert not spack.store.exists()
    # A second time it is there, and what the user says of it stays.
    Database(StorePaths(tmp_path / "ours")).mark_explicit([GHOST])
    _, report, log = build(GHOST)
    assert report.state is JobState.DONE
    assert log.endswith("it is installed already\n")
    assert Database(StorePaths(tmp_path / "ours")).read().records[GHOST].explicit


def test_a_build_that_fails_leaves_nothing(build: Build, spack: RealSpack, tmp_path: Path) -> None:
    recipe_of(spack, "no spirits")
    _, report, log = build(GHOST)
    assert report.state is JobState.FAILED
    assert report.reason.startswith("Spack ended with status ")
    assert "no spirits" in log
    assert not list((tmp_path / "ours").glob("linux-*/ghost-*"))


def test_nothing_else_is_built(build: Build, spack: RealSpack, tmp_path: Path) -> None:
    """Wreck needs ghost and libtide, which are not there: it fails, and they are not built."""
    recipe_of(spack)
    _, report, _ = build(WRECK)
    assert report.state is JobState.FAILED
    records = Database(StorePaths(tmp_path / "ours")).read().records
    assert not any(record.installed for record in records.values() if not record.spec.external)
