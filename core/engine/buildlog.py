"""Finds in the log of a build, as it grows, which of Spack's phases it has come to."""

from collections.abc import Iterator
from pathlib import Path

from core.spack.install import step_of

MOST = 1 << 20
"""Bytes that are read of a log at a time."""
LONGEST_LINE = 1 << 14
"""Bytes of a line; what is longer names no phase."""


class Steps:
    """The phases of one build, as its log tells them.

    Args:
        log: the file, whether it is there yet or not.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._offset = 0
        self._rest = b""
        self._last = ""

    def news(self) -> Iterator[str]:
        """The phases that it came to since the last look; a log that cannot be read tells none."""
        for line in self._lines():
            step = step_of(line.decode(errors="replace"))
            if step and step != self._last:
                self._last = step
                yield step

    def _lines(self) -> list[bytes]:
        try:
            with self._log.open("rb") as stream:
                stream.seek(self._offset)
                data = stream.read(MOST)
        except OSError:
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[:LONGEST_LINE]
        return lines
