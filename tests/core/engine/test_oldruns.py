"""Old runs go, but for those that are not over."""

import os
from pathlib import Path

import pytest

from core.engine import oldruns
from core.engine.history import RECORDED
from core.engine.journal import LOCK, Run, new_run, runs
from core.engine.liveness import take
from core.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(*(tmp_path / name for name in ("store", "config", "cache", "state")))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oldruns, "KEPT", 3)
    monkeypatch.setattr(oldruns, "AT_ONCE", 4)


def ended(settings: Settings) -> Run:
    run = new_run(settings, {})
    run.settle()
    (run.directory / RECORDED).touch()
    log = run.directory / "builds" / "hash" / "build.log"
    log.parent.mkdir(parents=True)
    log.write_text("done")
    log.parent.chmod(0o500)
    return run


def kept(settings: Settings) -> list[str]:
    return [run.id for run in reversed(runs(settings))]


def test_the_newest_are_kept_and_the_oldest_go_first(settings: Settings) -> None:
    oldruns.remove_old(settings)
    ids = [ended(settings).id for _ in range(9)]
    oldruns.remove_old(settings)
    assert kept(settings) == ids[4:]
    oldruns.remove_old(settings)
    oldruns.remove_old(settings)
    assert kept(settings) == ids[6:]


def test_what_is_not_over_is_kept(settings: Settings) -> None:
    unrecorded, unsettled, alive, over, *newest = [ended(settings) for _ in range(7)]
    (unrecorded.directory / RECORDED).unlink()
    (unsettled.directory / "settled").unlink()
    lock = take(alive.directory / LOCK)
    oldruns.remove_old(settings)
    stay = [run.id for run in (unrecorded, unsettled, alive, *newest)]
    assert kept(settings) == stay
    assert over.id not in stay
    os.close(lock)
    oldruns.remove_old(settings)
    assert alive.id not in kept(settings)
