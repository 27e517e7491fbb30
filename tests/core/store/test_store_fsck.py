"""What is half done in a store is found, and nothing else."""

import shutil
from pathlib import Path

from store_helpers import KELP, LIBTIDE, everything_below, install, stage_package

from core.model.graph import SpecGraph
from core.store.database import Database
from core.store.fsck import HalfDone, Kind, half_done
from core.store.locks import database_lock, prefix_lock
from core.store.paths import StorePaths
from core.store.sbang import have_sbang
from core.store.stage import commit, remove_unregistered
from core.store.verify import changes


def test_nothing_is_half_done_where_there_is_no_store(tmp_path: Path) -> None:
    assert half_done(tmp_path / "store") == ()
    assert not (tmp_path / "store").exists()


def test_nothing_is_half_done_in_a_good_store(store: StorePaths, graph: SpecGraph) -> None:
    install(store, graph[KELP], graph)
    (store.root / "linux-x86_64" / "notes").mkdir(parents=True)
    assert half_done(store.root) == ()


def test_each_kind_is_found(store: StorePaths, graph: SpecGraph) -> None:
    gone = install(store, graph[LIBTIDE], graph)
    shutil.rmtree(gone.prefix or "")
    staged = stage_package(store, graph[KELP])
    temporary = store.database.with_name("index.json.host.1.temp")
    temporary.touch()
    expected = {
        HalfDone(Kind.RECORD, Path(gone.prefix or "")),
        HalfDone(Kind.STAGE, staged.stage),
        HalfDone(Kind.TEMPORARY, temporary),
    }
    assert set(half_done(store.root)) == expected
    commit(staged)
    expected ^= {HalfDone(Kind.STAGE, staged.stage), HalfDone(Kind.PREFIX, staged.prefix)}
    assert set(half_done(store.root)) == expected


def test_what_somebody_works_on_is_not_half_done(store: StorePaths, graph: SpecGraph) -> None:
    with prefix_lock(store, KELP):
        staged = stage_package(store, graph[KELP])
        assert half_done(store.root) == ()
        commit(staged)
        assert half_done(store.root) == ()
    with database_lock(store, write=True):
        store.database.with_name("index.json.host.1.temp").touch()
        assert [item.kind for item in half_done(store.root)] == [Kind.PREFIX]


def test_an_unregistered_prefix_is_removed_whole(store: StorePaths, graph: SpecGraph) -> None:
    staged = stage_package(store, graph[KELP])
    commit(staged)
    assert changes(staged.prefix) == ()
    (staged.prefix / "bin" / "hello").write_text("something else\n")
    assert [problem.path for problem in changes(staged.prefix)] == ["bin/hello"]
    remove_unregistered(staged.prefix)
    assert not staged.prefix.parent.exists()


def test_what_a_dead_writer_of_sbang_left_is_removed(store: StorePaths) -> None:
    have_sbang(store)
    left = store.sbang.with_name(".sbang.0123456789abcdef.tmp")
    left.touch()
    assert [item.path for item in half_done(store.root)] == [left]
    have_sbang(store)
    assert half_done(store.root) == ()
    assert "bin/sbang" in everything_below(store.root)


def test_one_write_for_many_and_none_read_again(store: StorePaths, graph: SpecGraph) -> None:
    """The state after a write is that of the file."""
    install(store, graph[KELP], graph)
    database = Database(store)
    before = database.read()
    record = install(store, graph[LIBTIDE], graph)
    assert database.read().records[LIBTIDE] == record
    assert database.read() is database.read()
    assert database.read() is not before
    after = database.register(graph[KELP], store.prefix_of(graph[KELP]), graph, explicit=True)
    assert after == Database(store).read().records[KELP]
