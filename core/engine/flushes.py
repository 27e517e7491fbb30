"""Flushes of one file system that several threads ask for at about the same time, made once."""

import threading
from collections.abc import Callable
from pathlib import Path


class SharedFlush:
    """Whoever calls it returns after a flush that began after the call.

    Args:
        flush: has all on disk that was written before, on the file system of a path.
    """

    def __init__(self, flush: Callable[[Path], None]) -> None:
        self._flush = flush
        self._begun = 0
        self._done = 0
        self._one_at_a_time = threading.Lock()

    def __call__(self, path: Path) -> None:
        """Flush, or wait for a flush that somebody else has asked for since.

        Raises:
            OSError: something could not be written.
        """
        wanted = self._begun + 1
        with self._one_at_a_time:
            if self._done >= wanted:
                return
            self._begun += 1
            number = self._begun
            self._flush(path)
            self._done = number
