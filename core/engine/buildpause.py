"""The jobs of a run that is paused: whoever keeps them in a queue is told to begin none."""

import time
from collections.abc import Collection

from core.engine.builders.protocol import Builder
from core.engine.reporter import Reporter
from core.errors import SpackbinError

AGAIN = 2.0
"""Seconds after which a builder that did not hear it is told again."""


class BuildPause:
    """Has the jobs of a run held, and released, as the run is paused and goes on.

    Args:
        reporter: where to tell that the builder does not hear it.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._is_held: bool | None = None
        """`None` if nobody knows: an earlier run may have left jobs held."""
        self._not_before = 0.0
        self._has_complained = False

    def heed(self, builder: Builder, jobs: Collection[str], *, is_paused: bool) -> None:
        """Tell the builder, if it has not heard yet whether the run is paused.

        Args:
            builder: whose jobs they are.
            jobs: all that have not ended.
            is_paused: whether the run is.
        """
        if is_paused == self._is_held or time.monotonic() < self._not_before:
            return
        try:
            (builder.hold if is_paused else builder.release)(jobs)
        except SpackbinError as error:
            if not self._has_complained:
                state = "are not held" if is_paused else "are still held"
                self._reporter.log(None, f"The builds in the queue {state}. {error}")
            self._has_complained = True
            self._is_held = None  # it may have heard, and not said so
            self._not_before = time.monotonic() + AGAIN
        else:
            self._is_held = is_paused
            self._has_complained = False
