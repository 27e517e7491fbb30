"""An install as it goes on."""

import time

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Horizontal

from core.events import PHASES
from core.session import Run
from tui.messages import builds, facts, requests
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.screens.buildlog import BuildLogScreen
from tui.screens.dialogs import Dialog, joined, paragraphs
from tui.screens.keys import KeysScreen
from tui.screens.trust import unknown_key_dialog
from tui.state.badges import named
from tui.state.keys import unknown_key
from tui.state.run import RunState
from tui.state.runnode import NodeState, Status
from tui.text import Line, Part, counted, cropped
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList
from tui.widgets.paper import Paper, set_title
from tui.widgets.run import LogView, PhasePane, RunSummary, RunTable

TAIL = 200
"""Lines of the log in the overview."""
SIX_PHASES = 96
"""Columns in which six phases have room; of five there is room in 80."""
LAST_LINES = 5
"""Lines of the output of a failed build in the dialog about it."""


class RunScreen(CommandScreen):
    """Overview (phases, packages, the last lines of the log), or the log alone."""

    BINDINGS = bindings_of("run")
    table_name = "run"

    def __init__(self, run: Run, state: RunState) -> None:
        super().__init__()
        self._run = run
        self._state = state
        self._tailed: builds.TailLog | None = None
        self._tail: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """From the whole to the single line."""
        yield Paper(self._quarantine, id="quarantine")
        yield RunSummary()
        with Horizontal(id="phases"):
            for phase in (*PHASES, "build"):
                yield PhasePane(phase)
        yield RunTable(self._state)
        yield LogView()
        yield self.make_footer()

    def on_mount(self) -> None:
        """Draw what is known; the clock ticks once a second while the run goes on."""
        self._list_nodes()
        self._table.focus()
        self._draw()
        self._relabel()
        if not self._state.has_ended:
            self._clock = self.set_interval(1.0, self._tick)

    @property
    def _table(self) -> RunTable:
        return self.query_one(RunTable)

    @property
    def _log(self) -> LogView:
        return self.query_one(LogView)

    @property
    def _is_log(self) -> bool:
        return self.has_class("-log")

    def _quarantine(self, width: int) -> list[Line]:
        """Nothing, unless the builds go where they are apart from all others."""
        mirror = self.badges.quarantined(self._state.store)
        if mirror is None:
            return []
        title = f" ⚠ Quarantine store of {named(mirror.name, mirror.badge)}: {mirror.quarantine}"
        return [(Part(cropped(title, width), "notice"),)]

    def _tick(self) -> None:
        if self._state.has_ended:
            self._clock.stop()
        self.query_one(RunSummary).update(self._state, time.time())
        self._table.tick()

    def learn(self, fact: Fact) -> None:
        """The state took in new events, or a build has written more: repaint what that changes."""
        if isinstance(fact, builds.LogTailed) and self._tailed and fact.path == self._tailed.path:
            self._tail = fact.lines
            self._draw_log()
        if not isinstance(fact, facts.RunProgressed):
            return
        if len(self._state.nodes) != len(self._table.rows):
            self._list_nodes()
        self._table.tick()
        self._draw()
        self._relabel()

    def _relabel(self) -> None:
        """The last line says what the keys do now."""
        if self._state.has_ended:
            self.footer.relabel("back", "back")
        self.footer.relabel("pause", "go on" if self._state.is_paused else "pause")

    def _list_nodes(self) -> None:
        self._table.show(list(self._state.nodes.values()))

    def _draw(self) -> None:
        self.query_one("#quarantine", Paper).write(self._quarantine)
        self.query_one(RunSummary).update(self._state, time.time())
        has_builds = self._state.has_builds
        self.query_one("#phase-build").display = has_builds
        # So that the others keep the room for what they say.
        is_wide = self.size.width >= SIX_PHASES
        self.query_one("#phase-verify").display = is_wide or not has_builds
        for totals in self._state.phase_totals():
            self.query_one(f"#phase-{totals.phase}", PhasePane).update(totals)
        self._follow_build()
        self._draw_log()

    def _draw_log(self) -> None:
        """Of a build under the cursor what it writes; else the log of the run, or of the row."""
        row = self._table.row
        if self._tailed and row:
            self._log.update_tail(self._tailed.path, self._tail)
            set_title(self._log, f"output of {row.label}")
            return
        row = row if self._is_log else None
        lines = self._state.log_of(row.node.hash if row else None)
        names = {str(hash_): state.node.name for hash_, state in self._state.nodes.items()}
        shown = lines if self._is_log else lines[-TAIL:]
        self._log.update(shown, names, is_whole=self._is_log)
        set_title(self._log, f"log of {row.label}" if row else "log")

    def _follow_build(self) -> None:
        """Want the end of the output of the build under the cursor, as long as it grows."""
        row = self._table.row
        is_build = row is not None and bool(row.log)
        wanted = builds.TailLog(row.log, row.is_alive) if row and is_build else None
        if self._state.has_ended and wanted:
            wanted = replace(wanted, follows=False)
        if wanted == self._tailed:
            return
        if self._tailed is None or wanted is None or wanted.path != self._tailed.path:
            self._tail = ()
        self._tailed = wanted
        self.ask(wanted or requests.GiveUp(builds.TailLog))

    def on_line_list_moved(self, event: LineList.Moved) -> None:  # noqa: ARG002
        """The pane below is about the build under the cursor."""
        self._follow_build()
        self._draw_log()

    def why_not(self, command: str) -> str:
        """A run that has ended can be neither cancelled nor paused."""
        row = self._table.row
        if command in ("cancel", "pause"):
            if self._state.has_ended:
                return "The install has ended"
            if self._state.is_cancelled:
                return "It is being cancelled: what is half done is cleaned up"
        if command == "output" and not (row and row.log):
            return "It has no output of its own: only what is built from source has"
        if command in ("view", "why") and row is None and self._state.lost is None:
            return "There is no package yet"
        return ""

    def do_view(self) -> None:
        """Switch between the overview and the log of one package."""
        self.toggle_class("-log")
        self._draw()
        (self._log if self._is_log else self._table).focus()

    def do_output(self) -> None:
        """Open all that the build has written."""
        assert self._table.row is not None
        self.app.push_screen(BuildLogScreen(self._table.row))

    def do_pause(self) -> None:
        """Begin nothing new, or go on."""
        self.ask(requests.PauseRun(self._run))

    def do_cancel(self) -> None:
        """Ask, then ask the engine to stop."""
        dialog = Dialog(
            "Cancel the install?",
            paragraphs(
                "What is installed so far stays. What is half done is cleaned up.",
                "The same install can be started again later; it goes on where this one stopped.",
            ),
            safe="Keep going",
            confirm="Cancel the install",
        )
        self.app.push_screen(dialog, self._cancel)

    def _cancel(self, cancels: bool | None) -> None:
        if cancels:
            self.ask(requests.CancelRun(self._run))

    def do_why(self) -> None:
        """Say how the package under the cursor stands, and what to do."""
        row = self._table.row
        if self._state.lost is not None:
            self.app.push_screen(_lost_dialog(self._run.id, self._state.lost))
        elif row:
            self._explain(row)

    def _explain(self, row: NodeState) -> None:
        unknown = unknown_key(row.title) if row.status is Status.FAILED else None
        if unknown is None:
            tail = self._tail if row.status is Status.FAILED else ()
            self.app.push_screen(_why_dialog(row, self._state, tail))
            return

        def decide(looks: bool | None) -> None:
            if looks:
                self.app.push_screen(KeysScreen((unknown.mirror,), unknown))

        self.app.push_screen(unknown_key_dialog(unknown), decide)

    def do_back(self) -> None:
        """Leave the log, or the screen; the install goes on."""
        if self._is_log:
            self.do_view()
        else:
            self.ask(requests.GiveUp(builds.TailLog))
            self.dismiss()

    def on_line_list_opened(self, _: LineList.Opened) -> None:
        """Two clicks open what a build has written, and explain everything else."""
        row = self._table.row
        self.action_do("output" if row and row.log else "why")


def _why_dialog(row: NodeState, state: RunState, tail: tuple[str, ...]) -> Dialog:
    waits = ", ".join(state.waits_for(row))
    others = sum(other.is_alive or other.status is Status.DONE for other in state.nodes.values())
    goes_on = f"Not stopped by it: {counted(others, 'other package')}."
    said = (row.detail, row.hint)
    says_phase = not (row.title or waits or row.reason or row.prefix)
    about = paragraphs(
        _sentence(row.title[:1].upper() + row.title[1:]),
        # Together for builds: what they wrote last needs the room.
        *map(_sentence, [". ".join(filter(None, said))] if row.is_build else said),
        f"It waits for {waits}." if row.status is Status.WAITING and waits else "",
        f"It waits for {row.awaits}." if row.awaits else "",
        f"{row.builder}: {row.reason}." if row.reason else "",
        f"It is installed in {row.prefix}." if row.prefix else "",
        f"To run its programs, if it has any: export PATH={row.prefix}/bin:$PATH"
        if row.prefix
        else "",
        f"Phase: {row.step or row.phase or 'none'}." if says_phase else "",
    )
    last: list[Line] = [(Part(f"  {line}", "quiet"),) for line in tail[-LAST_LINES:]]
    heading: list[Line] = [(Part("The last that it wrote:"),)] if last else []
    behind = paragraphs(
        f"All it wrote: {row.log}" if row.log and row.log not in row.detail else "",
        goes_on if row.status is Status.FAILED and others else "",
    )
    shown = joined(about, lambda _: [*heading, *last], behind)
    return Dialog(f"{row.label}: {row.words}", shown)


def _sentence(said: str) -> str:
    """With a full stop, whoever said it."""
    return said if not said or said.endswith((".", "?")) else f"{said}."


def _lost_dialog(run: str, last_words: str) -> Dialog:
    return Dialog(
        "The install process ended without a word",
        paragraphs(
            "Packages that are listed as done are installed; the others left nothing behind.",
            "Start the same install again: it goes on where this one stopped. Or, in the shell,"
            f" spackbin attach {run} says what is left, builds included, and names the command"
            " that goes on with it.",
            last_words and "The last it wrote:",
            last_words,
        ),
    )
