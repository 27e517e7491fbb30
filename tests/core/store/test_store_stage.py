"""Stages: one rename, and nothing left behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from store_helpers import (
    KELP,
    LIBTIDE,
    everything_below,
    install,
    make_tree,
    ordinary_user,
    stage_package,
)

from core.errors import StoreError, WrongUse
from core.model.graph import SpecGraph
from core.store.database import Database
from core.store.locks import prefix_lock
from core.store.paths import StorePaths, store_above
from core.store.stage import commit, discard, new_stage, sweep, take_back

PACKAGE = [
    ".spack",
    ".spack/install_manifest.json",
    ".spack/spec.json",
    "bin",
    "bin/hello",
    "share",
    "share/note.txt",
]


def test_a_stage_is_hidden_beside_its_prefix(store: StorePaths, graph: SpecGraph) -> None:
    store.database_dir.mkdir(parents=True)
    prefix = store.prefix_of(graph[KELP])
    stage = new_stage(prefix)
    assert stage.parent == prefix.parent
    assert stage.name.startswith(f".spackbin-{KELP}-")
    assert stage.stat().st_mode & 0o7777 == 0o700
    assert new_stage(prefix) != stage


@pytest.mark.parametrize("mode", [0o755, 0o2775, 0o750])
def test_directories_above_get_the_mode_of_the_store(
    store: StorePaths, graph: SpecGraph, mode: int
) -> None:
    store.database_dir.mkdir(parents=True)
    store.root.chmod(mode)
    old = os.umask(0o077)
    try:
        stage = new_stage(store.root / "a" / "b" / f"kelp-1-{KELP}")
    finally:
        os.umask(old)
    assert [path.stat().st_mode & 0o7777 for path in list(stage.parents)[:2]] == [mode, mode]


def test_directories_above_get_the_group_of_the_store(store: StorePaths, graph: SpecGraph) -> None:
    store.database_dir.mkdir(parents=True)
    group = 4242 if os.geteuid() == 0 else os.getgroups()[-1]
    os.chown(store.root, -1, group)
    assert new_stage(store.prefix_of(graph[KELP])).parent.stat().st_gid == group


def test_a_prefix_outside_of_any_store_has_no_stage(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is in no store"):
        new_stage(tmp_path / "arch" / f"kelp-1-{KELP}")
    assert everything_below(tmp_path) == ["home"]


def test_a_prefix_without_a_hash_has_no_stage(store: StorePaths) -> None:
    store.database_dir.mkdir(parents=True)
    with pytest.raises(WrongUse, match="DAG hash"):
        new_stage(store.root / "arch" / "kelp-1")


def test_commit_is_all_or_nothing_and_leaves_only_the_prefix(
    store: StorePaths, graph: SpecGraph
) -> None:
    staged = stage_package(store, graph[KELP])
    assert not staged.prefix.exists()
    inode = staged.stage.stat().st_ino
    commit(staged)
    assert staged.prefix.stat().st_ino == inode
    assert os.listdir(staged.prefix.parent) == [staged.prefix.name]
    assert everything_below(staged.prefix) == PACKAGE


@pytest.mark.parametrize("kind", ["directory", "file"])
def test_what_a_dead_installer_left_is_replaced(
    store: StorePaths, graph: SpecGraph, kind: str
) -> None:
    staged = stage_package(store, graph[KELP])
    if kind == "directory":
        (staged.prefix / "read-only").mkdir(parents=True)
        (staged.prefix / "read-only" / "half").touch()
        (staged.prefix / "read-only").chmod(0o555)
    else:
        staged.prefix.touch()
    commit(staged)
    assert os.listdir(staged.prefix.parent) == [staged.prefix.name]
    assert everything_below(staged.prefix) == PACKAGE


def test_a_registered_package_is_not_replaced(store: StorePaths, graph: SpecGraph) -> None:
    install(store, graph[KELP], graph)
    before = everything_below(store.root)
    staged = stage_package(store, graph[KELP])
    with pytest.raises(StoreError, match=r"kelp@2024\.1 is already installed"):
        commit(staged)
    discard(staged.stage)
    assert everything_below(store.root) == before


def test_a_registered_package_that_is_gone_can_be_put_back(
    store: StorePaths, graph: SpecGraph
) -> None:
    record = install(store, graph[KELP], graph)
    shutil.rmtree(record.prefix or "")
    commit(stage_package(store, graph[KELP]))
    assert everything_below(Path(record.prefix or "")) == PACKAGE


def test_a_link_in_the_place_of_the_prefix_is_refused(store: StorePaths, graph: SpecGraph) -> None:
    other = install(store, graph[LIBTIDE], graph)
    staged = stage_package(store, graph[KELP])
    staged.prefix.symlink_to(other.prefix or "")
    with pytest.raises(StoreError, match="symbolic link"):
        commit(staged)
    assert staged.prefix.is_symlink()
    assert staged.stage.is_dir()


def test_a_failed_rename_puts_the_old_back(store: StorePaths, graph: SpecGraph) -> None:
    staged = stage_package(store, graph[KELP])
    staged.prefix.mkdir()
    (staged.prefix / "old").touch()
    shutil.rmtree(staged.stage)
    with pytest.raises(StoreError, match="cannot be put in its place"):
        commit(staged)
    assert everything_below(staged.prefix) == ["old"]
    assert os.listdir(staged.prefix.parent) == [staged.prefix.name]


def test_taking_back_undoes_a_commit(store: StorePaths, graph: SpecGraph) -> None:
    staged = stage_package(store, graph[KELP])
    commit(staged)
    take_back(staged)
    assert not staged.prefix.exists()
    discard(staged.stage)
    assert everything_below(store.root) == [".spack-db"]
    with pytest.raises(StoreError, match="cannot be taken back"):
        take_back(staged)


def test_discarding_removes_the_directories_made_for_it(store: StorePaths) -> None:
    (store.database_dir).mkdir(parents=True)
    (store.root / "was-there").mkdir()
    for place in (store.root / "was-there", store.root / "new" / "newer"):
        discard(new_stage(place / f"kelp-1-{KELP}"))
    assert everything_below(store.root) == [".spack-db", "was-there"]


def test_discarding_leaves_directories_that_others_use(store: StorePaths) -> None:
    store.database_dir.mkdir(parents=True)
    first = new_stage(store.root / "arch" / f"kelp-1-{KELP}")
    second = new_stage(store.root / "arch" / f"libtide-1-{LIBTIDE}")
    discard(first)
    assert os.listdir(store.root / "arch") == [second.name]
    discard(second)
    # The second had nothing to create, and takes along what was created for the first.
    assert everything_below(store.root) == [".spack-db"]


def test_discarding_removes_read_only_directories(graph: SpecGraph) -> None:
    with ordinary_user() as place:
        store = StorePaths(place / "store")
        staged = stage_package(store, graph[KELP])
        for name, mode in (("a/b", 0o555), ("a", 0o000), (".", 0o500)):
            (staged.stage / name).mkdir(parents=True, exist_ok=True)
            (staged.stage / name).chmod(mode)
        discard(staged.stage)
        assert everything_below(store.root) == [".spack-db"]


def test_discarding_follows_no_link(store: StorePaths, tmp_path: Path) -> None:
    store.database_dir.mkdir(parents=True)
    (tmp_path / "precious").mkdir(mode=0o750)
    (tmp_path / "precious" / "file").touch()
    stage = new_stage(store.root / f"kelp-1-{KELP}")
    (stage / "link").symlink_to(tmp_path / "precious")
    discard(stage)
    assert (tmp_path / "precious" / "file").exists()
    assert (tmp_path / "precious").stat().st_mode & 0o7777 == 0o750


def test_a_store_that_cannot_be_written_has_no_stage(graph: SpecGraph) -> None:
    with ordinary_user() as place:
        store = StorePaths(place)
        store.database_dir.mkdir()
        place.chmod(0o555)
        try:
            with pytest.raises(StoreError, match="cannot be written: permission denied"):
                new_stage(store.prefix_of(graph[KELP]))
        finally:
            place.chmod(0o755)


def test_the_store_above_is_the_nearest(store: StorePaths) -> None:
    inner = StorePaths(store.root / "inner")
    store.database_dir.mkdir(parents=True)
    inner.database_dir.mkdir(parents=True)
    assert store_above(inner.root / "arch" / "prefix") == inner
    assert store_above(store.root / "arch" / "prefix") == store


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from store_helpers import KELP, golden_graph, stage_package
from core.store.locks import prefix_lock
from core.store.paths import StorePaths, store_above

paths, graph = StorePaths(Path(sys.argv[2])), golden_graph(Path(sys.argv[3]))
with prefix_lock(paths, KELP):
    stage_package(paths, graph[KELP])
    if sys.argv[4] == "wait":
        print("staged", flush=True)
        sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_staged_is_swept(store: StorePaths, golden: Path) -> None:
    arguments = [str(Path(__file__).parent), str(store.root), str(golden), "die"]
    subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    stages = list(store.root.glob("*/.spackbin-*"))
    assert len(stages) == 1
    assert sweep(store.root) == tuple(stages)
    assert everything_below(store.root) == [".spack-db", ".spack-db/prefix_lock"]
    assert sweep(store.root) == ()


def test_the_stage_of_a_living_process_is_not_swept(store: StorePaths, golden: Path) -> None:
    arguments = [str(Path(__file__).parent), str(store.root), str(golden), "wait"]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"staged\n"
        assert sweep(store.root) == ()
        process.kill()
        process.wait()
        assert len(sweep(store.root)) == 1


def test_the_stage_of_another_thread_is_not_swept(store: StorePaths, graph: SpecGraph) -> None:
    with prefix_lock(store, KELP):
        staged = stage_package(store, graph[KELP])
        assert sweep(store.root) == ()
        commit(staged)
    assert sweep(store.root) == ()
    assert staged.prefix.is_dir()


def test_stages_beside_prefixes_of_other_layouts_are_swept(
    store: StorePaths, graph: SpecGraph
) -> None:
    deep = store.root / "a" / "b" / "c" / f"kelp-1-{KELP}"
    store.database_dir.mkdir(parents=True)
    stage = new_stage(deep)
    make_tree(stage, graph[KELP])
    Database(store).register(graph[KELP], deep, graph, explicit=False)
    assert sweep(store.root) == (stage,)


def test_sweeping_no_store_does_nothing(tmp_path: Path) -> None:
    assert sweep(tmp_path / "store") == ()
    assert not (tmp_path / "store").exists()
