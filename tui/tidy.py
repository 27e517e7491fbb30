"""Garbage is looked for while nobody types: among all objects that takes as long as many a key."""

import asyncio
import gc

REST_SECONDS = 2.0
"""No key for so long, and nobody is kept waiting."""
THRESHOLDS = (700, 10, 1000)
"""How often garbage is looked for by itself: among new objects as ever, among all very rarely."""


class Tidy:
    """Looks for garbage among all objects some time after the last key."""

    def __init__(self) -> None:
        self._planned: asyncio.TimerHandle | None = None

    def later(self) -> None:
        """A key came: wait until no more come."""
        if self._planned:
            self._planned.cancel()
        self._planned = asyncio.get_running_loop().call_later(REST_SECONDS, gc.collect)
