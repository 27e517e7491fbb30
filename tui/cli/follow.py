"""A run as it goes, on the command line."""

import time
from pathlib import Path
from shlex import quote

from core.errors import Interrupted, StoreError
from core.events import (
    CancelRequested,
    Event,
    LockAwaited,
    LogWritten,
    MarkedExplicit,
    NodeFailed,
    NodeFinished,
    NodeRelocated,
    NodeSkipped,
    NodeVerified,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
)
from core.model.ident import DagHash
from core.session import Run, Session
from tui.cli.followbuilds import ABOUT_BUILDS, BuildLines
from tui.cli.output import note, print_json
from tui.cli.progress import ProgressLine
from tui.text import counted, duration, fingerprint

SHORTEST_PAUSE, LONGEST_PAUSE = 0.004, 0.1
"""Seconds between two looks at the journal: short while much happens, long while nothing does."""
_GROWTH = 1.15
MOST_PROGRAMS = 3
"""For so many packages it is said how to run them."""
GOOD = ": signature good, "
"""What the log of a run says of the signature of a package."""
_ORDERS = {
    CancelRequested: "Cancelled.",
    RunPaused: "Paused: what is begun is finished, nothing new is begun. To go on: spackbin resume",
    RunResumed: "It goes on.",
}
"""What is said when the engine was told something."""


def follow(
    run: Run, session: Session, *, quiet: bool, as_json: bool, store: str, verbose: bool = False
) -> int:
    """Report a run until its engine ends; returns its exit status.

    Ctrl-C asks the engine to stop and goes on reporting until it has cleaned up. With `verbose`,
    the signature and the relocation of each package are said, too.

    Raises:
        StoreError: the engine died; it says how to go on.
        Interrupted: it was cancelled before it began.
    """
    events: list[Event] = []
    with ProgressLine(events, is_wanted=not quiet) as progress:
        lines = _Lines(is_quiet=quiet, is_verbose=verbose)
        _follow(run, session, events, progress, lines, store if as_json else "")
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    if as_json:
        print_json("run", run=run.id, store=store, events=events, take_over=None)
    return finished.exit_status


def _follow(
    run: Run,
    session: Session,
    events: list[Event],
    progress: ProgressLine,
    lines: "_Lines",
    json_for: str,
) -> None:
    """Add what happens to `events`, and say it, until the run has ended."""
    quiet = lines.is_quiet
    pause = SHORTEST_PAUSE
    standing = ""
    while True:
        try:
            news = run.events()
            # Who writes lives; who is dead may have written since the look.
            is_alive = bool(news) or run.is_alive()
            news = news if is_alive else run.events()
            if not events and not quiet and standing != (standing := run.standing()) and standing:
                note(f"{standing}.")
            for event in news:
                events.append(event)
                for line in lines.of(event):
                    progress.wipe()
                    note(line)
            if isinstance(events[-1] if events else None, RunFinished):
                return
            if not is_alive and not events and run.is_cancelled():
                raise Interrupted("Cancelled before it began")
            if not is_alive:
                progress.wipe()
                raise _died(run, session, events, json_for)
            progress.show()
            pause = SHORTEST_PAUSE if news else min(pause * _GROWTH, LONGEST_PAUSE)
            time.sleep(pause)
        except KeyboardInterrupt:
            progress.wipe()
            note("Cancelling; waiting for the engine to clean up.")
            run.cancel()


def _died(run: Run, session: Session, events: list[Event], json_for: str) -> StoreError:
    """The error of a run whose engine died; with a store, its JSON document is printed first."""
    from tui.cli.takeover import take_over_of, without_a_word

    found = take_over_of(session, run, events)
    if json_for:
        print_json("run", run=run.id, store=json_for, events=events, take_over=found)
    return without_a_word(run, found)


class _Lines:
    """What is said of the events of a run."""

    def __init__(self, *, is_quiet: bool, is_verbose: bool) -> None:
        self.is_quiet = is_quiet
        """True if nothing is said."""
        self._is_verbose = is_verbose
        self._names: dict[DagHash, str] = {}
        self._roots: tuple[DagHash, ...] = ()
        self._bins: list[Path] = []
        self._signers: set[tuple[str, str]] = set()
        self._builds = BuildLines()

    def of(self, event: Event) -> list[str]:
        """The lines about an event, if there is something to say."""
        if isinstance(event, RunStarted):
            self._names = {node.hash: f"{node.name}@{node.version}" for node in event.nodes}
            self._roots = event.roots
        if self.is_quiet:
            return []
        line = self._line(event) or self._line_of_package(event)
        lines = [line] if line else []
        if isinstance(event, NodeFinished) and event.node in self._roots:
            self._bins.append(Path(event.prefix, "bin"))
        if isinstance(event, RunFinished):
            lines += [
                f"To run its programs: export PATH={quote(str(at))}:$PATH"
                for at in self._programs()
            ]
        if isinstance(event, ABOUT_BUILDS):
            lines += self._builds.of(event, self._names.get(event.node, "A package"))
        return lines

    def _line(self, event: Event) -> str:
        names, said = self._names, ""
        match event:
            case LogWritten() if GOOD in event.text and not self._is_verbose:
                pass  # The signer is named when its first archive is verified.
            case NodeVerified() if event.signer and not self._is_verbose:
                said = self._signed_by(event)
            case LogWritten():
                said = f"  {event.text}"
            case LockAwaited():
                from tui.state.run import lock_words

                said = f"{_who(event, names)} waits for {lock_words(event)}."
            case CancelRequested() | RunPaused() | RunResumed():
                said = _ORDERS[type(event)]
            case RunFinished():
                parts = [f"{counted(event.installed, 'package')} installed"]
                parts += [f"{event.failed} failed"] if event.failed else []
                parts += [f"{event.skipped} not tried"] if event.skipped else []
                said = f"{', '.join(parts)} in {duration(event.seconds)}."
            case _:
                pass
        return said

    def _line_of_package(self, event: Event) -> str:
        names, said = self._names, ""
        match event:
            case MarkedExplicit():
                said = f"{event.name}@{event.version}: installed already in {event.prefix}"
            case NodeRelocated() if event.files and self._is_verbose:
                paths, files = counted(event.strings, "path"), counted(event.files, "file")
                said = f"  {names[event.node]}: relocated, {paths} in {files} changed"
            case NodeFinished():
                state = "installed already" if event.already else "installed"
                said = f"{names[event.node]}: {state} in {event.prefix}"
            case NodeFailed():
                text = ". ".join(part for part in (event.title, event.detail, event.hint) if part)
                said = f"{names[event.node]}: failed. {text}."
            case NodeSkipped():
                said = f"{names[event.node]}: not tried, {event.reason}."
            case _:
                pass
        return said

    def _programs(self) -> list[Path]:
        """Where the programs are that were asked for; nothing if there are too many to say."""
        found = [path for path in self._bins if path.is_dir()]
        return found if len(found) <= MOST_PROGRAMS else []

    def _signed_by(self, event: NodeVerified) -> str:
        """Once for each signer: who signed what comes from a mirror."""
        signer = (event.mirror, event.signer)
        if signer in self._signers:
            return ""
        self._signers.add(signer)
        who = f"{event.signer_name} {fingerprint(event.signer)}"
        return f"  From {event.mirror}, signatures good: {who}"


def _who(event: LockAwaited, names: dict[DagHash, str]) -> str:
    return names.get(event.node, "A package") if event.node else "The run"
