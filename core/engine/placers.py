"""The worker processes of a run, as the engine sees them.

They are forked while the engine has one thread, and live as long as the run: to start a Python for
each package would take longer than most packages do. See docs/adr/0015.
"""

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from core.archive.extract import Progress
from core.cancel import CancelToken
from core.engine.placer import (
    Answer,
    Cancel,
    Extracted,
    Failed,
    Job,
    Order,
    Placing,
    Progressed,
    Relocated,
    become_placer,
)
from core.errors import StoreError
from core.model.artifact import StagedTree
from core.model.facts import BuildFacts

_WORK = "from core.engine.placer import main; main()"
_PACKAGES = Path(__file__).parents[2]
_LOST = (EOFError, OSError, pickle.UnpicklingError)


class Placer:
    """One worker process. Used by one thread at a time, but for `cancel`.

    Args:
        connection: the engine's end of the socket.
        pid: its process id.
        wait: waits for its end; the exit status, negative for a signal.
    """

    def __init__(self, connection: socket.socket, pid: int, wait: Callable[[], int]) -> None:
        self.pid = pid
        """Its process id."""
        self.is_busy = False
        """True if it has an order that is not answered to the end."""
        self._connection = connection
        self._answers: IO[bytes] = connection.makefile("rb")
        self._wait = wait
        self._sending = threading.Lock()

    def extract(self, job: Job, progress: Progress) -> BuildFacts:
        """Have a package unpacked; `relocate` must follow. What is to be remembered of it.

        Raises:
            Refused, StoreError, Interrupted: as `core.engine.place.extract`.
            StoreError: the process was killed.
        """
        self.is_busy = True
        try:
            self._send(job)
        except OSError as error:
            raise self._killed() from error
        answer = self._answer(progress)
        assert isinstance(answer, Extracted)
        return answer.facts

    def relocate(self, progress: Progress) -> StagedTree:
        """The second half of what `extract` has begun.

        Raises:
            RelocationError, StoreError, Interrupted: as `core.engine.place.relocate`.
            StoreError: the process was killed.
        """
        answer = self._answer(progress)
        assert isinstance(answer, Relocated)
        self.is_busy = False
        return answer.staged

    def cancel(self) -> None:
        """Have it end what it does. From any thread."""
        with contextlib.suppress(OSError):
            self._send(Cancel())

    def end(self, *, at_once: bool = False) -> None:
        """Let it end, and wait until it has."""
        if at_once:
            os.kill(self.pid, signal.SIGKILL)
        self._answers.close()
        self._connection.close()
        self._wait()

    def _send(self, order: Order) -> None:
        data = pickle.dumps(order, pickle.HIGHEST_PROTOCOL)
        with self._sending:
            self._connection.sendall(data)

    def _answer(self, progress: Progress) -> Answer:
        while True:
            try:
                answer: Answer = pickle.load(self._answers)  # noqa: S301 - from a process of ours
            except _LOST as error:
                raise self._killed() from error
            if isinstance(answer, Failed):
                self.is_busy = False
                raise answer.error
            if not isinstance(answer, Progressed):
                return answer
            progress(answer.done, answer.total)

    def _killed(self) -> StoreError:
        return StoreError(
            "The process that unpacked it was killed",
            f"Process {self.pid}; the kernel does that when memory runs out",
            "Run the same install again; with fewer jobs at once it needs less memory",
            retry=True,
        )


class Placers:
    """The worker processes of one run. To be made while this process has one thread.

    One that dies is replaced, once in a run; what it was working on fails.

    Args:
        count: how many; packages worked on at once at most. None at all means that the work is
            not worth it: it is then done in this process.
        cores: how many threads may be busy in all of them together.
        cancel: looked at by what is done in this process; the others are told by `cancel`.
    """

    def __init__(self, count: int, cores: int, cancel: CancelToken) -> None:
        self._cores = cores
        self._cancel = cancel
        self._is_here = count == 0
        self._idle: list[Placer] = []
        self._busy: set[Placer | Placing] = set()
        self._changed = threading.Condition()
        self._may_replace = True
        # With fewer than wished for it takes longer; `one` says so if there is none.
        with contextlib.suppress(OSError):
            for _ in range(count):
                self._idle.append(_forked())

    def __enter__(self) -> "Placers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for placer in self._idle:
            placer.end()

    @contextmanager
    def one(self) -> "Generator[tuple[Placer | Placing, int]]":
        """A worker for one package, and how many threads it may use; waits for one if need be.

        Raises:
            StoreError: there is none.
        """
        with self._changed:
            placer = self._next()
            self._busy.add(placer)
            threads = max(1, self._cores // len(self._busy))
        try:
            yield placer, threads
        finally:
            self._take_back(placer)

    def _next(self) -> Placer | Placing:
        if self._is_here:
            return Placing(self._cancel)
        self._changed.wait_for(lambda: self._idle or not self._busy)
        if not self._idle:
            raise StoreError(
                "There is no process left that could unpack it",
                hint="See whether memory or processes have run out, and run it again",
                retry=True,
            )
        return self._idle.pop()

    def cancel(self) -> None:
        """Have all of them end what they do. From any thread."""
        with self._changed:
            everyone = [*self._idle, *self._busy]
        for placer in everyone:
            if isinstance(placer, Placer):
                placer.cancel()

    def _take_back(self, placer: Placer | Placing) -> None:
        usable = placer if isinstance(placer, Placer) else None
        if usable and usable.is_busy:
            # It was killed, or we cannot listen any longer: it must not go on writing.
            usable.end(at_once=True)
            with self._changed:
                usable = _started() if self._may_replace else None
                self._may_replace = False
        with self._changed:
            self._busy.discard(placer)
            if usable:
                self._idle.append(usable)
            self._changed.notify_all()


def _forked() -> Placer:
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        become_placer(theirs, parent)
    theirs.close()
    return Placer(ours, pid, lambda: os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _started() -> Placer:
    """One without `fork`, which is not safe once there are threads."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", _WORK, str(os.getpid())],
            cwd=_PACKAGES,
            stdin=theirs.fileno(),
        )
    return Placer(ours, process.pid, process.wait)
