"""One long-lived process inside of Spack that is asked questions: `spack python inside.py`.

Questions and answers are JSON objects, one a line, over two pipes of their own. The process has a
process group of its own, which is killed as a whole when a question is cancelled; the next question
starts another one. It ends by itself when we end, however that is, since its pipe is closed then.
"""

import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from core.cancel import CancelToken
from core.errors import NotAvailable, WrongUse
from core.model.documents import as_object, json_object
from core.spack.instance import SpackInstance

Waiting = Callable[[float, str], None]
"""Called several times a second with the seconds waited and the last line that Spack printed, which
is foreign text."""

_Document = Mapping[str, object]

SCRIPT = Path(__file__).with_name("inside.py")
TICK = 0.1
"""Seconds between two looks at the cancel token."""
PATIENCE = 3600.0
"""Seconds after which a question is given up; solves of large environments take minutes."""
LINES = 12
"""Lines of Spack's own output that are kept for an error."""


class Bridge:
    """Asks one Spack. Any thread may call; questions are answered one after the other.

    Args:
        spack: which Spack.
        scope: a directory with configuration that overrides what its user has configured.
        patience: seconds after which a question is given up.
    """

    def __init__(
        self, spack: SpackInstance, scope: Path | None = None, patience: float = PATIENCE
    ) -> None:
        self._spack = spack
        self._scope = scope
        self._patience = patience
        self._asking = threading.Lock()
        self._helper: _Helper | None = None

    def start(self) -> None:
        """Start the process if there is none, without waiting for it.

        Raises:
            NotAvailable: the program of this Spack cannot be run.
        """
        with self._asking:
            self._running()

    def database(self, cancel: CancelToken, waiting: Waiting | None = None) -> str:
        """The version of the install database that this Spack writes, e.g. `8`.

        Raises:
            Interrupted: `cancel` was cancelled.
            NotAvailable: Spack does not start.
        """
        greeting = self._use(lambda helper: helper.greeting(cancel, waiting, self._until()), cancel)
        return str(_checked(greeting, "Spack says no").get("database"))

    def ask(
        self,
        question: str,
        *,
        cancel: CancelToken,
        waiting: Waiting | None = None,
        refusal: str = "Spack says no",
        **fields: object,
    ) -> Mapping[str, object]:
        """The answer to one question, see `inside.py`.

        Args:
            question: its name.
            cancel: to kill the process and with it the work.
            waiting: called while there is no answer yet.
            refusal: title of the error if Spack says no.
            fields: what the question is about.

        Raises:
            Interrupted: `cancel` was cancelled; nothing of the work goes on.
            WrongUse: Spack does not understand a spec.
            NotAvailable: Spack does not start, ends, takes too long, or says no.
        """
        document = msgspec.json.encode({"ask": question, **fields}) + b"\n"
        answer = self._use(
            lambda helper: helper.ask(document, cancel, waiting, self._until()), cancel
        )
        return _checked(answer, refusal)

    def close(self) -> None:
        """End the process; a question that is being answered fails."""
        self._end()

    def _use(self, work: Callable[["_Helper"], _Document], cancel: CancelToken) -> _Document:
        """Do something with the process; if that fails, it is ended."""
        while not self._asking.acquire(timeout=TICK):
            cancel.check()
        try:
            return work(self._running())
        except BaseException:
            self._end()
            raise
        finally:
            self._asking.release()

    def _until(self) -> float:
        return time.monotonic() + self._patience

    def _running(self) -> "_Helper":
        if self._helper is None:
            self._helper = _Helper(self._spack, self._scope)
        return self._helper

    def _end(self) -> None:
        helper, self._helper = self._helper, None
        if helper:
            helper.end()


class _Helper:
    """The process, and the threads that read what it writes."""

    def __init__(self, spack: SpackInstance, scope: Path | None) -> None:
        self._program = spack.prefix / "bin/spack"
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._printed: deque[str] = deque(maxlen=LINES)
        self._greeting: _Document | None = None
        self._is_ended = threading.Lock()
        asked, ask = os.pipe()
        answered, answer = os.pipe()
        scoped = ["-C", str(scope)] if scope else []
        inside = ["python", str(SCRIPT), str(asked), str(answer)]
        try:
            self._process = subprocess.Popen(
                [str(self._program), "--color", "never", "-E", *scoped, *inside],
                env=dict(spack.environ),
                pass_fds=(asked, answer),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            os.close(ask)
            os.close(answered)
            raise NotAvailable(
                f"Spack cannot be run: {error.strerror}", str(self._program), "Check SPACK_ROOT"
            ) from error
        finally:
            os.close(asked)
            os.close(answer)
        self._ask = os.fdopen(ask, "wb")
        assert self._process.stdout
        _in_background(self._keep_answers, os.fdopen(answered, "rb"))
        _in_background(self._keep_lines, self._process.stdout)

    def greeting(self, cancel: CancelToken, waiting: Waiting | None, until: float) -> _Document:
        """What it says when it is ready."""
        if self._greeting is None:
            self._greeting = self._wait(cancel, waiting, until)
        return self._greeting

    def ask(
        self, question: bytes, cancel: CancelToken, waiting: Waiting | None, until: float
    ) -> _Document:
        """The answer, or an error that it holds."""
        self.greeting(cancel, waiting, until)
        # Spack reads when it comes to it, which may be later than when the pipe is full.
        _in_background(self._write, question)
        return self._wait(cancel, waiting, until)

    def end(self) -> None:
        """Kill the process and all that it has started."""
        with self._is_ended:
            if self._process.returncode is None:
                # Until it is waited for, nobody else can get its number.
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                with suppress(OSError):
                    self._ask.close()

    def _wait(self, cancel: CancelToken, waiting: Waiting | None, until: float) -> _Document:
        began = time.monotonic()
        while True:
            try:
                line = self._answers.get(timeout=TICK)
                break
            except queue.Empty:
                cancel.check()
            if time.monotonic() > until:
                raise NotAvailable("Spack does not answer", self._last_words(), "Try again")
            if waiting:
                waiting(time.monotonic() - began, self._printed[-1] if self._printed else "")
        if not line:
            raise self._gone()
        try:
            return json_object(line)
        except WrongUse as error:
            raise NotAvailable(f"Spack's answer cannot be read: {error.title}") from error

    def _gone(self) -> NotAvailable:
        self.end()
        time.sleep(TICK)  # What it wrote last is read by a thread.
        title = "Spack ended in the middle" if self._greeting else "Spack does not start"
        return NotAvailable(title, self._last_words(), f"Try: {self._program} spec zlib")

    def _last_words(self) -> str:
        return " / ".join(self._printed)

    def _write(self, question: bytes) -> None:
        with suppress(OSError, ValueError):
            self._ask.write(question)
            self._ask.flush()

    def _keep_answers(self, stream: BinaryIO) -> None:
        with stream:
            for line in stream:
                self._answers.put(line)
        self._answers.put(b"")

    def _keep_lines(self, stream: BinaryIO) -> None:
        with stream:
            for line in stream:
                if text := line.decode(errors="replace").strip():
                    self._printed.append(text)


def _in_background(work: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()


def _checked(answer: _Document, refusal: str) -> _Document:
    """What was answered.

    Raises:
        WrongUse: Spack does not understand a spec.
        NotAvailable: it says no.
    """
    if "error" not in answer:
        return as_object(answer.get("answer"), "an answer of Spack")
    error = as_object(answer["error"], "an error of Spack")
    reason = " / ".join(" ".join(line.split()) for line in str(error.get("message")).splitlines())
    if error.get("kind") == "wrong use":
        raise WrongUse("Spack does not understand what was asked for", reason)
    raise NotAvailable(refusal, reason)
