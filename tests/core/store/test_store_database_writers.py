"""Writers of the database who meet, die, run out of space, or may not write."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from store_helpers import KELP, LIBTIDE, everything_below, ordinary_user, register

from core.cancel import CancelToken
from core.errors import Interrupted, StoreError
from core.model.graph import SpecGraph
from core.store.database import Database
from core.store.locks import database_lock
from core.store.paths import StorePaths

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from store_helpers import golden_graph
from core.model.spec import spec_from_node
from core.store.database import Database
from core.store.paths import StorePaths

store, graph = StorePaths(Path(sys.argv[2])), golden_graph(Path(sys.argv[3]))
kelp = next(spec for spec in graph.nodes.values() if spec.name == "kelp")
print("ready", flush=True)
sys.stdin.readline()
for letter in "abcdefghijklmnopqrst":
    hash_ = sys.argv[4] * 30 + letter * 2
    spec = spec_from_node({**kelp.node, "hash": hash_})
    Database(store).register(spec, store.prefix_of(spec), graph, explicit=False)
"""


def test_two_processes_at_once_lose_no_record(store: StorePaths, golden: Path) -> None:
    here = str(Path(__file__).parent)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, here, store.root, golden, letter],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for letter in "kl"
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=120)
    assert [writer.returncode for writer in writers] == [0, 0]
    records = Database(store).read().records.values()
    assert sum(record.spec.name == "kelp" for record in records) == 40
    assert sum(record.ref_count for record in records if record.spec.name == "perl") == 40


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from store_helpers import KELP, golden_graph
from core.store.database import Database
from core.store.paths import StorePaths

store, graph = StorePaths(Path(sys.argv[2])), golden_graph(Path(sys.argv[3]))
sys.addaudithook(
    lambda event, _: event == "os.rename" and os.kill(os.getpid(), signal.SIGKILL))
Database(store).register(graph[KELP], store.prefix_of(graph[KELP]), graph, explicit=True)
"""


def test_killed_before_the_rename_the_old_database_stays(
    store: StorePaths, graph: SpecGraph, golden: Path
) -> None:
    register(store, graph, LIBTIDE)
    before = store.database.read_bytes()
    arguments = [str(Path(__file__).parent), store.root, golden]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert done.returncode == -signal.SIGKILL
    assert store.database.read_bytes() == before
    left_behind = list(store.database_dir.glob("*.temp"))
    assert len(left_behind) == 1
    register(store, graph, KELP)
    assert list(store.database_dir.glob("*.temp")) == []
    assert {LIBTIDE, KELP} <= Database(store).read().records.keys()


def test_a_full_disk_leaves_the_old_database(
    store: StorePaths, graph: SpecGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(store, graph, LIBTIDE)
    before = store.database.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="cannot be written: no space is left") as caught:
        register(store, graph, KELP)
    assert caught.value.retry
    assert store.database.read_bytes() == before
    assert everything_below(store.root) == [
        ".spack-db",
        ".spack-db/index.json",
        ".spack-db/index_verifier",
        ".spack-db/lock",
    ]


def test_a_store_that_may_only_be_read_is_read(graph: SpecGraph) -> None:
    with ordinary_user() as place:
        store = StorePaths(place / "store")
        register(store, graph, KELP)
        store.database.chmod(0o444)
        store.lock.chmod(0o444)
        store.database_dir.chmod(0o555)
        try:
            assert Database(store).read().records[KELP].installed
            with pytest.raises(StoreError, match="cannot be written: permission denied"):
                register(store, graph, LIBTIDE)
        finally:
            store.database_dir.chmod(0o755)


def test_a_database_that_may_not_be_read_is_said(graph: SpecGraph) -> None:
    with ordinary_user() as place:
        store = StorePaths(place)
        register(store, graph, KELP)
        store.database.chmod(0)
        with pytest.raises(StoreError, match="cannot be read: permission denied"):
            Database(store).read()


def test_registering_waits_for_the_lock_and_can_be_cancelled(
    store: StorePaths, graph: SpecGraph
) -> None:
    spec = graph[KELP]
    cancel = CancelToken()
    cancel.cancel()
    database = Database(store)
    with database_lock(store, write=False):
        with pytest.raises(StoreError, match="in use"):
            database.register(spec, store.prefix_of(spec), graph, explicit=False, timeout=0)
        with pytest.raises(Interrupted):
            database.register(spec, store.prefix_of(spec), graph, explicit=False, cancel=cancel)
    assert database.read().records == {}
