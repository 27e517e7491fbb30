"""The engine process: carries out the request of one run directory and writes its journal.

Started by `core.session` as `python -m core.engine`, see there; it belongs to no terminal, asks
nothing, and ends by itself.
"""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

from core.blobs.cache import BlobCache
from core.cancel import CancelToken
from core.engine.atwork import at_work
from core.engine.flushes import SharedFlush
from core.engine.history import record_run
from core.engine.holdings import Holdings
from core.engine.journal import LOCK, REQUEST, JournalWriter, Run
from core.engine.liveness import BEAT, beat, rest
from core.engine.oldruns import remove_old
from core.engine.place import flush
from core.engine.placers import Placers
from core.engine.recipe import Awaited, Fetched, Kitchen, fetch_node, place_node
from core.engine.registrar import Registrar
from core.engine.reporter import Reporter
from core.engine.request import Fetch, Request, read_request
from core.engine.scheduler import Outcome, Scheduler
from core.engine.sources import Sources
from core.engine.tidy import tidy
from core.engine.waits import Waits
from core.errors import Interrupted, SpackbinError
from core.events import CancelRequested, RunFinished, RunNode, RunPaused, RunResumed, RunStarted
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.structs import prepare_structs
from core.settings import Settings
from core.store.database import Database
from core.store.known_builds import KnownBuilds
from core.store.paths import StorePaths, check_writable
from core.trust.pins import PinStore

POLL = 0.1
"""Seconds between two looks at whether somebody cancelled the run."""
MUCH = 2**21
"""Bytes to unpack from which on worker processes are worth their start."""
EACH = 2**16
"""What a package takes beside its bytes, as if it were so many more."""


class Engine:
    """One run, from its request to the last event."""

    def __init__(self, run: Run, request: Request, writer: JournalWriter) -> None:
        self.run = run
        self.request = request
        self.writer = writer
        self.reporter = Reporter(writer)
        self.cancel = CancelToken()
        self.is_paused = False
        self.ended = threading.Event()
        self.graph: SpecGraph = request.graph()
        self.fetches = {fetch.hash: fetch for fetch in request.fetches}
        self.sizes = {fetch.hash: fetch.archive_size or 0 for fetch in request.fetches}
        self.nodes = request.order(self.graph)
        self.statuses: dict[DagHash, int] = {}
        self.depends_on = request.dependencies(self.graph)

    def work(self) -> int:
        """Carry out the request; returns the exit status for those who wait for it."""
        began = time.monotonic()
        self._announce()
        jobs = self.request.settings().workers
        # Forked before there are threads.
        count = min(jobs, len(self.fetches)) if self._is_much() else 0
        with Placers(count, jobs, self.cancel) as placers:
            # In a queue it may have been cancelled or paused before it began.
            self._heed_cancel(placers)
            self._heed_pause()
            watcher = threading.Thread(target=self._watch, args=[placers], name="watch")
            watcher.start()
            try:
                outcomes = self._attempt(placers)
            finally:
                # Whatever happened: an engine that waits for its own watcher would never end.
                self.ended.set()
                watcher.join()
        return self._conclude(outcomes, time.monotonic() - began)

    def _is_much(self) -> bool:
        return sum(self.sizes.values()) + EACH * len(self.fetches) >= MUCH

    def _attempt(self, placers: Placers) -> Mapping[DagHash, Outcome]:
        """Install what can be installed; what stops everything fails every node."""
        with ExitStack() as stack:
            try:
                return self._install(stack, placers)
            except SpackbinError as error:
                for hash_ in self.nodes:
                    self._fail(hash_, error)
                return dict.fromkeys(self.nodes, Outcome.FAILED)

    def _announce(self) -> None:
        nodes = tuple(
            RunNode(
                hash=hash_,
                name=self.graph[hash_].name,
                version=self.graph[hash_].version,
                size=self.sizes.get(hash_, 0),
                depends_on=self.depends_on[hash_],
                from_source=hash_ not in self.fetches,
            )
            for hash_ in self.nodes
        )
        self.writer.append(
            RunStarted(
                time=time.time(),
                run=self.run.id,
                store=self.request.store,
                roots=self.request.roots,
                nodes=nodes,
                pid=os.getpid(),
                host=os.uname().nodename,
            )
        )

    def _watch(self, placers: Placers) -> None:
        beaten = time.monotonic()
        while not self.ended.wait(POLL):
            if time.monotonic() - beaten > BEAT:
                beaten = time.monotonic()
                beat(self.run.directory / LOCK)
            self._heed_cancel(placers)
            self._heed_pause()

    def _heed_cancel(self, placers: Placers) -> None:
        if self.run.is_cancelled() and not self.cancel.is_cancelled:
            try:
                self.writer.append(CancelRequested(time=time.time()))
            finally:
                self.cancel.cancel()
                placers.cancel()

    def _heed_pause(self) -> None:
        is_paused = self.run.is_paused()
        if is_paused != self.is_paused:
            self.is_paused = is_paused
            kind = RunPaused if is_paused else RunResumed
            # Who cannot write is told so by the next one who must.
            with suppress(SpackbinError):
                self.writer.append(kind(time=time.time()))

    def _install(self, stack: ExitStack, placers: Placers) -> Mapping[DagHash, Outcome]:
        kitchen = self._kitchen(stack, placers)
        scheduler: Scheduler[DagHash, Fetched] = Scheduler(
            self.nodes,
            self.depends_on,
            fetch=lambda hash_: self._fetch(kitchen, self.fetches[hash_]),
            place=lambda hash_, fetched: self._place(kitchen, hash_, fetched),
            skip=lambda hash_, cause: self._leave(kitchen, hash_, cause),
            workers=self.request.jobs,
            sizes=self.sizes,
            cancel=self.cancel,
            is_paused=lambda: self.is_paused,
            abandon=self._abandon,
            is_light=lambda fetched: isinstance(fetched, Awaited),
            elsewhere=self.request.builds,
        )
        self.revoke = scheduler.revoke
        with self._building(kitchen, scheduler):
            scheduler.run()
        kitchen.registrar.close()
        if not kitchen.registrar.has_left_overs:
            self.run.settle()
        self._mark_roots(kitchen)
        return scheduler.outcomes()

    @contextmanager
    def _building(
        self, kitchen: Kitchen, scheduler: "Scheduler[DagHash, Fetched]"
    ) -> Generator[None]:
        """Has Spack build meanwhile what no mirror has."""
        if not self.request.builds:
            yield
            return
        from core.engine.builds import Builds
        from core.engine.buildsite import Site

        site = Site(
            run=self.run,
            request=self.request,
            graph=self.graph,
            depends_on=self.depends_on,
            database=kitchen.database,
            registrar=kitchen.registrar,
            holdings=kitchen.holdings,
            waits=kitchen.waits,
            reporter=self.reporter,
            cancel=self.cancel,
            is_paused=lambda: self.is_paused,
            outcome=scheduler.outcome,
            ended=scheduler.tell,
            failed=self._fail,
            skipped=self._skip,
        )
        builder = threading.Thread(target=Builds(site).work, name="build")
        builder.start()
        try:
            yield
        finally:
            builder.join()

    def _kitchen(self, stack: ExitStack, placers: Placers) -> Kitchen:
        settings = self.request.settings()
        store = StorePaths(settings.store)
        check_writable(store.root)
        database = Database(store, self.reporter.listener(None, "database"))
        state = database.read()
        state.check_writable(self.graph[hash_] for hash_ in self.fetches)
        store = state.placing(store)
        stack.enter_context(at_work(store, self.run.id, self.nodes))
        for line in tidy(settings, database, self.cancel, self.run.id):
            self.reporter.log(None, line)
        pins = PinStore(settings.config_dir / "pins.json")
        blobs = self._blobs(settings, stack)
        sources = Sources(self.request.mirrors, pins, settings, self.reporter, blobs)
        stack.callback(sources.close)
        holdings = Holdings(store)
        stack.callback(holdings.close)
        registrar = Registrar(
            database,
            self.graph,
            self.depends_on,
            frozenset(self.request.roots),
            holdings=holdings,
            reporter=self.reporter,
            cancel=self.cancel,
            failed=self._lose,
            skipped=self._lose_with,
        )
        stack.callback(registrar.close)
        return Kitchen(
            graph=self.graph,
            sources=sources,
            blobs=blobs,
            store=store,
            database=database,
            holdings=holdings,
            waits=Waits(holdings, store, self.reporter, settings.lock_timeout),
            registrar=registrar,
            placers=placers,
            journal=self.run.directory,
            flush=SharedFlush(flush),
            builds=KnownBuilds(settings.cache_dir),
            made={},
            reporter=self.reporter,
            cancel=self.cancel,
        )

    def _blobs(self, settings: Settings, stack: ExitStack) -> BlobCache:
        """The blob cache, which has its size again when the run is over."""
        blobs = BlobCache(
            settings.cache_dir,
            settings.shared_caches,
            limit=settings.cache_size,
            say=lambda text: self.reporter.log(None, text),
        )
        stack.callback(blobs.keep_within)
        stack.callback(blobs.close)
        return blobs

    def _fetch(self, kitchen: Kitchen, fetch: Fetch) -> Fetched | None:
        try:
            self.cancel.check()
            return fetch_node(kitchen, fetch)
        except Exception as error:
            self._fail(fetch.hash, error)
            return None

    def _place(self, kitchen: Kitchen, hash_: DagHash, fetched: Fetched) -> bool | None:
        try:
            self.cancel.check()
            return place_node(kitchen, fetched) or None
        except Exception as error:
            self._fail(hash_, error)
            return False

    def _leave(self, kitchen: Kitchen, hash_: DagHash, cause: DagHash | None) -> None:
        """It is not tried: others may."""
        kitchen.holdings.drop(hash_)
        self._skip(hash_, cause)

    def _mark_roots(self, kitchen: Kitchen) -> None:
        """What the user asked for by name counts so, whoever installed it and when."""
        if self.cancel.is_cancelled:
            return
        try:
            for record in kitchen.database.mark_explicit(self.request.roots, cancel=self.cancel):
                self.reporter.marked(record)
        except SpackbinError as error:
            self.reporter.log(None, f"What was asked for by name is not noted so. {error}")

    def _abandon(self, hash_: DagHash) -> None:
        """A fetch that does not end by itself, as that from a silent server; its thread stays."""
        self._fail(hash_, Interrupted("Cancelled"))

    def _lose(self, hash_: DagHash, error: Exception) -> None:
        self.revoke(hash_)
        self._fail(hash_, error)

    def _lose_with(self, hash_: DagHash, cause: DagHash) -> None:
        self.revoke(hash_, Outcome.SKIPPED)
        self._skip(hash_, cause)

    def _fail(self, hash_: DagHash, error: Exception, log: str = "", is_left: bool = False) -> None:
        if not isinstance(error, SpackbinError):
            traceback.print_exc()
            error = SpackbinError(
                f"spackbin itself failed: {type(error).__name__}: {error}",
                self.graph[hash_].label,
                f"Please report this with {self.run.directory}",
            )
        self.statuses[hash_] = error.exit_status
        self.reporter.failed(hash_, error, log, is_left=is_left)

    def _skip(self, hash_: DagHash, cause: DagHash | None) -> None:
        reason = "the run was cancelled"
        if cause is not None:
            reason = f"it needs {self.graph[cause].label}, which was not installed"
        self.reporter.skipped(hash_, reason)

    def _conclude(self, outcomes: Mapping[DagHash, Outcome], seconds: float) -> int:
        ended = list(outcomes.values())
        wanted = [hash_ for hash_ in self.request.roots if hash_ in outcomes]
        status = self._status(all(outcomes[h] is Outcome.DONE for h in wanted), outcomes, wanted)
        try:
            # Before the last event: who waited for that finds the run in the history.
            # A build that was left to itself belongs to it, too: then it is too early.
            paths = StorePaths(Path(self.request.store))
            record_run(self.run, paths, status, is_building=lambda _run, _hashes: True)
        except SpackbinError as error:
            self.reporter.log(None, f"The run is not in the history yet. {error}")
        self.writer.append(
            RunFinished(
                time=time.time(),
                installed=ended.count(Outcome.DONE),
                failed=ended.count(Outcome.FAILED),
                skipped=ended.count(Outcome.SKIPPED),
                seconds=seconds,
                exit_status=status,
            )
        )
        return status

    def _status(
        self, is_done: bool, outcomes: Mapping[DagHash, Outcome], wanted: list[DagHash]
    ) -> int:
        if is_done:
            return 0
        if self.run.is_cancelled():
            return 130
        if any(outcomes[hash_] is Outcome.DONE for hash_ in wanted):
            return 5
        return max(self.statuses.values(), default=1)


def main(directory: str) -> int:
    """Carry out the run in `directory`; returns its exit status.

    Threads may be left that wait for a silent server: the process is to end without them.
    """
    # The terminal that started the run may go away; the run does not.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    run = Run(Path(directory))

    def stop(_signal: int, _frame: FrameType | None) -> None:
        run.cancel()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    prepare_structs()
    writer = JournalWriter(run.directory)
    try:
        request = read_request(run.directory / REQUEST)
        status = Engine(run, request, writer).work()
    except SpackbinError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the parent keeps it as engine.log
        return error.exit_status
    finally:
        writer.close()
        rest(run.directory / LOCK)
    # Nobody waits for us any more.
    with suppress(OSError):
        remove_old(request.settings())
    return status
