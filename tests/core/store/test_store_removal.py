"""Removing packages: all of them or none, and never half of one to be seen."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from store_helpers import (
    KELP,
    LIBTIDE,
    REEF,
    everything_below,
    install,
    is_installed,
    ordinary_user,
    packages,
    register,
)

from core.cancel import CancelToken
from core.errors import Interrupted, StoreError
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.removal import RemovalPlan
from core.planning.removal import plan_uninstall
from core.store.aside import put_back, set_aside
from core.store.database import Database
from core.store.history import HistoryFile
from core.store.locks import database_lock, prefix_lock
from core.store.paths import StorePaths
from core.store.removal import disk_usage, remove
from core.store.stage import sweep

ROOT = Path(__file__).parents[3]
OURS = [".spackbin", ".spackbin/history.jsonl"]


def plan_of(store: StorePaths, *hashes: DagHash, dependents: bool = False) -> RemovalPlan:
    records = Database(store).read().records
    return plan_uninstall(
        str(store.root), records, hashes, size_of=disk_usage, dependents=dependents
    )


def test_a_package_and_its_record_go(store: StorePaths, graph: SpecGraph) -> None:
    install(store, graph[KELP], graph, explicit=True)
    plan = plan_of(store, KELP)
    assert plan.bytes_freed > 0
    done = remove(store, plan)
    assert (done.number, done.left, done.problem) == (1, {}, "")
    assert [item.hash for item in done.removed] == [KELP]
    # What the system provides and a Spack would find as installed stays, as Spack leaves it.
    assert all(record.spec.external for record in Database(store).read().records.values())
    # Directories that are empty then go with it, as Spack does.
    assert [path for path in everything_below(store.root) if ".spack-db" not in path] == OURS
    (operation,) = HistoryFile(store).read().operations
    assert operation.kind == "uninstall"
    assert operation.removed[0].hash == KELP
    assert operation.removed[0].explicit
    assert operation.removed[0].prefix == str(store.prefix_of(graph[KELP]))


def test_a_neighbour_stays(store: StorePaths, graph: SpecGraph) -> None:
    install(store, graph[KELP], graph)
    install(store, graph[LIBTIDE], graph)
    remove(store, plan_of(store, KELP))
    assert packages(store) == [store.prefix_of(graph[LIBTIDE]).name]
    assert is_installed(store, LIBTIDE)


def test_read_only_packages_are_removed_too(graph: SpecGraph) -> None:
    with ordinary_user() as place:
        store = StorePaths(place / "store")
        prefix = Path(install(store, graph[KELP], graph).prefix or "")
        for path in (prefix / "bin", prefix):
            path.chmod(0o555)
        remove(store, plan_of(store, KELP))
        assert packages(store) == []


def test_what_cannot_be_moved_leaves_everything_as_it_was(graph: SpecGraph) -> None:
    with ordinary_user() as place:
        store = StorePaths(place / "store")
        kelp = install(store, graph[KELP], graph)
        install(store, graph[LIBTIDE], graph)
        before = everything_below(store.root)
        above = Path(kelp.prefix or "").parent
        above.chmod(0o555)
        with pytest.raises(StoreError, match="cannot be removed: permission denied"):
            remove(store, plan_of(store, KELP, LIBTIDE))
        above.chmod(0o755)
        added = set(everything_below(store.root)) - set(before)
        assert added <= {".spackbin", ".spack-db/prefix_lock"}
        assert is_installed(store, KELP)
        assert is_installed(store, LIBTIDE)


def test_an_external_is_only_forgotten(store: StorePaths, graph: SpecGraph, tmp_path: Path) -> None:
    install(store, graph[KELP], graph)
    (glibc,) = (s.hash for s in graph.nodes.values() if s.name == "glibc" and s.external)
    register(store, graph, glibc)
    done = remove(store, plan_of(store, glibc))
    assert done.number == 1
    assert not is_installed(store, glibc)
    assert Path("/usr").is_dir()


def test_a_package_whose_prefix_is_gone_is_forgotten(store: StorePaths, graph: SpecGraph) -> None:
    register(store, graph, KELP)
    assert remove(store, plan_of(store, KELP)).number == 1
    assert not is_installed(store, KELP)


def test_a_deprecated_package_is_a_link(store: StorePaths, graph: SpecGraph) -> None:
    install(store, graph[KELP], graph)
    libtide = install(store, graph[LIBTIDE], graph)
    link, target = store.prefix_of(graph[KELP]), Path(libtide.prefix or "")
    for path in sorted(link.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    link.rmdir()
    link.symlink_to(target)
    note = target / ".spack" / "deprecated" / f"{KELP}_spec.json"
    note.parent.mkdir()
    note.write_text("{}")
    document = json.loads(store.database.read_text())
    document["database"]["installs"][KELP].update(installed=False, deprecated_for=LIBTIDE)
    store.database.write_text(json.dumps(document))
    assert [item.package.hash for item in plan_of(store, LIBTIDE).kept] == [LIBTIDE]
    remove(store, plan_of(store, KELP))
    assert not os.path.lexists(link)
    assert not note.exists()
    assert (target / "bin" / "hello").exists()
    remove(store, plan_of(store, LIBTIDE))
    assert packages(store) == []


@pytest.mark.parametrize("place", ["/usr/share", "{root}", "{root}/.spack-db", "{root}/../x"])
def test_a_place_that_is_none_is_left_alone(
    store: StorePaths, graph: SpecGraph, place: str
) -> None:
    register(store, graph, KELP)
    document = json.loads(store.database.read_text())
    document["database"]["installs"][KELP]["path"] = place.format(root=store.root)
    store.database.write_text(json.dumps(document))
    (store.root / ".." / "x").mkdir()
    with pytest.raises(StoreError, match="as the place of a package"):
        remove(store, plan_of(store, KELP))
    assert is_installed(store, KELP)
    assert store.database.exists()


def test_what_was_installed_meanwhile_is_not_left_without_what_it_needs(
    store: StorePaths, graph: SpecGraph
) -> None:
    install(store, graph[KELP], graph)
    plan = plan_of(store, KELP)
    install(store, graph[REEF], graph)
    with pytest.raises(StoreError, match="reef/pgxfx3b was installed meanwhile"):
        remove(store, plan)
    assert store.prefix_of(graph[KELP]).is_dir()
    assert HistoryFile(store).read().operations == ()


def test_what_was_removed_meanwhile_is_said(store: StorePaths, graph: SpecGraph) -> None:
    install(store, graph[KELP], graph)
    plan = plan_of(store, KELP)
    remove(store, plan)
    with pytest.raises(StoreError, match="removed meanwhile"):
        remove(store, plan)
    assert len(HistoryFile(store).read().operations) == 1


LOCKER = """
import sys
from pathlib import Path
from core.model.ident import DagHash
from core.store.locks import prefix_lock
from core.store.paths import StorePaths

with prefix_lock(StorePaths(Path(sys.argv[1])), DagHash(sys.argv[2]), write=False):
    print("ready", flush=True)
    sys.stdin.readline()
"""


def test_what_a_running_install_needs_is_in_use(store: StorePaths, graph: SpecGraph) -> None:
    install(store, graph[KELP], graph)
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(store.root), KELP],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as installer:
        assert installer.stdout
        assert installer.stdout.readline() == b"ready\n"
        with pytest.raises(StoreError, match=f"in use by process {installer.pid}"):
            remove(store, plan_of(store, KELP), timeout=0)
        assert store.prefix_of(graph[KELP]).is_dir()
        installer.communicate(b"\n")
    assert remove(store, plan_of(store, KELP)).number == 1


def test_waiting_can_be_cancelled(store: StorePaths, graph: SpecGraph) -> None:
    install(store, graph[KELP], graph)
    cancel = CancelToken()
    cancel.cancel()
    with prefix_lock(store, KELP), pytest.raises(Interrupted):
        remove(store, plan_of(store, KELP), cancel=cancel)
    assert is_installed(store, KELP)


def test_a_busy_database_leaves_everything_as_it_was(store: StorePaths, graph: SpecGraph) -> None:
    install(store, graph[KELP], graph)
    plan, cancel = plan_of(store, KELP), CancelToken()
    with database_lock(store, write=True):
        cancel.cancel()
        with pytest.raises(Interrupted):
            remove(store, plan, cancel=cancel)
    assert packages(store) == [store.prefix_of(graph[KELP]).name]
    assert everything_below(store.root / ".spackbin") == []


def test_what_was_set_aside_goes_back_by_the_next_sweep(
    store: StorePaths, graph: SpecGraph
) -> None:
    record = install(store, graph[KELP], graph)
    aside = set_aside(store, record)
    assert aside is not None
    assert aside.parent == store.prefix_of(graph[KELP]).parent
    assert packages(store) == [aside.name]
    assert sweep(store.root) == ()
    assert packages(store) == [store.prefix_of(graph[KELP]).name]


def test_what_was_set_aside_and_installed_anew_is_deleted(
    store: StorePaths, graph: SpecGraph
) -> None:
    record = install(store, graph[KELP], graph)
    aside = set_aside(store, record)
    assert aside is not None
    prefix = store.prefix_of(graph[KELP])
    prefix.mkdir()
    assert sweep(store.root) == (aside,)
    assert prefix.is_dir()


def test_what_is_set_aside_by_somebody_alive_stays_there(
    store: StorePaths, graph: SpecGraph
) -> None:
    record = install(store, graph[KELP], graph)
    with prefix_lock(store, KELP):
        aside = set_aside(store, record)
        assert aside is not None
        assert sweep(store.root) == ()
        assert aside.is_dir()
        put_back(aside, store.prefix_of(graph[KELP]))
    assert is_installed(store, KELP)


def test_hard_links_take_room_once(store: StorePaths, graph: SpecGraph) -> None:
    record = install(store, graph[KELP], graph)
    prefix = Path(record.prefix or "")
    (prefix / "big").write_bytes(b"x" * 100_000)
    before = disk_usage(record)
    (prefix / "again").hardlink_to(prefix / "big")
    assert 100_000 <= disk_usage(record) == before


def test_a_store_may_be_called_by_another_name_than_when_it_was_filled(
    store: StorePaths, graph: SpecGraph, tmp_path: Path
) -> None:
    install(store, graph[KELP], graph, explicit=True)
    (tmp_path / "other-name").symlink_to(store.root)
    other = StorePaths(tmp_path / "other-name")
    state = Database(other).read()
    prefix = store.prefix_of(graph[KELP])
    assert state.installed_at(other.prefix_of(graph[KELP])) == state.records[KELP]
    assert state.installed_at(prefix.with_name(f"x{prefix.name}")) is None
    assert remove(other, plan_of(other, KELP)).left == {}
    assert packages(store) == []
