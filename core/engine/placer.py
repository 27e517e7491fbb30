"""A process that unpacks and relocates one package after the other, as the engine tells it.

It lives as long as the run. It writes into stages that the engine made and holds the locks of; what
becomes of a stage afterwards is decided there. When the engine is no more it ends at once, so that
nobody writes into a stage that another run sweeps away. See docs/adr/0015.
"""

import os
import pickle
import queue
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NamedTuple, NoReturn

from core.archive.extract import Progress
from core.cancel import CancelToken
from core.engine.place import ExtractedTree, extract, relocate
from core.engine.process import close_all_but
from core.errors import SpackbinError
from core.model.artifact import StagedTree, VerifiedArtifact
from core.model.facts import BuildFacts
from core.model.ident import DagHash
from core.model.value import Value
from core.planning.survey import facts_of

INTERVAL = 0.1
"""Seconds between two answers that tell of progress."""
SWITCH = 0.0005
"""Seconds after which a thread of a worker may ask another one for Python's lock. With the usual
5 ms, those that inflate and write wait longer for it than they work."""

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG in linux/prctl.h


class Job(Value, frozen=True):
    """An order: unpack and relocate a package."""

    artifact: VerifiedArtifact
    """What to unpack."""
    stage: Path
    """Where to; an empty directory."""
    prefix: Path
    """Where it will be."""
    root: Path
    """Root of the install tree."""
    sbang: Path
    """The store's sbang."""
    prefixes: Mapping[DagHash, Path]
    """Prefixes of the installed dependencies."""
    threads: int
    """How many may work on it if it is large."""


class Cancel(Value, frozen=True):
    """An order: end what is being done, and do nothing from now on."""


class Progressed(NamedTuple):
    """An answer: how far it has come with the present step."""

    done: int
    """Entries done."""
    total: int
    """Entries that are known of."""


class Extracted(Value, frozen=True):
    """An answer: the first step is done."""

    facts: BuildFacts
    """What is to be remembered of the archive."""


class Relocated(Value, frozen=True):
    """An answer: all is done."""

    staged: StagedTree
    """What there is now."""


class Failed(Value, frozen=True):
    """An answer: it came to nothing."""

    error: Exception
    """Why."""


Order = Job | Cancel
Answer = Progressed | Extracted | Relocated | Failed


class Placing:
    """Unpacks and relocates in this process, one package at a time.

    Args:
        cancel: looked at between steps.
    """

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel
        self._job: Job | None = None
        self._extracted: ExtractedTree | None = None

    def extract(self, job: Job, progress: Progress) -> BuildFacts:
        """Unpack a package; `relocate` must follow. What is to be remembered of its archive.

        Raises:
            Refused, StoreError, Interrupted: as `core.engine.place.extract`.
        """
        tree = extract(
            job.artifact, job.stage, progress=progress, cancel=self._cancel, threads=job.threads
        )
        self._job, self._extracted = job, tree
        return facts_of(tree.build_info, None, tree.inventory)

    def relocate(self, progress: Progress) -> StagedTree:
        """The second half of what `extract` has begun.

        Raises:
            RelocationError, StoreError, Interrupted: as `core.engine.place.relocate`.
        """
        job, tree = self._job, self._extracted
        assert job
        assert tree
        self._job = self._extracted = None
        return relocate(
            tree,
            prefix=job.prefix,
            root=job.root,
            sbang=job.sbang,
            prefixes=job.prefixes,
            progress=progress,
            cancel=self._cancel,
            threads=job.threads,
        )


class _Worker:
    """The side of the worker: takes orders from a socket, and answers."""

    def __init__(self, connection: socket.socket) -> None:
        self._orders = connection.makefile("rb")
        self._answers: IO[bytes] = connection.makefile("wb")
        self._cancel = CancelToken()
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._told = 0.0
        self._reached = Progressed(0, 0)

    def work(self) -> NoReturn:
        """Do what is ordered, until the engine closes its end or is no more."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        while True:
            job = self._jobs.get()
            try:
                self._place(job)
            except SpackbinError as error:
                self._answer(Failed(error))
            except Exception as error:
                traceback.print_exc()
                # It may be of a kind that cannot be sent.
                self._answer(Failed(RuntimeError(f"{type(error).__name__}: {error}")))

    def _listen(self) -> None:
        try:
            while True:
                order: Order = pickle.load(self._orders)  # noqa: S301 - from the engine itself
                if isinstance(order, Cancel):
                    self._cancel.cancel()
                else:
                    self._jobs.put(order)
        finally:
            # The engine has gone. What is written after this would be in nobody's stage.
            os._exit(0)

    def _place(self, job: Job) -> None:
        placing = Placing(self._cancel)
        facts = placing.extract(job, self._progress)
        self._answer(self._reached)
        self._answer(Extracted(facts))
        staged = placing.relocate(self._progress)
        self._answer(self._reached)
        self._answer(Relocated(staged))

    def _progress(self, done: int, total: int) -> None:
        self._reached = Progressed(done, total)
        now = time.monotonic()
        if now - self._told >= INTERVAL:
            self._told = now
            self._answer(self._reached)

    def _answer(self, answer: Answer) -> None:
        pickle.dump(answer, self._answers, pickle.HIGHEST_PROTOCOL)
        self._answers.flush()


def become_placer(connection: socket.socket, parent: int) -> NoReturn:
    """Make a worker of this process, which was forked a moment ago. Does not return.

    Args:
        connection: its end of the socket to the engine.
        parent: process id of the engine.
    """
    try:
        # The lock of the run is on an open file, and the engine's ends of other sockets are some:
        # what we share with the engine we would keep alive when it is dead.
        close_all_but(connection.fileno())
        _end_with(parent)
        sys.setswitchinterval(SWITCH)
        # Who wants the run to end tells the engine, and that tells us.
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        _Worker(connection).work()
    finally:
        sys.stderr.flush()
        os._exit(1)


def _end_with(parent: int) -> None:
    """Have the kernel end this process with the engine, also in the midst of a call (Linux)."""
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def main() -> NoReturn:
    """Work in place of one that died: standard input is the socket, the argument the engine."""
    become_placer(socket.socket(fileno=os.dup(0)), int(sys.argv[1]))
