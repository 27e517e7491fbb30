"""Finishes or removes what runs that died have left in the store.

A run reports in its journal that it registers a package before it renames the package to its
place, and that the package is installed after the record is written. What the journal of a run
without an engine leaves between the two is held against what is on disk. See docs/adr/0009.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from core.cancel import CancelToken
from core.engine.journal import REQUEST, JournalWriter, Run, runs
from core.engine.reporter import Reporter
from core.engine.request import Request, read_request
from core.errors import StoreError
from core.events import Event, NodeFinished, PhaseStarted
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.settings import Settings
from core.store.database import Database, Installation
from core.store.locks import try_prefix_lock
from core.store.records import DatabaseState
from core.store.stage import remove_unregistered
from core.store.verify import changes


def recover(
    settings: Settings, database: Database, cancel: CancelToken, current: str = ""
) -> Iterator[str]:
    """Settle what dead runs of this user have left in the store; what was done, as sentences.

    A prefix that is as its manifest says, and whose dependencies are installed, is registered;
    another is removed. What somebody else has locked is left alone.

    Args:
        settings: where the runs are kept.
        database: that of the store.
        cancel: ends the work early.
        current: id of the run on whose behalf this is done; it is alive.

    Raises:
        StoreError: the store cannot be read or written.
        Interrupted: `cancel` was set.
    """
    for run in reversed(runs(settings)):
        if run.id == current or run.is_settled() or run.is_alive():
            continue
        events = run.history()
        owed = _owed(events)
        if owed:
            yield from _settled(run, owed, database, cancel)
        elif events:
            _settle(run)


def _settled(
    run: Run, owed: frozenset[DagHash], database: Database, cancel: CancelToken
) -> Iterator[str]:
    try:
        request = read_request(run.directory / REQUEST)
    except StoreError:
        # Of another version of spackbin: what it left is removed when it is installed again.
        return
    yield from _Recovery(run, request, database, cancel).settle(owed)


class _Recovery:
    """One dead run."""

    def __init__(self, run: Run, request: Request, database: Database, cancel: CancelToken) -> None:
        self._run = run
        self._graph: SpecGraph = request.graph()
        self._explicit = frozenset(request.roots)
        self._order = [fetch.hash for fetch in request.fetches]
        self._database = database
        self._cancel = cancel

    def settle(self, owed: frozenset[DagHash]) -> Iterator[str]:
        """Register or remove what the run owes; dependencies first."""
        with ExitStack() as locks:
            mine, is_all = self._lockable(owed, locks)
            state = self._database.read()
            store = state.placing(self._database.paths)
            complete: dict[DagHash, Path] = {}
            for hash_ in mine:
                prefix = store.prefix_of(self._graph[hash_])
                is_known = hash_ in state.records and state.records[hash_].installed
                if is_known or not prefix.is_dir() or prefix.is_symlink():
                    continue
                if self._is_complete(hash_, prefix, state, complete):
                    complete[hash_] = prefix
                else:
                    remove_unregistered(prefix)
                    yield f"removed {prefix}, which run {self._run.id} had not finished"
            self._register(complete)
            for prefix in complete.values():
                yield f"registered {prefix}, which run {self._run.id} had put there when it died"
        if is_all:
            _settle(self._run)

    def _lockable(
        self, owed: frozenset[DagHash], locks: ExitStack
    ) -> tuple[Sequence[DagHash], bool]:
        """Those that nobody works on, dependencies first, and whether that is all."""
        mine = [
            hash_
            for hash_ in self._order
            if hash_ in owed and locks.enter_context(try_prefix_lock(self._database.paths, hash_))
        ]
        return mine, len(mine) == len(owed)

    def _is_complete(
        self, hash_: DagHash, prefix: Path, state: DatabaseState, complete: dict[DagHash, Path]
    ) -> bool:
        for child in self._graph.children(hash_):
            record = state.records.get(child.hash)
            is_there = record is not None and record.installed
            if not (is_there or child.external or child.hash in complete):
                return False
        return not changes(prefix, self._cancel)

    def _register(self, complete: dict[DagHash, Path]) -> None:
        if not complete:
            return
        self._database.register_many(
            [
                Installation(self._graph[hash_], prefix, hash_ in self._explicit)
                for hash_, prefix in complete.items()
            ],
            self._graph,
            cancel=self._cancel,
        )
        with suppress(OSError, StoreError):
            writer = JournalWriter(self._run.directory)
            try:
                for hash_, prefix in complete.items():
                    Reporter(writer).finished(hash_, str(prefix))
            finally:
                writer.close()


def _owed(events: Iterable[Event]) -> frozenset[DagHash]:
    """What a run may have put in place without saying that it is installed."""
    owed: set[DagHash] = set()
    for event in events:
        if isinstance(event, PhaseStarted) and event.phase == "register":
            owed.add(event.node)
        elif isinstance(event, NodeFinished):
            owed.discard(event.node)
    return frozenset(owed)


def _settle(run: Run) -> None:
    with suppress(OSError):
        run.settle()
