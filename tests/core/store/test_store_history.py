"""The history of a store: numbered, appended to, and readable whatever happened to it."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from store_helpers import KELP, LIBTIDE, everything_below, ordinary_user, register

from core.errors import StoreError
from core.model.graph import SpecGraph
from core.model.history import Operation, Removed, Touched
from core.model.ident import DagHash
from core.store import shared
from core.store.announced import Announcement, complete_announced, is_announced
from core.store.history import HistoryFile, new_operation, user_name
from core.store.paths import StorePaths

ROOT = Path(__file__).parents[3]
APPENDER = """
import sys
from pathlib import Path
from core.store.history import HistoryFile, new_operation
from core.store.paths import StorePaths

file = HistoryFile(StorePaths(Path(sys.argv[1])))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    file.append(new_operation("install", f"{sys.argv[2]}-{number}", 1.0))
"""


@pytest.fixture
def file(store: StorePaths) -> HistoryFile:
    store.root.mkdir()
    return HistoryFile(store)


def install(id_: str = "run") -> Operation:
    return new_operation("install", id_, time.time())


def removal(*hashes: DagHash, id_: str = "uninstall-1") -> Operation:
    items = tuple(Removed(hash_, "p", "1", "/p") for hash_ in hashes)
    operation = new_operation("uninstall", id_, 1.0)
    return Operation(
        **{
            name: getattr(operation, name)
            for name in operation.__struct_fields__
            if name != "removed"
        },
        removed=items,
    )


def test_operations_are_numbered_in_order(file: HistoryFile) -> None:
    assert [file.append(install(name)).number for name in ("a", "b", "c")] == [1, 2, 3]
    history = file.read()
    assert [(item.number, item.id) for item in history.operations] == [(1, "a"), (2, "b"), (3, "c")]
    assert history.operations[0].user == user_name(os.getuid())
    assert (history.damaged, history.find(2)) == (0, history.operations[1])


def test_the_same_is_not_added_twice(file: HistoryFile) -> None:
    first = file.append(install("a"))
    assert file.append(install("a")) == first
    assert len(file.read().operations) == 1


def test_no_history_is_an_empty_one_and_reading_leaves_nothing(store: StorePaths) -> None:
    assert HistoryFile(store).read().operations == ()
    assert not store.root.exists()


def test_a_torn_line_hides_no_other(file: HistoryFile) -> None:
    file.append(install("a"))
    with file.path.open("ab") as stream:
        stream.write(b'{"number": 2, "kind": "ins')
    assert [item.id for item in file.read().operations] == ["a"]
    assert file.append(install("b")).number == 2
    history = file.read()
    assert [item.id for item in history.operations] == ["a", "b"]
    assert history.damaged == 1


@pytest.mark.parametrize(
    "line", [b"\xff\xfe", b"{}", b"[]", b"null", b'{"number": "x"}', b"[" * 100_000]
)
def test_a_damaged_line_hides_no_other(file: HistoryFile, line: bytes) -> None:
    file.append(install("a"))
    file.append(install("b"))
    first, second = file.path.read_bytes().splitlines()
    file.path.write_bytes(b"\n".join([first, line, b"", second, b""]))
    history = file.read()
    assert [item.id for item in history.operations] == ["a", "b"]
    assert history.damaged == 1
    assert file.append(install("c")).number == 3


def test_fields_of_a_later_version_are_passed_over(file: HistoryFile) -> None:
    file.append(install("a"))
    data = file.path.read_bytes().replace(b'{"number":1', b'{"more":[1],"number":1')
    file.path.write_bytes(data)
    assert file.read().operations[0].id == "a"


def test_two_processes_lose_nothing_and_number_each_once(file: HistoryFile) -> None:
    each = 25
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(file.path.parents[1]), name, str(each)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in ("a", "b")
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        writer.communicate(b"\n")
        assert writer.returncode == 0
    operations = file.read().operations
    assert [item.number for item in operations] == list(range(1, 2 * each + 1))
    assert {item.id for item in operations} == {f"{n}-{k}" for n in "ab" for k in range(each)}


def test_nobody_waits_for_ever(file: HistoryFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "PATIENCE", 0.05)
    file.append(install("a"))
    with file.path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="in use"):
            file.append(install("b"))
    assert file.append(install("b")).number == 2


@pytest.mark.parametrize(("mode", "wanted"), [(0o755, 0o644), (0o775, 0o664), (0o2775, 0o664)])
def test_whoever_may_write_the_store_may_write_its_history(
    file: HistoryFile, mode: int, wanted: int
) -> None:
    root = file.path.parents[1]
    root.chmod(mode)
    old = os.umask(0o077)
    try:
        file.append(install("a"))
    finally:
        os.umask(old)
    assert file.path.stat().st_mode & 0o7777 == wanted
    assert file.path.parent.stat().st_mode & 0o7777 == mode
    file.path.chmod(0o600)
    file.append(install("b"))
    assert file.path.stat().st_mode & 0o7777 == wanted


def test_a_link_in_its_place_is_not_followed(file: HistoryFile, tmp_path: Path) -> None:
    file.path.parent.mkdir()
    (tmp_path / "victim").write_text("precious")
    file.path.symlink_to(tmp_path / "victim")
    with pytest.raises(StoreError, match="cannot be written"):
        file.append(install("a"))
    assert (tmp_path / "victim").read_text() == "precious"


def test_a_store_that_may_only_be_read_says_so() -> None:
    with ordinary_user() as place:
        store = StorePaths(place / "store")
        store.root.mkdir()
        store.root.chmod(0o555)
        with pytest.raises(StoreError, match="cannot be written: permission denied"):
            HistoryFile(store).append(install("a"))
        assert everything_below(store.root) == []
        store.root.chmod(0o755)


def test_what_was_announced_and_happened_is_in_the_history(store: StorePaths) -> None:
    store.root.mkdir()
    announcement = Announcement(store, removal(KELP))
    assert announcement.happened().number == 1
    assert everything_below(store.root) == [".spackbin", ".spackbin/history.jsonl"]


def test_what_was_withdrawn_leaves_no_trace(store: StorePaths) -> None:
    store.root.mkdir()
    Announcement(store, removal(KELP)).withdraw()
    assert everything_below(store.root) == [".spackbin"]
    assert complete_announced(store) == ()


def test_who_announces_is_not_taken_for_dead_before_the_lock(
    store: StorePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.root.mkdir()
    came: list[int] = []

    def interrupted(path: Path, root: Path, flags: int = 0) -> int:
        descriptor = shared.open_shared(path, root, flags)
        if not came:
            came.append(descriptor)
            assert complete_announced(store) == ()
            assert not path.exists()
        return descriptor

    monkeypatch.setattr("core.store.announced.open_shared", interrupted)
    announcement = Announcement(store, removal(KELP))
    assert came
    assert is_announced(store)
    announcement.withdraw()
    assert not is_announced(store)


def test_what_somebody_alive_has_announced_is_left_alone(store: StorePaths) -> None:
    store.root.mkdir()
    announcement = Announcement(store, removal(KELP))
    assert complete_announced(store) == ()
    assert announcement.happened().number == 1


def die_after_announcing(store: StorePaths, operation: Operation) -> None:
    """Announce in a child that then is gone, as after SIGKILL."""
    child = os.fork()
    if not child:
        Announcement(store, operation)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_what_the_dead_had_done_is_completed_once(store: StorePaths, graph: SpecGraph) -> None:
    register(store, graph, KELP)
    die_after_announcing(store, removal(LIBTIDE))
    die_after_announcing(store, removal(KELP, id_="uninstall-2"))
    (completed,) = complete_announced(store)
    assert completed.number == 1
    assert completed.removed[0].hash == LIBTIDE
    assert complete_announced(store) == ()
    assert HistoryFile(store).read().operations == (completed,)
    assert everything_below(store.root / ".spackbin") == ["history.jsonl"]


def test_what_the_dead_had_done_is_not_counted_twice(store: StorePaths, graph: SpecGraph) -> None:
    register(store, graph, KELP)
    operation = removal(LIBTIDE)
    die_after_announcing(store, operation)
    HistoryFile(store).append(operation)
    assert complete_announced(store)[0].number == 1
    assert len(HistoryFile(store).read().operations) == 1


@pytest.mark.parametrize("explicit", [True, False])
def test_a_mark_that_was_taken_away_counts_as_done(
    store: StorePaths, graph: SpecGraph, explicit: bool
) -> None:
    register(store, graph, KELP, explicit=explicit)
    plain = new_operation("undo", "undo-1", 1.0)
    fields = {name: getattr(plain, name) for name in plain.__struct_fields__ if name != "implicit"}
    die_after_announcing(store, Operation(**fields, implicit=(Touched(KELP, "kelp", "1"),)))
    assert len(complete_announced(store)) == (0 if explicit else 1)


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b"\xff"])
def test_an_announcement_that_was_not_finished_is_taken_away(
    store: StorePaths, data: bytes
) -> None:
    (store.root / ".spackbin").mkdir(parents=True)
    (store.root / ".spackbin" / "announced-x.json").write_bytes(data)
    assert complete_announced(store) == ()
    assert everything_below(store.root) == [".spackbin"]
