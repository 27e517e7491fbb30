"""A store that takes no more: refused in plain words, left as it was, and completed later."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.engine.journal import Run
from core.events import LogWritten
from core.store.fsck import Kind, half_done
from core.store.verify import changes
from tests.engines import CHAIN, ROOT, EngineWorld, Zygote, failures, zygote
from tests.simulator.mirror import simulated_mirror


def test_disks_of_every_size_that_is_too_small(tmp_path: Path) -> None:
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    script = str(Path(__file__).with_name("fill_small_disk.py"))
    done = subprocess.run(
        [*own, sys.executable, script, str(tmp_path), "16"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["wrong"] == {}
    assert report["sizes"] > 10


@dataclass
class Stage:
    """A world, and what an undisturbed run makes of it."""

    world: EngineWorld
    engines: Zygote
    tree: dict[str, Any]
    records: dict[str, Any]

    def run(self) -> Run:
        """A package and the one that it needs."""
        fetches = [self.world.fetch(name) for name in ("sand", "rock")]
        return self.world.run("rock", fetches=fetches)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    place = tmp_path_factory.mktemp("full")
    world = EngineWorld(place / "world", simulated_mirror(place / "mirror", CHAIN))
    world.clear()
    with zygote() as engines:
        opened = Stage(world, engines, {}, {})
        assert engines.work(opened.run()) == 0
        opened.tree, opened.records = world.tree(), world.records()
        yield opened


@pytest.mark.parametrize(
    ("kind", "words"),
    [("quota", "the disk quota is used up"), ("readonly", "the file system is read-only")],
)
@pytest.mark.parametrize("part", range(2))
def test_refused_from_any_call_on(stage: Stage, kind: str, words: str, part: int) -> None:
    """From the first call that would change the store, from the second, and so on."""
    number, status = part - 1, -1
    while status != 0:
        number += 2
        stage.world.clear()
        run = stage.run()
        status = stage.engines.work(run, f"{kind}:{number}")
        titles = [failure.title for failure in failures(run)]
        assert status == 0 or titles
        assert [title for title in titles if words not in title] == []
        check_visible(stage, kind)
        again = stage.run()
        assert stage.engines.work(again) == 0, again.history()
        assert half_done(stage.world.store.root) == ()
        assert stage.world.tree() == stage.tree
        assert stage.world.records() == stage.records
    assert number > 20


def check_visible(stage: Stage, kind: str) -> None:
    """Nothing visible is half done. Where nothing can be removed, invisible things may stay."""
    found = half_done(stage.world.store.root)
    if kind == "quota":
        assert found == ()
    for item in found:
        assert item.kind is not Kind.RECORD
        if item.kind is Kind.PREFIX:
            assert changes(item.path) == ()


def test_what_a_read_only_disk_kept_is_registered_later(stage: Stage) -> None:
    """A disk that becomes read-only between the rename and the record."""
    stage.world.clear()
    run = stage.run()
    number = 0
    while not any(item.kind is Kind.PREFIX for item in half_done(stage.world.store.root)):
        number += 1
        assert number < 200
        stage.world.clear()
        run = stage.run()
        stage.engines.work(run, f"readonly:{number}")
    assert "read-only" in failures(run)[0].title
    again = stage.run()
    assert stage.engines.work(again) == 0
    said = [event.text for event in again.history() if isinstance(event, LogWritten)]
    assert any(line.startswith("registered") and run.id in line for line in said)
    assert half_done(stage.world.store.root) == ()
