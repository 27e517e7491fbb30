"""A removal that is killed at any moment is finished or taken back by the next who looks."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from store_helpers import KELP, LIBTIDE, REEF, install, is_installed, packages

from core.cancel import CancelToken
from core.engine.tidy import tidy
from core.model.graph import SpecGraph
from core.model.history import Removed
from core.settings import Settings
from core.store.announced import Announcement
from core.store.database import Database
from core.store.fsck import half_done
from core.store.history import HistoryFile, new_operation
from core.store.locks import prefix_lock
from core.store.paths import StorePaths
from core.store.verify import changes

ROOT = Path(__file__).parents[3]
EVERYTHING = (KELP, LIBTIDE, REEF)

KILLED = """
import os, signal, sys
from pathlib import Path
from core.model.graph import SpecGraph
from core.planning.removal import plan_uninstall
from core.store import removal, stage
from core.store.database import Database
from core.store.paths import StorePaths

paths = StorePaths(Path(sys.argv[1]))
kind, count, asked = sys.argv[2], int(sys.argv[3]), sys.argv[4:]
calls = 0

def audit(event, arguments):
    global calls
    if event == kind:
        calls += 1
        if calls == count:
            os.kill(os.getpid(), signal.SIGKILL)

plan = plan_uninstall(
    sys.argv[1], Database(paths).read().records, asked, size_of=lambda _: 0, dependents=True
)
removal.complete_announced(paths)
sys.addaudithook(audit)
removal.remove(paths, plan)
"""
MOMENTS = [
    *(("os.rename", count) for count in range(1, 5)),
    *(("open", count) for count in range(1, 19)),
    *(("os.remove", count) for count in range(1, 6)),
    ("shutil.rmtree", 1),
    ("shutil.rmtree", 2),
    *(("os.rmdir", count) for count in range(1, 4)),
]
"""Audit events, and which of them is the last one."""


def tidied(store: StorePaths) -> list[str]:
    """What somebody else says who looks at the store."""
    place = store.root.parent
    settings = Settings(store.root, place / "config", place / "cache", place / "state")
    return list(tidy(settings, Database(store), CancelToken()))


@pytest.mark.parametrize(("event", "count"), MOMENTS)
def test_killed_at_any_moment_all_or_nothing_is_removed_and_it_is_said(
    store: StorePaths, graph: SpecGraph, event: str, count: int
) -> None:
    for hash_ in EVERYTHING:
        install(store, graph[hash_], graph, explicit=hash_ == REEF)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.root), event, str(count), KELP, LIBTIDE],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    # Before anybody tidies up: what is to be seen is whole.
    for name in packages(store):
        if not name.startswith("."):
            prefix = next(store.root.glob(f"*/{name}"))
            assert changes(prefix) == ()
    said = tidied(store)
    states = {is_installed(store, hash_) for hash_ in EVERYTHING}
    prefixes = {store.prefix_of(graph[hash_]).is_dir() for hash_ in EVERYTHING}
    assert len(states) == 1
    assert prefixes == states
    assert [item for item in half_done(store.root) if ".temp" not in item.path.name] == []
    assert not list(store.root.glob(".spackbin/announced-*"))
    operations = HistoryFile(store).read().operations
    check_said(said, store, graph, removed=states == {False}, recorded=len(operations))
    assert tidied(store) == []


def check_said(
    said: list[str], store: StorePaths, graph: SpecGraph, *, removed: bool, recorded: int
) -> None:
    if removed:
        # The last thing of all may have been done.
        assert recorded == 1
        assert all("was done" in line or line.startswith("deleted ") for line in said)
        return
    assert recorded == 0
    back = [line for line in said if line.startswith("put ")]
    for line in back:
        assert any(str(store.prefix_of(graph[hash_])) in line for hash_ in EVERYTHING)
    given_up = [line for line in said if "was not done" in line]
    assert len(given_up) <= 1
    assert len(said) == len(back) + len(given_up)
    # An announcement comes before the first change.
    assert given_up or not back


def test_what_is_said_of_one_that_was_taken_back(store: StorePaths, graph: SpecGraph) -> None:
    for hash_ in EVERYTHING:
        install(store, graph[hash_], graph)
    arguments = [str(store.root), "os.rename", "3", KELP, LIBTIDE]
    subprocess.run([sys.executable, "-c", KILLED, *arguments], cwd=ROOT, check=False)
    first, *others = tidied(store)
    assert first.startswith("an uninstall of reef@5.0.0/")
    assert "was not done: its process died before anything was removed" in first
    assert len(others) == 2
    assert all(line.startswith(f"put {store.root}/") for line in others)


def test_what_is_said_of_one_that_was_finished(store: StorePaths, graph: SpecGraph) -> None:
    install(store, graph[KELP], graph)
    arguments = [str(store.root), "shutil.rmtree", "1", KELP]
    subprocess.run([sys.executable, "-c", KILLED, *arguments], cwd=ROOT, check=False)
    (line,) = tidied(store)
    assert line.startswith(f"deleted {store.root}/")
    assert not is_installed(store, KELP)


def test_an_undo_is_called_so(store: StorePaths, graph: SpecGraph) -> None:
    record = install(store, graph[KELP], graph)
    gone = Removed(KELP, "kelp", "2024.1", record.prefix or "")
    operation = replace(new_operation("undo", "undo-1", 0.0), removed=(gone,), undoes=7, user="ann")
    announcement = Announcement(store, operation)
    assert tidied(store) == []  # who announced it lives
    announcement.leave()
    label = f"kelp@2024.1/{KELP[:7]}"
    words = "was not done: its process died before anything was removed"
    assert tidied(store) == [f"the undo of operation 7 of {label} by ann {words}"]
    assert is_installed(store, KELP)


def test_nothing_of_a_removal_on_its_way_is_touched(store: StorePaths, graph: SpecGraph) -> None:
    from core.store.aside import put_back, set_aside

    record = install(store, graph[KELP], graph)
    with prefix_lock(store, KELP):
        aside = set_aside(store, record)
        assert aside
        assert tidied(store) == []
        assert aside.is_dir()
        put_back(aside, store.prefix_of(graph[KELP]))


def test_an_interrupt_that_comes_too_late_undoes_nothing(
    store: StorePaths, graph: SpecGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is written, and then somebody presses Ctrl-C."""
    from core.planning.removal import plan_uninstall
    from core.store import database
    from core.store.removal import disk_usage, remove

    install(store, graph[KELP], graph)
    records = Database(store).read().records
    plan = plan_uninstall(str(store.root), records, [KELP], size_of=disk_usage)
    is_written = False

    def interrupt(directory: Path) -> None:
        nonlocal is_written
        if directory == store.database_dir and not is_written:
            is_written = True
            raise KeyboardInterrupt

    monkeypatch.setattr(database, "sync_directory", interrupt)
    with pytest.raises(KeyboardInterrupt):
        remove(store, plan)
    assert not is_installed(store, KELP)
    assert not store.prefix_of(graph[KELP]).exists()
    said = tidied(store)
    assert "was done, and is operation 1 of the history now" in said[0]
    assert said[1].startswith("deleted ")
    assert packages(store) == []
