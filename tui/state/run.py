"""A run as its events tell it: folds the journal into what a screen or the command line shows.

The state depends on the events alone, not on when they were read: a viewer that comes late sees
what one that was there from the start sees.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import singledispatchmethod

from core.events import (
    PHASES,
    BuildQueued,
    BuildStarted,
    BuildStepped,
    BuildWaits,
    CancelRequested,
    Event,
    LockAwaited,
    LockObtained,
    LogWritten,
    MarkedExplicit,
    NodeFailed,
    NodeFinished,
    NodeRelocated,
    NodeSkipped,
    NodeVerified,
    Phase,
    PhaseFinished,
    PhaseProgressed,
    PhaseStarted,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
)
from core.model.ident import DagHash
from tui.state.runnode import NodeState, Status
from tui.text import counted, duration

RATE_SECONDS = 5.0
"""The rate is that of the last so many seconds."""
LOG_LINES = 5000
"""Lines of the log that are kept."""


def lock_words(event: LockAwaited) -> str:
    """Whom somebody waits for: `process 12 of alice on node7, running since 12:03 (spack ...)`."""
    holder = event.holder
    what = "the install database, held by " if event.lock == "database" else ""
    command = f" ({holder.command})" if holder.command else ""
    return f"{what}{holder.words}{command}"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log."""

    time: float
    """Seconds since the epoch."""
    node: DagHash | None
    """Which node it is about, `None` for the run."""
    text: str
    """What it says. Foreign text."""


@dataclass(frozen=True, slots=True)
class PhaseTotals:
    """One phase over all nodes."""

    phase: Phase
    """Which phase."""
    finished: int
    """Nodes that have it behind them."""
    nodes: int
    """Nodes that go, or went, through it."""
    active: tuple[NodeState, ...]
    """Nodes in it."""
    seconds: float
    """Seconds spent in it by all nodes that have it behind them."""


@dataclass(slots=True)
class RunState:
    """A run, as far as its events were folded."""

    id: str = ""
    """Id of the run; empty before its first event."""
    store: str = ""
    """Root of the install tree."""
    host: str = ""
    """Machine on which the engine runs."""
    roots: tuple[DagHash, ...] = ()
    """What the user asked for."""
    nodes: dict[DagHash, NodeState] = field(default_factory=dict[DagHash, NodeState])
    """The nodes, dependencies first."""
    log: deque[LogLine] = field(default_factory=lambda: deque[LogLine](maxlen=LOG_LINES))
    """The last lines of the log."""
    started: float = 0.0
    """When it began, seconds since the epoch; 0 before."""
    latest: float = 0.0
    """When the latest event happened."""
    awaits: str = ""
    """Who holds the install database while the run waits for it, in words. Foreign text."""
    is_paused: bool = False
    """True while nothing new is begun."""
    is_cancelled: bool = False
    """True once somebody asked the engine to stop."""
    result: RunFinished | None = None
    """How it ended, `None` before."""
    lost: str | None = None
    """What the engine last wrote, if it ended without saying so; else `None`. Foreign text."""
    steps: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])
    """(time, bytes) of what was fetched in the last seconds."""

    def fold(self, events: Iterable[Event]) -> frozenset[DagHash]:
        """Take in events, in order; gives the hashes of the nodes that they were about."""
        touched: set[DagHash] = set()
        for event in events:
            self.latest = max(self.latest, event.time)
            hash_: DagHash | None = getattr(event, "node", None)
            if hash_ is not None and hash_ in self.nodes:
                touched.add(hash_)
            elif hash_ is not None and not isinstance(event, LogWritten | MarkedExplicit):
                continue  # about a node that the run did not announce
            self._take(event)
        return frozenset(touched)

    def lose(self, last_words: str) -> None:
        """The engine ended without saying so."""
        self.lost = last_words

    @singledispatchmethod
    def _take(self, event: Event) -> None:
        raise TypeError(f"unknown event {type(event).__name__}")

    @_take.register
    def _(self, event: RunStarted) -> None:
        self.id, self.store, self.host, self.roots = event.run, event.store, event.host, event.roots
        self.started = event.time
        self.nodes = {node.hash: NodeState(node) for node in event.nodes}

    @_take.register
    def _(self, event: PhaseStarted) -> None:
        state = self.nodes[event.node]
        state.status, state.phase, state.phase_started = Status.RUNNING, event.phase, event.time
        state.awaits = state.reason = ""
        state.done, state.total = 0, event.total
        state.finished.pop(event.phase, None)
        if event.phase == "fetch":
            state.fetched = 0

    @_take.register
    def _(self, event: PhaseProgressed) -> None:
        state = self.nodes[event.node]
        if state.phase == event.phase:
            state.done = event.done
        if event.phase == "fetch":
            self._fetch(state, event.done, event.time)

    @_take.register
    def _(self, event: PhaseFinished) -> None:
        state = self.nodes[event.node]
        state.finished[event.phase] = event.seconds
        if state.phase == event.phase:
            state.phase = None
        if event.phase == "fetch":
            self._fetch(state, event.done, event.time)

    @_take.register
    def _(self, event: BuildQueued) -> None:
        state = self.nodes[event.node]
        state.builder, state.job, state.log = event.builder, event.job, event.log
        how = "found again at" if event.reattached else "handed to"
        text = f"{how} builder {event.builder}, job {event.job}"
        self.log.append(LogLine(event.time, event.node, text))

    @_take.register
    def _(self, event: BuildStarted) -> None:
        state = self.nodes[event.node]
        if state.phase != "build":
            state.phase, state.phase_started = "build", event.time
        state.status, state.host, state.reason = Status.RUNNING, event.host, ""

    @_take.register
    def _(self, event: BuildStepped) -> None:
        self.nodes[event.node].step = event.step

    @_take.register
    def _(self, event: BuildWaits) -> None:
        state = self.nodes[event.node]
        state.status, state.phase, state.step = Status.WAITING, None, ""
        state.reason = event.reason

    @_take.register
    def _(self, event: NodeFinished) -> None:
        state = self.nodes[event.node]
        state.status, state.phase, state.already = Status.DONE, None, event.already
        state.prefix = event.prefix
        if event.node in self.roots:
            self.log.append(LogLine(event.time, event.node, f"installed in {event.prefix}"))

    @_take.register
    def _(self, event: NodeFailed) -> None:
        state = self.nodes[event.node]
        state.status, state.awaits = Status.FAILED, ""
        state.title, state.detail, state.hint = event.title, event.detail, event.hint
        state.log = event.log or state.log
        self.log.append(LogLine(event.time, event.node, f"failed: {event.title}"))

    @_take.register
    def _(self, event: NodeSkipped) -> None:
        state = self.nodes[event.node]
        state.status, state.phase, state.title = Status.SKIPPED, None, event.reason

    @_take.register
    def _(self, event: NodeVerified) -> None:
        """Kept for the history; the log says it in words."""

    @_take.register
    def _(self, event: NodeRelocated) -> None:
        if event.files:
            text = f"relocated: {counted(event.strings, 'path')} in {counted(event.files, 'file')}"
            self.log.append(LogLine(event.time, event.node, text))

    @_take.register
    def _(self, event: LogWritten) -> None:
        self.log.append(LogLine(event.time, event.node, event.text))

    @_take.register
    def _(self, event: LockAwaited) -> None:
        words = lock_words(event)
        self.log.append(LogLine(event.time, event.node, f"waits for {words}"))
        if event.node is None:
            self.awaits = words
        else:
            self.nodes[event.node].awaits = words

    @_take.register
    def _(self, event: LockObtained) -> None:
        text = f"has waited {duration(event.seconds)}, and goes on"
        self.log.append(LogLine(event.time, event.node, text))
        if event.node is None:
            self.awaits = ""
        else:
            self.nodes[event.node].awaits = ""

    @_take.register
    def _(self, event: MarkedExplicit) -> None:
        """Kept for the history: it was installed before."""

    @_take.register
    def _(self, event: CancelRequested) -> None:
        self.is_cancelled = True
        self.log.append(LogLine(event.time, None, "cancel requested"))

    @_take.register
    def _(self, event: RunPaused | RunResumed) -> None:
        self.is_paused = isinstance(event, RunPaused)
        text = "paused: nothing new is begun" if self.is_paused else "goes on"
        self.log.append(LogLine(event.time, None, text))

    @_take.register
    def _(self, event: RunFinished) -> None:
        self.result = event

    def _fetch(self, state: NodeState, done: int, when: float) -> None:
        state.fetched = done
        if done > state.counted:
            self.steps.append((when, done - state.counted))
            state.counted = done
        while self.steps and self.steps[0][0] < when - RATE_SECONDS:
            self.steps.popleft()

    @property
    def has_started(self) -> bool:
        """True once the first event is there."""
        return self.started > 0

    @property
    def has_ended(self) -> bool:
        """True if nothing more will happen."""
        return self.result is not None or self.lost is not None

    def counts(self) -> dict[Status, int]:
        """How many nodes stand how."""
        found = dict.fromkeys(Status, 0)
        for state in self.nodes.values():
            found[state.status] += 1
        return found

    @property
    def has_builds(self) -> bool:
        """True if some of it is built from source."""
        return any(state.is_build for state in self.nodes.values())

    @property
    def bytes_total(self) -> int:
        """Bytes to fetch, as planned; 0 if nobody knows of one of the nodes."""
        sizes = [state.node.size for state in self.nodes.values() if not state.is_build]
        return sum(sizes) if all(sizes) else 0

    @property
    def bytes_fetched(self) -> int:
        """Bytes fetched; what somebody else installed meanwhile counts as fetched."""
        return sum(
            (state.node.size or state.fetched) if state.status is Status.DONE else state.fetched
            for state in self.nodes.values()
        )

    @property
    def progress(self) -> float:
        """How much of the run is done, from 0 to 1; nodes weigh by their size.

        Nobody knows how much there is to build: with builds, each node weighs the same.
        """
        weighs = not self.has_builds
        weights = [
            (max(state.node.size, 1) if weighs else 1, state.progress)
            for state in self.nodes.values()
        ]
        total = sum(weight for weight, _ in weights)
        return sum(weight * done for weight, done in weights) / total if total else 0.0

    def rate(self, now: float) -> float:
        """Bytes a second over the last seconds before `now`."""
        recent = sum(number for when, number in self.steps if when >= now - RATE_SECONDS)
        return recent / min(max(now - self.started, 1.0), RATE_SECONDS)

    def elapsed(self, now: float) -> float:
        """Seconds since the start, or that the run took; 0 before it started."""
        if self.result:
            return self.result.seconds
        if not self.has_started:
            return 0.0
        return max((self.latest if self.has_ended else now) - self.started, 0.0)

    def phase_totals(self) -> tuple[PhaseTotals, ...]:
        """Every phase over all nodes that go through it, in order; builds last, if there are."""
        states = list(self.nodes.values())
        binaries = [state for state in states if not state.is_build]
        builds = [state for state in states if state.is_build]
        totals = [_totals(phase, binaries) for phase in PHASES]
        return (*totals, _totals("build", builds)) if builds else tuple(totals)

    def waits_for(self, state: NodeState) -> tuple[str, ...]:
        """Names of the nodes that must be installed before this one, and are not."""
        needed = (self.nodes[hash_] for hash_ in state.node.depends_on if hash_ in self.nodes)
        return tuple(other.node.name for other in needed if other.status is not Status.DONE)

    def log_of(self, hash_: DagHash | None) -> list[LogLine]:
        """The lines about one node, or all lines for `None`."""
        return [line for line in self.log if hash_ is None or line.node == hash_]


def _totals(phase: Phase, states: list[NodeState]) -> PhaseTotals:
    gone = (Status.FAILED, Status.SKIPPED)
    return PhaseTotals(
        phase,
        sum(phase in state.finished for state in states),
        sum(
            phase in state.finished or not (state.status in gone or state.already)
            for state in states
        ),
        tuple(state for state in states if state.phase == phase and state.status is Status.RUNNING),
        sum(state.finished.get(phase, 0.0) for state in states),
    )
