"""The engine process: carries out the request of one run directory and writes its journal.

Started by `core.session` as `python -m core.engine DIRECTORY`; it belongs to no terminal, asks
nothing, and ends by itself.
"""

import os
import platform
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from core.cancel import CancelToken
from core.engine.journal import REQUEST, JournalWriter, Run
from core.engine.recipe import Kitchen, fetch_node, place_node
from core.engine.reporter import Reporter
from core.engine.request import Fetch, Request, read_request
from core.engine.scheduler import Outcome, Scheduler
from core.errors import SpackbinError, StoreError
from core.events import CancelRequested, RunFinished, RunNode, RunStarted
from core.mirror.client import MirrorClient, open_mirror
from core.model.artifact import VerifiedArtifact
from core.model.graph import SpecGraph
from core.model.ident import DagHash, MirrorName
from core.store.database import Database
from core.store.paths import StorePaths, check_writable
from core.store.stage import sweep
from core.trust.pins import PinStore
from core.trust.policy import policy_of
from core.trust.verify import Verifier

POLL = 0.1
"""Seconds between two looks at whether somebody cancelled the run."""


class Engine:
    """One run, from its request to the last event."""

    def __init__(self, run: Run, request: Request, writer: JournalWriter) -> None:
        self.run = run
        self.request = request
        self.writer = writer
        self.reporter = Reporter(writer)
        self.cancel = CancelToken()
        self.ended = threading.Event()
        self.graph: SpecGraph = request.graph()
        self.fetches = {fetch.hash: fetch for fetch in request.fetches}
        self.statuses: dict[DagHash, int] = {}
        self.depends_on = self._dependencies()

    def work(self) -> int:
        """Carry out the request; returns the exit status for those who wait for it."""
        began = time.monotonic()
        self._announce()
        watcher = threading.Thread(target=self._watch, name="watch")
        watcher.start()
        try:
            outcomes = self._attempt()
        finally:
            # Whatever happened: an engine that waits for its own watcher would never end.
            self.ended.set()
            watcher.join()
        return self._conclude(outcomes, time.monotonic() - began)

    def _attempt(self) -> Mapping[DagHash, Outcome]:
        """Install what can be installed; what stops everything fails every node."""
        with ExitStack() as stack:
            try:
                return self._install(stack)
            except SpackbinError as error:
                for hash_ in self.fetches:
                    self._fail(hash_, error)
                return dict.fromkeys(self.fetches, Outcome.FAILED)

    def _dependencies(self) -> dict[DagHash, tuple[DagHash, ...]]:
        return {
            hash_: tuple(
                child.hash for child in self.graph.children(hash_) if child.hash in self.fetches
            )
            for hash_ in self.fetches
        }

    def _announce(self) -> None:
        nodes = tuple(
            RunNode(
                hash=hash_,
                name=self.graph[hash_].name,
                version=self.graph[hash_].version,
                size=fetch.archive_size or 0,
                depends_on=self.depends_on[hash_],
            )
            for hash_, fetch in self.fetches.items()
        )
        self.writer.append(
            RunStarted(
                time=time.time(),
                run=self.run.id,
                store=self.request.store,
                roots=self.request.roots,
                nodes=nodes,
                pid=os.getpid(),
                host=platform.node(),
            )
        )

    def _watch(self) -> None:
        while not self.ended.wait(POLL):
            if self.run.is_cancelled():
                self.writer.append(CancelRequested(time=time.time()))
                self.cancel.cancel()
                return

    def _install(self, stack: ExitStack) -> Mapping[DagHash, Outcome]:
        kitchen = self._kitchen(stack)
        scheduler: Scheduler[DagHash, VerifiedArtifact] = Scheduler(
            list(self.fetches),
            self.depends_on,
            fetch=lambda hash_: self._fetch(kitchen, self.fetches[hash_]),
            place=lambda hash_, artifact: self._place(kitchen, hash_, artifact),
            skip=self._skip,
            workers=self.request.jobs,
        )
        return scheduler.run()

    def _kitchen(self, stack: ExitStack) -> Kitchen:
        settings = self.request.settings()
        store = StorePaths(settings.store)
        check_writable(store.root)
        database = Database(store)
        database.read().check_writable()
        for swept in sweep(store.root):
            self.reporter.log(None, f"removed {swept}, left behind by a run that was killed")
        pins = PinStore(settings.config_dir / "pins.json")
        clients: dict[MirrorName, MirrorClient] = {}
        verifiers: dict[MirrorName, Verifier] = {}
        for mirror in self.request.mirrors:
            clients[mirror.name] = open_mirror(mirror)
            stack.callback(clients[mirror.name].close)
            policy = policy_of(mirror)
            if policy.announcement:
                self.reporter.log(None, policy.announcement)
            verifiers[mirror.name] = Verifier(
                mirror, pins.pins(mirror), policy, settings.state_dir / "keyrings"
            )
        return Kitchen(
            graph=self.graph,
            clients=clients,
            verifiers=verifiers,
            downloads=_downloads(settings.cache_dir, stack),
            store=store,
            database=database,
            explicit=frozenset(self.request.roots),
            reporter=self.reporter,
            cancel=self.cancel,
        )

    def _fetch(self, kitchen: Kitchen, fetch: Fetch) -> VerifiedArtifact | None:
        try:
            self.cancel.check()
            return fetch_node(kitchen, fetch)
        except Exception as error:
            self._fail(fetch.hash, error)
            return None

    def _place(self, kitchen: Kitchen, hash_: DagHash, artifact: VerifiedArtifact) -> bool:
        try:
            self.cancel.check()
            place_node(kitchen, artifact)
        except Exception as error:
            self._fail(hash_, error)
            return False
        return True

    def _fail(self, hash_: DagHash, error: Exception) -> None:
        if not isinstance(error, SpackbinError):
            traceback.print_exc()
            error = SpackbinError(
                f"spackbin itself failed: {type(error).__name__}: {error}",
                self.graph[hash_].label,
                f"Please report this with {self.run.directory}",
            )
        self.statuses[hash_] = error.exit_status
        self.reporter.failed(hash_, error)

    def _skip(self, hash_: DagHash, cause: DagHash) -> None:
        reason = f"it needs {self.graph[cause].label}, which was not installed"
        self.reporter.skipped(hash_, reason)

    def _conclude(self, outcomes: Mapping[DagHash, Outcome], seconds: float) -> int:
        ended = list(outcomes.values())
        wanted = [hash_ for hash_ in self.request.roots if hash_ in outcomes]
        status = self._status(all(outcomes[h] is Outcome.DONE for h in wanted), outcomes, wanted)
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


def _downloads(cache_dir: Path, stack: ExitStack) -> Path:
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix="downloads-", dir=cache_dir))
    except OSError as error:
        raise StoreError(
            f"Nothing can be downloaded: {error.strerror}",
            str(cache_dir),
            "Name another place with SPACKBIN_CACHE_DIR",
        ) from error
    stack.callback(shutil.rmtree, directory, ignore_errors=True)
    return directory


def main(directory: str) -> int:
    """Carry out the run in `directory`; returns its exit status."""
    # The terminal that started the run may go away; the run does not.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    run = Run(Path(directory))

    def stop(_signal: int, _frame: FrameType | None) -> None:
        run.cancel()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    writer = JournalWriter(run.directory)
    try:
        return Engine(run, read_request(run.directory / REQUEST), writer).work()
    except SpackbinError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the parent keeps it as engine.log
        return error.exit_status
    finally:
        writer.close()
