"""What dead runs of others have left in a store: named, removed if possible, never if they live."""

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from store_helpers import KELP, LIBTIDE, NOBODY, install, ordinary_user, packages, stage_package

from core.cancel import CancelToken
from core.engine import atwork
from core.engine.atwork import at_work, notes_in
from core.engine.liveness import STALE, kernel
from core.engine.tidy import tidy
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.settings import Settings
from core.store.database import Database
from core.store.history import user_name
from core.store.locks import prefix_lock
from core.store.paths import StorePaths
from core.store.stage import commit

ROOT = Path(__file__).parents[3]
ME = user_name(os.getuid())

WORKING = """
import sys
from pathlib import Path
from core.engine.atwork import at_work
from core.store.paths import StorePaths
with at_work(StorePaths(Path(sys.argv[1])), "2026-dead", sys.argv[2:]):
    print("at work", flush=True)
    sys.stdin.read()
"""


def tidied(store: StorePaths) -> list[str]:
    """What somebody says who looks at the store, and has no run of their own in it."""
    place = store.root.parent
    settings = Settings(store.root, place / "config", place / "cache", place / "state")
    return list(tidy(settings, Database(store), CancelToken()))


def half_put(store: StorePaths, graph: SpecGraph, hash_: DagHash) -> Path:
    """A prefix in its place, and not registered."""
    staged = stage_package(store, graph[hash_])
    commit(staged)
    return staged.prefix


def note(store: StorePaths, *hashes: DagHash, on: str = "another kernel", age: float = 0) -> Path:
    """The note of a run on another machine, last touched so many seconds ago."""
    path = store.root / ".spackbin" / "working-2026-far"
    path.parent.mkdir(exist_ok=True)
    about = {
        "run": "2026-far",
        "user": "alice",
        "host": "node7",
        "pid": 4711,
        "started": "12",
        "since": time.time() - 600,
        "hashes": hashes,
    }
    path.write_text(f"{on}\n{json.dumps(about)}\n")
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_a_killed_run_of_somebody_else_is_named_and_what_it_left_removed(
    store: StorePaths, graph: SpecGraph
) -> None:
    install(store, graph[LIBTIDE], graph)
    arguments = [sys.executable, "-c", WORKING, str(store.root), KELP, LIBTIDE]
    with subprocess.Popen(
        arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"at work\n"
        prefix = half_put(store, graph, KELP)
        (found,) = notes_in(store)
        assert (found.is_alive, found.note.pid) == (True, process.pid)
        # It lives: whatever the locks say, nothing of it is touched.
        assert tidied(store) == []
        assert prefix.is_dir()
        process.kill()
        process.wait()
    host = os.uname().nodename
    words = f"removed {prefix}, which run 2026-dead of {ME} on {host} had left half done"
    assert tidied(store) == [words]
    assert packages(store) == [store.prefix_of(graph[LIBTIDE]).name]
    assert notes_in(store) == []
    assert tidied(store) == []


def test_a_quarantine_beside_is_tidied_as_well(store: StorePaths, graph: SpecGraph) -> None:
    beside = StorePaths(store.root.with_name(f"{store.root.name}-quarantine-pr"))
    prefix = half_put(beside, graph, KELP)
    note(beside, KELP, age=STALE + 5)
    words = f"removed {prefix}, which run 2026-far of alice on node7 had left half done"
    assert tidied(store) == [f"in {beside.root}: {words}"]
    assert not prefix.exists()
    assert tidied(store) == []
    # The same for the store itself, for who works in a quarantine.
    prefix = half_put(store, graph, KELP)
    note(store, KELP, age=STALE + 5)
    (line,) = tidied(beside)
    assert line.startswith(f"in {store.root}: removed {prefix}, ")


def test_beside_only_the_dead_are_looked_for_and_only_in_what_is_ours(
    store: StorePaths, graph: SpecGraph, tmp_path: Path
) -> None:
    beside = StorePaths(store.root.with_name(f"{store.root.name}-quarantine-pr"))
    prefix = half_put(beside, graph, KELP)
    # Somebody lives there, and has done it.
    note(beside, KELP, age=STALE + 5)
    with at_work(beside, "2026-1", [LIBTIDE]):
        assert tidied(store) == []
    # Whoever made a link, or has the directory, decides what is in it.
    elsewhere = beside.root.rename(tmp_path / "elsewhere")
    beside.root.symlink_to(elsewhere)
    assert tidied(store) == []
    beside.root.unlink()
    elsewhere.rename(beside.root)
    if os.geteuid() == 0:
        os.chown(beside.root, NOBODY, NOBODY)
        assert tidied(store) == []
        os.chown(beside.root, 0, 0)
    # What cannot be read there stops nobody.
    beside.database.write_text("no database")
    assert tidied(store) == []
    assert prefix.is_dir()
    beside.database.unlink()
    assert len(tidied(store)) == 1
    assert not prefix.exists()


def test_what_a_killed_uninstall_left_beside_is_settled(
    store: StorePaths, graph: SpecGraph
) -> None:
    beside = StorePaths(store.root.with_name(f"{store.root.name}-quarantine-pr"))
    install(beside, graph[LIBTIDE], graph)
    announced = beside.root / ".spackbin" / "announced-x.json"
    announced.parent.mkdir(exist_ok=True)
    announced.write_text("cut off")
    assert tidied(store) == []
    assert not announced.exists()


def test_on_another_machine_it_lives_as_long_as_it_says_so(
    store: StorePaths, graph: SpecGraph
) -> None:
    staged = stage_package(store, graph[LIBTIDE])
    prefix = half_put(store, graph, KELP)
    note(store, KELP, LIBTIDE, age=STALE / 2)
    assert tidied(store) == []
    assert staged.stage.is_dir()
    note(store, KELP, LIBTIDE, age=STALE + 5)
    deleted, removed = tidied(store)
    assert deleted == f"deleted {staged.stage}, left behind by {ME}"
    assert removed == f"removed {prefix}, which run 2026-far of alice on node7 had left half done"
    assert packages(store) == []


def test_here_a_process_that_runs_lives_whatever_its_lock_says(
    store: StorePaths, graph: SpecGraph
) -> None:
    prefix = half_put(store, graph, KELP)
    path = note(store, KELP, on=kernel(), age=STALE + 5)
    text = path.read_text()
    own = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    path.write_text(text.replace("4711", str(os.getpid())).replace('"12"', f'"{own}"'))
    assert tidied(store) == []
    # The number of a dead process that another one has now.
    path.write_text(text.replace("4711", str(os.getpid())))
    assert len(tidied(store)) == 1
    assert not prefix.exists()


def test_what_somebody_works_on_stays(store: StorePaths, graph: SpecGraph) -> None:
    prefix = half_put(store, graph, KELP)
    note(store, KELP, age=STALE + 5)
    with prefix_lock(store, KELP):
        assert tidied(store) == []
        assert prefix.is_dir()


def test_only_what_the_run_itself_can_have_left_is_removed(
    store: StorePaths, graph: SpecGraph
) -> None:
    """Not what is registered, older than the run, or of another user."""
    installed = install(store, graph[LIBTIDE], graph)
    prefix = half_put(store, graph, KELP)
    path = note(store, LIBTIDE, age=STALE + 5)
    assert tidied(store) == []
    assert not path.exists()
    path = note(store, KELP, age=STALE + 5)
    kernel_line, text = path.read_text().splitlines()
    later = {**json.loads(text), "since": time.time() + 600}
    path.write_text(f"{kernel_line}\n{json.dumps(later)}\n")
    os.utime(path, (0, 0))
    assert tidied(store) == []
    assert prefix.is_dir()
    path = note(store, KELP, age=STALE + 5)
    if os.geteuid() == 0:
        # Nobody speaks for somebody else.
        os.chown(path, NOBODY, NOBODY)
        assert tidied(store) == []
        assert prefix.is_dir()
        note(store, KELP, age=STALE + 5)
    assert len(tidied(store)) == 1
    assert not prefix.exists()
    assert Path(installed.prefix or "").is_dir()


def test_what_may_not_be_removed_is_said_with_whose_it_is(graph: SpecGraph) -> None:
    with ordinary_user() as place:
        store = StorePaths(place / "store")
        install(store, graph[LIBTIDE], graph)
        prefix = half_put(store, graph, KELP)
        note(store, KELP, age=STALE + 5)
        above = prefix.parent
        above.chmod(0o555)
        (line,) = tidied(store)
        assert line.startswith(f"{prefix}, which run 2026-far of alice on node7 had left half done")
        assert "cannot be removed: " in line
        assert prefix.is_dir()
        above.chmod(0o755)
        assert tidied(store)[0].startswith(f"removed {prefix}")


@pytest.mark.parametrize("text", ["", "kernel\n", "kernel\n{}", "kernel\n[1]\n", "\xff\n\xff"])
def test_a_note_that_cannot_be_read_stops_nothing(store: StorePaths, text: str) -> None:
    path = store.root / ".spackbin" / "working-x"
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    assert notes_in(store) == []
    assert tidied(store) == []


def test_a_run_that_ends_leaves_no_note(store: StorePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atwork, "BEAT", 0.02)
    store.root.mkdir()
    with at_work(store, "2026-1", [KELP]):
        (found,) = notes_in(store)
        assert found.is_alive
        assert found.note.words == f"run 2026-1 of {ME} on {os.uname().nodename}"
        os.utime(found.path, (0, 0))
        deadline = time.monotonic() + 30
        while found.path.stat().st_mtime == 0:
            assert time.monotonic() < deadline, "it does not beat"
            time.sleep(0.01)
    assert list(store.root.iterdir()) == []


def test_a_store_that_takes_no_note_stops_nobody(store: StorePaths) -> None:
    store.root.mkdir()
    (store.root / ".spackbin").write_text("in the way")
    with at_work(store, "2026-1", [KELP]):
        assert notes_in(store) == []
    assert (store.root / ".spackbin").read_text() == "in the way"


def test_the_lock_of_a_note_is_dropped_by_death_alone(store: StorePaths) -> None:
    store.root.mkdir()
    with at_work(store, "2026-1", [KELP]):
        (path,) = (store.root / ".spackbin").iterdir()
        with path.open("rb") as stream, pytest.raises(BlockingIOError):
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_a_package_is_registered_by_whatever_name_the_store_is_called(
    store: StorePaths, graph: SpecGraph, tmp_path: Path
) -> None:
    """A home directory often has two names: the one in `$HOME` and the one of its file system."""
    install(store, graph[LIBTIDE], graph)
    prefix = store.prefix_of(graph[LIBTIDE])
    left = half_put(store, graph, KELP)
    note(store, LIBTIDE, KELP, age=STALE + 5)
    (tmp_path / "other-name").symlink_to(store.root.parent)
    other = StorePaths(tmp_path / "other-name" / store.root.name)
    lines = tidied(other)
    assert prefix.is_dir()
    (line,) = lines
    assert f"{left.name}, which run 2026-far of alice" in line
    assert not left.exists()
