"""What a removal tells while it goes."""

import os

import pytest
from store_helpers import KELP, LIBTIDE, install, is_installed

from core.errors import StoreError
from core.events import (
    Event,
    LockAwaited,
    NodeRemoved,
    RemovalDecided,
    RemovalFinished,
    RemovalStarted,
    decode_event,
    encode_event,
)
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.removal import RemovalPlan
from core.planning.removal import plan_uninstall
from core.store.database import Database
from core.store.history import HistoryFile
from core.store.locks import prefix_lock
from core.store.paths import StorePaths
from core.store.removal import disk_usage, remove


def plan_of(store: StorePaths, *hashes: DagHash) -> RemovalPlan:
    records = Database(store).read().records
    return plan_uninstall(str(store.root), records, hashes, size_of=disk_usage)


def test_what_happens_is_told(store: StorePaths, graph: SpecGraph) -> None:
    for hash_ in (KELP, LIBTIDE):
        install(store, graph[hash_], graph)
    plan = plan_of(store, KELP, LIBTIDE)
    events: list[Event] = []

    def tell(event: Event) -> None:
        events.append(event)
        match event:
            case RemovalStarted():
                assert is_installed(store, KELP)
            case RemovalDecided():
                assert not is_installed(store, KELP)
                assert HistoryFile(store).read().operations
            case NodeRemoved():
                assert not list(store.root.glob(f"*/.spackbin-{event.node}*"))
            case _:
                pass

    remove(store, plan, tell=tell)
    assert [decode_event(encode_event(event)) for event in events] == events
    started, decided, first, second, finished = events
    assert isinstance(started, RemovalStarted)
    assert isinstance(decided, RemovalDecided)
    assert started.packages == tuple(item.package for item in plan.removed)
    gone = [event for event in (first, second) if isinstance(event, NodeRemoved)]
    assert [(event.node, event.prefix, event.left) for event in gone] == [
        (item.package.hash, item.package.prefix, "") for item in plan.removed
    ]
    assert isinstance(finished, RemovalFinished)
    assert (finished.number, finished.removed, finished.left) == (1, 2, 0)
    assert finished.seconds >= 0


def test_who_is_waited_for_is_told(store: StorePaths, graph: SpecGraph) -> None:
    install(store, graph[KELP], graph)
    plan = plan_of(store, KELP)
    events: list[Event] = []
    with (
        prefix_lock(store, KELP),
        pytest.raises(StoreError, match=f"in use by process {os.getpid()}"),
    ):
        remove(store, plan, timeout=1.2, tell=events.append)
    started, awaited = events
    assert isinstance(started, RemovalStarted)
    assert isinstance(awaited, LockAwaited)
    assert (awaited.node, awaited.lock, awaited.holder.pid) == (KELP, "prefix", os.getpid())
