"""A cancel token: a flag that long work looks at between steps."""

import threading

from core.errors import Interrupted


class CancelToken:
    """Shared by the one who cancels and those who work."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask all work that holds this token to stop."""
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        """True once `cancel` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Interrupted` if the token was cancelled."""
        if self._event.is_set():
            raise Interrupted("Cancelled")

    def wait(self, seconds: float) -> bool:
        """Sleep up to `seconds`; True if the token was cancelled meanwhile."""
        return self._event.wait(seconds)
