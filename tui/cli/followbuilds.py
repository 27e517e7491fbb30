"""What is said of the builds of a run on the command line."""

from collections.abc import Iterable

from core.events import (
    BuildQueued,
    BuildStarted,
    BuildStepped,
    BuildWaits,
    Event,
    NodeFailed,
    NodeFinished,
    NodeSkipped,
    RunStarted,
)
from core.model.ident import DagHash
from tui.text import duration

ABOUT_BUILDS = (BuildQueued, BuildStarted, BuildStepped, BuildWaits, NodeFailed)
"""The events of which there is something to say."""
LAST_LINES = 20
"""Lines of the log of a failed build that are shown."""


class BuildLines:
    """Turns the events of builds into lines; remembers since when each runs."""

    def __init__(self) -> None:
        self._since: dict[DagHash, float] = {}

    def of(self, event: Event, label: str) -> list[str]:
        """What to say of an event about a package, if it is about its build."""
        if isinstance(event, NodeFailed):
            return _end_of(event.log) if event.log else []
        line = self._line(event, label)
        return [line] if line else []

    def _line(self, event: Event, label: str) -> str:
        match event:
            case BuildQueued():
                hands = "still in the hands of" if event.reattached else "handed to"
                return f"{label}: {hands} {event.builder}, job {event.job}"
            case BuildWaits():
                return f"{label}: waits, {event.reason}"
            case BuildStarted():
                self._since[event.node] = event.time
                return f"{label}: is being built" + (f" on {event.host}" if event.host else "")
            case BuildStepped():
                return f"  {label}: {event.step}{self._elapsed(event.node, event.time)}"
            case _:
                return ""

    def _elapsed(self, node: DagHash, now: float) -> str:
        since = self._since.get(node)
        return f", after {duration(now - since)}" if since else ""


def builds_left(events: Iterable[Event]) -> list[str]:
    """The builds that a run has ordered and not seen to their end, each with its job."""
    names: dict[DagHash, str] = {}
    left: dict[DagHash, str] = {}
    for event in events:
        match event:
            case RunStarted():
                names = {node.hash: f"{node.name}@{node.version}" for node in event.nodes}
            case BuildQueued():
                what = names.get(event.node, "a package")
                left[event.node] = f"{what} ({event.builder}, job {event.job})"
            case NodeFinished() | NodeFailed() | NodeSkipped():
                left.pop(event.node, None)
            case _:
                pass
    return list(left.values())


def _end_of(log: str) -> list[str]:
    from tui.state.logfile import read_tail

    lines = (f"  | {line}" for line in read_tail(log)[-LAST_LINES:])
    return [*lines, f"  The whole log: {log}"]
