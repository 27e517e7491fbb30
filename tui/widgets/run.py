"""A run: the line that sums it up, a pane for each phase, a line for each package, the log."""

import time
from collections.abc import Callable

from core.events import PHASES
from tui import text
from tui.commands import key_of
from tui.state.run import LogLine, PhaseTotals, RunState
from tui.state.runnode import NodeState, Status
from tui.text import Line, Part
from tui.widgets.lines import LineList, TextView, spread
from tui.widgets.paper import Paper

SIGNS = {
    Status.WAITING: "·",
    Status.RUNNING: "●",
    Status.DONE: "■",
    Status.FAILED: "✗",
    Status.SKIPPED: "-",
}
"""The mark of each status; the word stands beside it."""
UNITS = {"extract": "files", "relocate": "files"}
"""What phases count, where it is not bytes."""


def bar(done: float, width: int) -> str:
    """A bar of `width` cells, filled from the left; `done` is from 0 to 1."""
    full = int(max(0.0, min(done, 1.0)) * width)
    return "█" * full + "░" * (width - full)


class RunSummary(Paper):
    """One line: packages, bar, bytes, rate, time."""

    DEFAULT_CSS = "RunSummary { height: 1; }"

    def update(self, state: RunState, now: float) -> None:
        """Show how the run stands."""
        self.write(lambda width: [summary_line(state, now, width)])


def summary_line(state: RunState, now: float, width: int) -> Line:
    """`3 of 8 installed  ███░░  41 %  9.8 of 21.4 MB  2.1 MB/s  0:06`."""
    if state.lost is not None:
        more = f"{key_of('run', 'why')} says more"
        return (Part(f" The install process ended without a word. {more}", "bad"),)
    if not state.has_started:
        return (Part(" The install is about to start", "quiet"),)
    counts = state.counts()
    head = f" {counts[Status.DONE]} of {len(state.nodes)} installed"
    left = [Part(head, "strong")]
    if counts[Status.FAILED]:
        left.append(Part(f"  {counts[Status.FAILED]} failed", "bad"))
    if counts[Status.SKIPPED]:
        left.append(Part(f"  {counts[Status.SKIPPED]} not tried", "skipped"))
    if state.result is not None:
        right = [Part(f"done in {text.duration(state.result.seconds)} ", "strong")]
        return spread(tuple(left), tuple(right), width)
    if state.is_cancelled:
        left.append(Part("  cancelling", "warning"))
    elif state.is_paused:
        left.append(Part(f"  {_pause_words(counts)}", "warning"))
    elif state.awaits:
        left.append(Part(f"  waits for {state.awaits}", "warning"))
    speed = state.rate(now)
    rate = f"{text.size(speed)}/s  " if speed >= 1 else ""
    total = f" of {text.size(state.bytes_total)}" if state.bytes_total else ""
    numbers = (
        f"{text.percent(state.progress, 1)}  "
        f"{text.size(state.bytes_fetched)}{total}  "
        f"{rate}{text.clock(state.elapsed(now))} "
    )
    room = width - sum(text.width_of(part.text) for part in left) - text.width_of(numbers) - 4
    if room >= 6:
        left += [Part("  "), Part(bar(state.progress, min(room, 40)), "running")]
    return spread(tuple(left), (Part(numbers),), width)


def _pause_words(counts: dict[Status, int]) -> str:
    """That nothing new is begun, and what is still to be finished."""
    begun = counts[Status.RUNNING]
    return f"paused, {begun} still in work" if begun else "paused"


class PhasePane(Paper):
    """One phase: how many packages have it behind them, and which are in it."""

    DEFAULT_CSS = """
    PhasePane { height: 5; width: 1fr; border: solid $border-blurred; padding: 0 1; }
    """

    def __init__(self, phase: str) -> None:
        super().__init__(id=f"phase-{phase}", classes="phase")
        self.border_title = phase

    def update(self, totals: PhaseTotals) -> None:
        """Show how the phase stands."""
        self.write(lambda width: phase_lines(totals, width))


def phase_lines(totals: PhaseTotals, width: int) -> list[Line]:
    """Three lines of a phase pane."""
    is_over = totals.finished >= totals.nodes
    took = text.duration(totals.seconds) if totals.finished else ""
    share = totals.finished / totals.nodes if totals.nodes else 0.0
    first = spread((Part(f"{totals.finished} of {totals.nodes}"),), (Part(took, "quiet"),), width)
    second = (Part(bar(share, width), "done" if is_over else "running"),)
    return [first, second, _active_line(totals, width)]


def _active_line(totals: PhaseTotals, width: int) -> Line:
    if not totals.active:
        return ()
    node = totals.active[0]
    others = f" +{len(totals.active) - 1}" if len(totals.active) > 1 else ""
    done = f" {text.percent(node.done, node.total)}" if node.total else ""
    return spread((Part(node.node.name, "running"),), (Part(done + others, "quiet"),), width)


class RunTable(LineList[NodeState]):
    """A line for each package of the run."""

    def __init__(self, state: RunState) -> None:
        super().__init__(id="nodes")
        self.state = state
        """The run."""
        self.now = time.time()
        """When the rows are drawn: builds say how long they have been going on."""

    def tick(self) -> None:
        """Time goes on: only rows of builds look different."""
        self.now = time.time()
        self.repaint()

    def draw(self, row: NodeState, width: int) -> Line:
        """Mark, label, phases behind it, status, what it does or why it does not."""
        label = min(30, max(width // 3, 12))
        role = row.status.value
        return (
            Part(f" {SIGNS[row.status]} ", role),
            Part(text.fitted(row.label, label) + " "),
            Part(_phase_signs(row) + "  ", "quiet"),
            Part(text.fitted(_status_word(row), 10), role),
            Part(_remark(row, self.state, self.now)),
        )


def _phase_signs(row: NodeState) -> str:
    """`▪▪▸··`: behind it, in it, before it; builds have no such phases."""
    if row.is_build:
        return "build"
    now = "✗" if row.status is Status.FAILED else "▸"
    return "".join(
        now if phase == row.phase else "▪" if phase in row.finished else "·" for phase in PHASES
    )


def _status_word(row: NodeState) -> str:
    if row.status is Status.RUNNING and row.phase:
        return row.step if row.is_build and row.step else row.phase
    if row.status is Status.WAITING and row.builder:
        return "queued"
    return row.words


def _remark(row: NodeState, state: RunState, now: float) -> str:
    if row.awaits and row.is_alive:
        return f"for {row.awaits}" if row.status is Status.WAITING else f"waits for {row.awaits}"
    if row.builder and row.is_alive:
        return build_words(row, now if not state.has_ended else state.latest)
    if row.status is Status.RUNNING:
        return _progress(row)
    if row.status is Status.DONE:
        return "was there already" if row.already else text.duration(row.seconds)
    if row.status is Status.WAITING:
        names = state.waits_for(row)
        return f"for {text.listed(names, 2)}" if names else ""
    return row.title


def build_words(row: NodeState, now: float) -> str:
    """`2:05  on node7, slurm job 4711`, or why it does not run: `slurm job 4711: Resources`."""
    job = f"{row.builder} job {row.job}" if row.job else row.builder
    if row.status is Status.WAITING:
        return f"{job}: {row.reason}" if row.reason else job
    place = f"on {row.host}, {job}" if row.host else job
    return f"{text.clock(now - row.phase_started)}  {place}"


def _progress(row: NodeState) -> str:
    if row.phase == "fetch" and not row.total:
        return text.size(row.done)
    if not row.phase or not row.total:
        return ""
    share = f"{text.percent(row.done, row.total):>5}"
    if row.phase in UNITS:
        return f"{share}  {text.count(row.done)} of {text.count(row.total)} {UNITS[row.phase]}"
    if row.phase == "fetch":
        return f"{share}  {text.size(row.done)} of {text.size(row.total)}"
    return share


class LogView(TextView):
    """The last lines of the log of the run, or of the output of a build; the newest at the end."""

    def __init__(self) -> None:
        super().__init__(id="log")
        self._newest: object = None

    def update(self, lines: list[LogLine], names: dict[str, str], *, is_whole: bool) -> None:
        """Show `lines`, long ones broken if `is_whole`, else cut; stays at the end."""
        draw = _log_lines if is_whole else _log_line
        self._show(
            (is_whole, len(lines), lines[-1] if lines else None),
            lambda width: [part for line in lines for part in draw(line, names, width)],
        )

    def update_tail(self, path: str, lines: tuple[str, ...]) -> None:
        """Show the end of the output of a build; stays at the end."""
        shown = lines or ("There is no output yet",)
        self._show((path, shown), lambda _: [(Part(f" {line}"),) for line in shown])

    def _show(self, newest: object, draw: Callable[[int], list[Line]]) -> None:
        if newest == self._newest:
            return
        is_at_end = self.first >= len(self.rows) - self.page
        self._newest = newest
        self.read(draw)
        if is_at_end:
            self.move(len(self.rows))


def _said(line: LogLine, names: dict[str, str]) -> str:
    name = names.get(line.node, line.node[:7]) if line.node else ""
    return line.text if line.text.startswith(name) else f"{name}: {line.text}"


def _log_line(line: LogLine, names: dict[str, str], _: int) -> list[Line]:
    """One line of the log, to be cut."""
    return [(Part(f" {text.time_of_day(line.time)} ", "quiet"), Part(_said(line, names)))]


def _log_lines(line: LogLine, names: dict[str, str], width: int) -> list[Line]:
    """One line of the log, broken to the width."""
    first, *more = text.wrapped(_said(line, names), width - 11)
    return [
        (Part(f" {text.time_of_day(line.time)} ", "quiet"), Part(first)),
        *((Part(" " * 10), Part(rest)) for rest in more),
    ]
