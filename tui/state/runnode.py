"""One package of a run, as its events tell it."""

from dataclasses import dataclass, field
from enum import StrEnum

from core.events import Phase, RunNode

WEIGHTS: dict[Phase, float] = {
    "fetch": 0.5,
    "verify": 0.05,
    "extract": 0.2,
    "relocate": 0.2,
    "register": 0.05,
}
"""Share of each phase of a binary in the progress of a node."""


class Status(StrEnum):
    """How a node stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(slots=True)
class NodeState:
    """One node of the run."""

    node: RunNode
    """What it is."""
    status: Status = Status.WAITING
    """How it stands."""
    phase: Phase | None = None
    """The phase it is in, or failed in; `None` between phases."""
    phase_started: float = 0.0
    """When that phase began."""
    done: int = 0
    """How far that phase is."""
    total: int = 0
    """How far it will go; 0 if not counted."""
    finished: dict[Phase, float] = field(default_factory=dict[Phase, float])
    """The phases it has behind it, and the seconds each took."""
    fetched: int = 0
    """Bytes fetched so far."""
    counted: int = 0
    """Bytes fetched at the most so far: a fetch that begins anew does not count twice."""
    already: bool = False
    """True if somebody else had installed it meanwhile."""
    prefix: str = ""
    """Where it is; empty before it is installed. Foreign text."""
    awaits: str = ""
    """Who holds a lock that it waits for, in words; empty if nobody does. Foreign text."""
    builder: str = ""
    """Who builds it; empty before it was handed to anybody."""
    job: str = ""
    """What the builder calls it. Foreign text."""
    host: str = ""
    """Machine on which it is built. Foreign text."""
    step: str = ""
    """The phase of Spack's own that its build is in. Foreign text."""
    reason: str = ""
    """Why its build was handed over and does not run, as the builder says. Foreign text."""
    log: str = ""
    """File with the output of its build; empty if it is not built. Foreign text inside."""
    title: str = ""
    """What happened, if it failed, or why it was skipped. Foreign text."""
    detail: str = ""
    """Where it failed. Foreign text."""
    hint: str = ""
    """What to do next."""

    @property
    def label(self) -> str:
        """`name@version`."""
        return f"{self.node.name}@{self.node.version}"

    @property
    def words(self) -> str:
        """How it stands, as it is said everywhere."""
        words = {Status.SKIPPED: "not tried", Status.WAITING: "waits"}
        return words.get(self.status, self.status.value)

    @property
    def seconds(self) -> float:
        """Seconds spent in the phases behind it."""
        return sum(self.finished.values())

    @property
    def is_build(self) -> bool:
        """True if it is built from source."""
        return self.node.from_source

    @property
    def is_alive(self) -> bool:
        """True if something may still happen to it."""
        return self.status in (Status.WAITING, Status.RUNNING)

    @property
    def progress(self) -> float:
        """How much of it is done, from 0 to 1."""
        if self.status is Status.DONE:
            return 1.0
        behind = sum(WEIGHTS.get(phase, 0.0) for phase in self.finished if phase != self.phase)
        if self.phase and self.total:
            behind += WEIGHTS.get(self.phase, 0.0) * min(self.done / self.total, 1.0)
        return min(behind, 1.0)
