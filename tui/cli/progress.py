"""A line at the foot of the terminal that says how far an install has come, while it goes on.

Not for pipes and files, nor for a terminal that another program has at the moment. It needs no
escape sequence: it goes back to the beginning of its line and writes over it.
"""

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from core.events import Event
from tui.cli.output import shown
from tui.text import cropped, width_of

if TYPE_CHECKING:
    from tui.state.run import RunState

PATIENCE = 1.0
"""Seconds before it shows first: what is quick needs no such line."""
PAUSE = 0.5
"""Seconds between two looks of it: slow lines bear that."""
_STDERR = 2


class ProgressLine:
    """The line; as a context it takes itself away at the end.

    Args:
        events: of the run so far; the one who adds to them calls `show`.
        is_wanted: False if nothing is to be shown at all.
    """

    def __init__(self, events: Sequence[Event], *, is_wanted: bool) -> None:
        self._events = events
        self._folded = 0
        self._state: RunState | None = None
        self._is_wanted = is_wanted and os.environ.get("TERM", "dumb") != "dumb"
        self._due = time.monotonic() + PATIENCE
        self._text = ""

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.wipe()

    def show(self) -> None:
        """Show how the run goes, if it is time for that."""
        if not self._is_wanted or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + PAUSE
        if columns := _columns():
            self._write(cropped(self._words(), columns - 1))

    def wipe(self) -> None:
        """Take the line away, for something else to be written there."""
        self._write("")

    def _words(self) -> str:
        # An install of a second does without.
        from tui.state.progress import progress_words
        from tui.state.run import RunState

        self._state = self._state or RunState()
        self._state.fold(self._events[self._folded :])
        self._folded = len(self._events)
        return shown(progress_words(self._state, time.time()))

    def _write(self, text: str) -> None:
        if text == self._text:
            return
        left_over = " " * (width_of(self._text) - width_of(text))
        end = "\r" if not text else ""
        # A terminal that was closed makes no end of the run.
        with contextlib.suppress(OSError):
            print(f"\r{text}{left_over}", end=end, file=sys.stderr, flush=True)
        self._text = text


def _columns() -> int:
    """Columns of the terminal, if it is there and ours to write on; else 0."""
    try:
        columns = os.get_terminal_size(_STDERR).columns
    except OSError:
        return 0
    # Where no shell shares it among jobs there is nothing to ask.
    with contextlib.suppress(OSError):
        return columns if os.tcgetpgrp(_STDERR) == os.getpgrp() else 0
    return columns
