"""Work that is done at once, as long as that takes no longer than to give it to others."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

from core.errors import SpackbinError

PATIENCE = 0.01
"""Seconds of waiting that always pass."""
MOST_WAITING = 4
"""Seconds of waiting for each second of work; a processor that others use makes for one or two."""

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class AtOnce:
    """Takes jobs as an executor does, and notes whether it mostly waits with them.

    Threads that have nothing to wait for hinder one another. So what is in the memory of this
    machine is best read by one; what a slow file system has, by several.
    """

    def __init__(self) -> None:
        self._worked = 0.0
        self._waited = 0.0

    @property
    def is_quick(self) -> bool:
        """False once most of the time was spent in waiting."""
        return self._waited <= MOST_WAITING * self._worked + PATIENCE

    def submit(
        self, job: Callable[_Given, _Result], /, *given: _Given.args, **named: _Given.kwargs
    ) -> Future[_Result]:
        """What came of a job; its `SpackbinError` is kept for whoever asks."""
        future: Future[_Result] = Future()
        began, worked = time.monotonic(), time.thread_time()
        try:
            future.set_result(job(*given, **named))
        except SpackbinError as error:
            future.set_exception(error)
        worked = time.thread_time() - worked
        self._worked += worked
        self._waited += time.monotonic() - began - worked
        return future
