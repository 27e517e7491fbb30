"""A removal as it goes, on the command line."""

import queue
import threading

from core.cancel import CancelToken
from core.errors import Interrupted
from core.events import (
    Event,
    LockAwaited,
    LogWritten,
    NodeRemoved,
    RemovalDecided,
    RemovalStarted,
)
from core.model.ident import DagHash
from core.model.removal import Removal, RemovalPlan
from core.session import Session
from tui.cli.output import note
from tui.text import counted

_End = Removal | BaseException


def carried_out(session: Session, plan: RemovalPlan, *, quiet: bool) -> tuple[Removal, list[Event]]:
    """Carry out a removal and say how it goes; what was done, and its events.

    Ctrl-C gives it up if nothing is gone yet. After that the packages are removed, and files are
    deleted to the end; a second Ctrl-C leaves the rest of them to the next who tidies up.

    Raises:
        SpackbinError: it failed, or was given up; nothing was removed.
        Interrupted: the user left before all files were deleted.
    """
    news: queue.SimpleQueue[Event | _End] = queue.SimpleQueue()
    token = CancelToken()
    _begin(session, plan, token, news)
    events: list[Event] = []
    while True:
        try:
            item = news.get()
            if isinstance(item, Removal):
                return item, events
            if isinstance(item, BaseException):
                raise item
            events.append(item)
            if not quiet:
                _report(item, plan)
        except KeyboardInterrupt:
            if token.is_cancelled:
                raise _left(events) from None
            token.cancel()
            note(
                "It is too late to give it up: deleting to the end."
                if _is_decided(events)
                else "Giving it up, if it is not too late."
            )


def _begin(
    session: Session,
    plan: RemovalPlan,
    token: CancelToken,
    news: "queue.SimpleQueue[Event | _End]",
) -> None:
    """Start it in a thread, as an interrupt is for the one that waits."""

    def work() -> None:
        try:
            news.put(session.install_tree.remove(plan, token, news.put))
        except BaseException as error:
            news.put(error)

    threading.Thread(target=work, name="removal", daemon=True).start()


def _is_decided(events: list[Event]) -> bool:
    return any(isinstance(event, RemovalDecided) for event in events)


def _left(events: list[Event]) -> Interrupted:
    if _is_decided(events):
        return Interrupted(
            "Interrupted: the packages are removed, and some of their files are not deleted yet",
            hint="The next command that looks at the store deletes them",
        )
    return Interrupted("Interrupted", hint="To see whether it was done: spackbin history")


def _report(event: Event, plan: RemovalPlan) -> None:
    labels: dict[DagHash, str] = {
        item.package.hash: f"{item.package.name}@{item.package.version}" for item in plan.removed
    }
    match event:
        case LockAwaited():
            from tui.state.run import lock_words

            who = labels.get(event.node, "A package") if event.node else "The removal"
            note(f"{who} waits for {lock_words(event)}.")
        case LogWritten():
            note(f"  {event.text}")
        case RemovalStarted() if event.packages:
            note(f"Removing {counted(len(event.packages), 'package')}.")
        case RemovalDecided() if plan.removed:
            note("The database is written; deleting files.")
        case NodeRemoved() if not event.left:
            place = f" from {event.prefix}" if event.prefix else ""
            note(f"{labels[event.node]}: removed{place}")
        case _:
            pass
