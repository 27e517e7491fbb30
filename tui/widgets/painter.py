"""Sends frames to the terminal: what changed, and no more often than the line can bear."""

from collections.abc import Callable
from time import monotonic

from rich.console import Console
from textual._compositor import ChopsUpdate, LayoutUpdate

from tui.widgets.difference import Difference, Frame, note_update
from tui.widgets.pace import Pace


class Painter:
    """Collects what Textual wants to show, and sends it when it is time.

    Args:
        pace: how often.
        show: writes a difference to the terminal.
        later: calls a function after so many seconds.
        is_busy: whether the terminal has not taken all yet of what was sent.
        clock: tells the time in seconds.
    """

    def __init__(
        self,
        pace: Pace,
        show: Callable[[Difference], object],
        later: Callable[[float, Callable[[], None]], object],
        is_busy: Callable[[], bool],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._pace = pace
        self._show = show
        self._later = later
        self._is_busy = is_busy
        self._clock = clock
        self._frame = Frame()
        self._is_waiting = False

    def forget(self) -> None:
        """Somebody else wrote to the terminal, or it has another size."""
        self._frame.forget()

    def paint(self, update: LayoutUpdate | ChopsUpdate, console: Console) -> None:
        """Show an update, now or together with those that follow soon."""
        note_update(update, self._frame, console)
        if not self._is_waiting:
            self._send()

    def _send(self) -> None:
        self._is_waiting = False
        if not self._frame.is_behind:
            return
        now = self._clock()
        pause = self._pace.wait(now, is_busy=self._is_busy())
        if pause > 0:
            self._is_waiting = True
            self._later(pause, self._send)
        else:
            self._pace.sent(now)
            self._show(Difference(self._frame))
