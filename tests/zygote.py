"""See `tests.engines.Zygote`: reads `start WHEN DIRECTORY` and `wait PID`, answers a line each.

The engine is loaded once; each run gets a process of its own by `fork`.
"""

import errno
import fcntl
import multiprocessing
import os
import signal
import sys
from pathlib import Path

from core.engine import builds, worker
from core.engine.builders import choice
from core.engine.journal import LOCK, LOG, REQUEST, JournalWriter
from core.engine.request import read_request
from core.events import Event
from core.model.structs import prepare_structs
from tests.builders import choose_process_builder


class Engine:
    """The engine and the processes that it forks, as one."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._count = multiprocessing.Value("i", 0)

    def count(self) -> int:
        """The number of this call, in whichever of the processes."""
        with self._count.get_lock():
            self._count.value += 1
            return self._count.value

    def die(self) -> None:
        """Kill the engine; its processes die of that."""
        os.kill(self._pid, signal.SIGKILL)
        signal.pause()


def after_event(number: int) -> None:
    """Die after an event."""
    engine = Engine()
    append = JournalWriter.append

    def append_and_count(writer: JournalWriter, event: Event) -> None:
        append(writer, event)
        if engine.count() == number:
            engine.die()

    JournalWriter.append = append_and_count


def before_rename(number: int, name: str) -> None:
    """Die before a rename to something whose name ends so."""
    engine = Engine()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        is_it = event == "os.rename" and os.fsdecode(str(arguments[1])).endswith(name)
        if is_it and engine.count() == number:
            engine.die()

    sys.addaudithook(hook)


def refusing(number: int, calls: dict[str, int], errno_: int, store: str) -> None:
    """From one of these calls in the store on, they fail, as on a file system that says no."""
    engine = Engine()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event not in calls or (event == "open" and not is_writing(arguments[2])):
            return
        path = arguments[calls[event]]
        text = os.fsdecode(path) if isinstance(path, str | bytes) else ""
        # A relative path is one below a directory of the store.
        if text.startswith("/") and not text.startswith(f"{store}/"):
            return
        if engine.count() >= number:
            raise OSError(errno_, os.strerror(errno_), text)

    sys.addaudithook(hook)


def is_writing(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR))


CREATING = {"open": 0, "os.mkdir": 0, "os.symlink": 1, "os.link": 1}
"""Calls that need space, as audit events, and which of their arguments is the path."""
CHANGING = {**CREATING, "os.rename": 1, "os.remove": 0, "os.rmdir": 0, "os.chmod": 0}
"""Calls that a read-only file system refuses."""


def prepare(kind: str, number: int, store: str) -> None:
    match kind:
        case "event":
            after_event(number)
        case "rename":
            before_rename(number, "")
        case "register":
            before_rename(number, "/index.json")
        case "quota":
            refusing(number, CREATING, errno.EDQUOT, store)
        case "readonly":
            refusing(number, CHANGING, errno.EROFS, store)
        case _:
            pass


def start(when: str, directory: str) -> int:
    pid = os.fork()
    if pid == 0:
        kind, _, number = when.partition(":")
        prepare(kind, int(number), read_request(Path(directory, REQUEST)).store)
        # As long as it is held the engine lives.
        fcntl.flock(os.open(Path(directory, LOCK), os.O_RDWR), fcntl.LOCK_EX)
        log = os.open(Path(directory, LOG), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        status = 70
        try:
            status = worker.main(directory)
        finally:
            sys.stderr.flush()
            os._exit(status)
    return pid


def main() -> None:
    prepare_structs()
    # However small the packages of a test are, worker processes take part.
    worker.MUCH = 0
    # A builder that hears nothing is told so much sooner.
    builds.INSISTENCE = 0.5
    builds.AGAIN = 0.2
    choice.choose_builder = choose_process_builder
    for line in sys.stdin:
        order, _, argument = line.strip().partition(" ")
        if order == "start":
            print(start(*argument.split(" ", 1)), flush=True)
        else:
            _, status = os.waitpid(int(argument), 0)
            print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
