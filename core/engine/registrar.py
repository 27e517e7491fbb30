"""Enters what the run has put in place into the database, many packages in one write.

The database of a large store is a large file, and each write replaces it as a whole. So the
records of what was put in place within a short time are written together; the longer a write
takes, the more are collected. Packages are handed over dependencies first, therefore no write has
a package whose dependencies are in a later one. See docs/adr/0009.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from core.cancel import CancelToken
from core.engine.holdings import Holdings
from core.engine.reporter import Reporter
from core.errors import SpackbinError, StoreError
from core.model.artifact import StagedTree
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.value import Value
from core.store.database import Database, Installation
from core.store.disk import sync_directory
from core.store.stage import discard, take_back

SHORTEST = 0.25
"""Seconds for which packages are collected at least, unless the run has nothing else to do."""
LONGEST = 5.0
"""Seconds for which a package waits to be registered at most, the write itself not counted."""
SHARE = 10
"""A write that took a second is followed by so many seconds of collecting."""


class _InPlace(Value, frozen=True):
    """A prefix that is complete and not registered yet."""

    tree: StagedTree
    """What it is."""
    since: float
    """When it was handed over, on the monotonic clock."""


class Registrar:
    """A thread that registers. The prefix lock of what it was given is held until then.

    Args:
        database: where to register.
        graph: where the dependencies are found.
        needs: for each package of the run, those among them that it needs.
        explicit: what the user asked for by name.
        holdings: the locks of the run.
        reporter: where to tell what happens.
        cancel: ends the waiting for the database.
        failed: told of a package that could not be registered, and is gone again.
        skipped: told of one that is gone again because another one that it needs is.
    """

    def __init__(
        self,
        database: Database,
        graph: SpecGraph,
        needs: Mapping[DagHash, Sequence[DagHash]],
        explicit: frozenset[DagHash],
        *,
        holdings: Holdings,
        reporter: Reporter,
        cancel: CancelToken,
        failed: Callable[[DagHash, Exception], None],
        skipped: Callable[[DagHash, DagHash], None],
    ) -> None:
        self._database = database
        self._graph = graph
        self._needs = needs
        self._explicit = explicit
        self._holdings = holdings
        self._reporter = reporter
        self._cancel = cancel
        self._failed = failed
        self._skipped = skipped
        self._waiting: list[_InPlace] = []
        self._lost: set[DagHash] = set()
        self._left: set[DagHash] = set()
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        self._hurry = threading.Event()
        self._pause = SHORTEST
        self._thread = threading.Thread(target=self._work, name="register")
        self._thread.start()

    def register(self, tree: StagedTree) -> None:
        """Have a complete prefix registered soon; it was renamed to its place a moment ago."""
        with self._arrived:
            self._waiting.append(_InPlace(tree, time.monotonic()))
            self._arrived.notify()

    def hurry(self) -> None:
        """Have what waits registered now: somebody needs it to be."""
        self._hurry.set()

    def is_lost(self, hash_: DagHash) -> bool:
        """True if it was in place, could not be registered, and was taken back."""
        return hash_ in self._lost

    @property
    def has_left_overs(self) -> bool:
        """True if something could neither be registered nor taken back."""
        return bool(self._left)

    def close(self) -> None:
        """Register what waits, without collecting any longer, and end."""
        with self._arrived:
            self._closing.set()
            self._hurry.set()
            self._arrived.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._arrived:
                self._arrived.wait_for(lambda: self._waiting or self._closing.is_set())
                if not self._waiting:
                    return
            self._hurry.wait(self._pause)
            with self._arrived:
                if not self._closing.is_set():
                    self._hurry.clear()
                batch, self._waiting = self._waiting, []
            began = time.monotonic()
            self._write(batch)
            self._pause = min(LONGEST, max(SHORTEST, SHARE * (time.monotonic() - began)))

    def _write(self, batch: list[_InPlace]) -> None:
        hopeful = [item for item in batch if self._has_all_it_needs(item)]
        if not hopeful:
            return
        # What is registered stays in its place, whatever happens.
        for directory in {item.tree.prefix.parent for item in hopeful}:
            sync_directory(directory)
        try:
            self._database.register_many(
                [self._installation(item) for item in hopeful], self._graph, cancel=self._cancel
            )
        except Exception as error:
            may_be_one_of_them = isinstance(error, StoreError) and not error.retry
            if may_be_one_of_them and len(hopeful) > 1:
                for item in hopeful:
                    self._write([item])
                return
            for item in reversed(hopeful):
                self._undo(item)
                # Whoever cannot hear of it keeps no other from being taken back.
                with contextlib.suppress(SpackbinError):
                    self._failed(item.tree.spec.hash, error)
            return
        for item in hopeful:
            self._conclude(item)

    def _installation(self, item: _InPlace) -> Installation:
        spec = item.tree.spec
        return Installation(spec, item.tree.prefix, spec.hash in self._explicit)

    def _has_all_it_needs(self, item: _InPlace) -> bool:
        hash_ = item.tree.spec.hash
        cause = next((need for need in self._needs.get(hash_, ()) if need in self._lost), None)
        if cause is None:
            return True
        self._undo(item)
        with contextlib.suppress(SpackbinError):
            self._skipped(hash_, cause)
        return False

    def _conclude(self, item: _InPlace) -> None:
        hash_ = item.tree.spec.hash
        self._holdings.made(hash_)
        # The record is written: a journal that cannot be is a trouble of the next event's writer.
        with contextlib.suppress(SpackbinError):
            self._reporter.phase_finished(hash_, "register", time.monotonic() - item.since)
            self._reporter.finished(hash_, str(item.tree.prefix))

    def _undo(self, item: _InPlace) -> None:
        hash_ = item.tree.spec.hash
        self._lost.add(hash_)
        try:
            take_back(item.tree)
            discard(item.tree.stage)
        except SpackbinError as error:
            self._left.add(hash_)
            with contextlib.suppress(SpackbinError):
                self._reporter.log(hash_, f"{error} The next install tidies up.")
        self._holdings.drop(hash_)
