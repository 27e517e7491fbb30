"""Whether a file system makes files at once, or has whoever makes one wait: network ones do."""

SLOW = 0.0005
"""Seconds for a small file, from which on it is worth to make several at a time."""
ENOUGH = 8
"""Files one after the other by which it is judged. A busy machine delays some, but hardly all."""


class Pace:
    """Judges by the small files of one package, as long as one thread makes them."""

    def __init__(self) -> None:
        self.is_slow = False
        """True once enough of them were."""
        self._slow = 0

    def note(self, seconds: float) -> None:
        """A small file took so long."""
        self._slow = self._slow + 1 if seconds > SLOW else 0
        self.is_slow = self._slow >= ENOUGH
