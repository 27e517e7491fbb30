"""Having Spack's solver decide, on a command line: the wait is shown, nothing is left running."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.cancel import CancelToken
from tui.cli.output import shown
from tui.text import fitted

if TYPE_CHECKING:
    from core.model.environment import Environment
    from core.session import Session

WIDTH = 79
"""Columns of the line that says how long Spack has been at work."""


def solved(
    session: "Session", specs: Sequence[str], *, reuse: bool | None, is_quiet: bool
) -> "Environment":
    """What Spack makes of `specs`, with what the mirrors offer.

    Args:
        session: whose Spack is asked.
        specs: as a user gives them.
        reuse: whether builds on offer are preferred; `None` for Spack's own configuration.
        is_quiet: True to say nothing meanwhile.

    Raises:
        NotAvailable: there is no Spack, or it finds no way.
    """
    waited = Waited(is_quiet)
    try:
        return session.spack.concretize(specs, CancelToken(), reuse=reuse, waiting=waited)
    finally:
        waited.end()
        session.spack.close()


class Waited:
    """Says on a terminal, in one line, how long Spack has been at work and what it said last.

    Args:
        is_quiet: True to say nothing.
    """

    def __init__(self, is_quiet: bool) -> None:
        self._is_silent = is_quiet or not sys.stderr.isatty()
        self._said = 0

    def __call__(self, seconds: float, line: str) -> None:
        """Say it, once a second."""
        if self._is_silent or int(seconds) <= self._said:
            return
        self._said = int(seconds)
        text = shown(f"Spack is at work: {self._said} s  {line}")
        self._write(text)

    def end(self) -> None:
        """Take the line away."""
        if self._said:
            self._write("")

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(f"\r{fitted(text, WIDTH)}\r")
        sys.stderr.flush()
