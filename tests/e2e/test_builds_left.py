"""Builds that nobody follows any longer, although they go on."""

from collections.abc import Generator
from pathlib import Path

import pytest

from core.engine.builders import choice
from core.engine.history import RECORDED, catch_up
from core.events import BuildQueued, BuildStarted, NodeFailed, NodeSkipped
from core.store.history import HistoryFile
from tests.builders import choose_process_builder
from tests.e2e.building_worlds import DIAMOND, is_running, make, names, order, until
from tests.engines import Zygote, failures, zygote
from tests.simulator.packages import Package


@pytest.fixture(scope="module")
def engines() -> Generator[Zygote]:
    with zygote() as opened:
        yield opened


@pytest.mark.parametrize("kind", ["deaf", "frail"])
def test_builds_that_are_left_to_themselves(
    tmp_path: Path, engines: Zygote, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Nobody hears the cancel, or the builder fails: the jobs go on, and that is known."""
    world = make(tmp_path, DIAMOND, kind)
    gate = tmp_path / "gate"
    order(world, bottom={"after": str(gate)})
    run = world.run("top")
    pid = engines.start(run)
    until(lambda: "bottom" in names(world, run, BuildQueued))
    job = Path(next(event.job for event in run.history() if isinstance(event, BuildQueued)))
    if kind == "deaf":
        until(lambda: "bottom" in names(world, run, BuildStarted))
        run.cancel()
    assert engines.wait(pid) == {"deaf": 130, "frail": 1}[kind]
    left = next(failure for failure in failures(run) if failure.is_left)
    assert left.title == "The build of bottom@1.0 may still go on, and nobody waits for it"
    assert {"deaf": "Nobody answers", "frail": "the builder has a fault"}[kind] in left.detail
    assert left.hint.endswith(f"kill -9 -- -$(cat {job}/pid)")
    assert "top" in names(world, run, NodeFailed if kind == "frail" else NodeSkipped)
    assert is_running(job)
    # The next run waits for it instead of building it again.
    world.builder = "here"
    second = world.run("top")
    pid = engines.start(second)
    until(lambda: names(world, second, BuildQueued))
    gate.touch()
    assert engines.wait(pid) == 0
    queued = next(event for event in second.history() if isinstance(event, BuildQueued))
    assert (queued.reattached, queued.job) == (True, str(job))
    monkeypatch.setattr(choice, "choose_builder", choose_process_builder)
    catch_up(world.settings, world.store)
    added = [
        item.name
        for operation in HistoryFile(world.store).read().operations
        for item in operation.added
    ]
    assert sorted(added) == sorted(["bottom", "left", "right", "top", "beside"])


@pytest.mark.parametrize("kind", ["deaf", "frail"])
def test_what_is_left_to_itself_gets_into_the_history(
    tmp_path: Path, engines: Zygote, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    world = make(tmp_path, (Package("bottom", is_pushed=False),), kind)
    monkeypatch.setattr(choice, "choose_builder", choose_process_builder)
    gate = tmp_path / "gate"
    order(world, bottom={"after": str(gate)})
    run = world.run("bottom")
    pid = engines.start(run)
    until(lambda: names(world, run, BuildQueued))
    job = Path(next(event.job for event in run.history() if isinstance(event, BuildQueued)))
    if kind == "deaf":
        until(lambda: names(world, run, BuildStarted))
        run.cancel()
    engines.wait(pid)
    catch_up(world.settings, world.store)
    assert not (run.directory / RECORDED).exists()
    gate.touch()
    until(lambda: not is_running(job))
    catch_up(world.settings, world.store)
    (operation,) = HistoryFile(world.store).read().operations
    assert (operation.id, [item.name for item in operation.added]) == (run.id, ["bottom"])
