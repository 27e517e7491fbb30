"""The output of a build, read from its file: its end, and all of its lines by their offsets.

Such a file may be large, may grow while it is read, may begin anew, and may lie on a file system
that is slow: what is read is bounded, and what did not change is not read again.
"""

import os
import stat
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, overload

from tui.text import of_log

TAIL_BYTES = 16 << 10
"""Bytes at the end of a file that are read to show its last lines."""
CHUNK = 4 << 20
"""Bytes of a file that are looked through in one go."""
LONGEST_LINE = 4 << 10
"""Bytes of a line that are shown."""
_REMEMBERED = 512
"""Lines that are kept in memory."""
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class FileState(NamedTuple):
    """By what a change of a file is noticed."""

    inode: int
    """Another file in its place has another."""
    size: int
    """Bytes."""
    changed: int
    """When it was written, nanoseconds since the epoch."""


ABSENT = FileState(0, 0, 0)
"""There is no such file, or nothing that could be read."""


def look_at(path: str) -> FileState:
    """How a file stands."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return ABSENT
    if not stat.S_ISREG(found.st_mode):
        return ABSENT
    return FileState(found.st_ino, found.st_size, found.st_mtime_ns)


def read_tail(path: str) -> tuple[str, ...]:
    """The last lines of a file, cleaned; nothing if it cannot be read."""
    size = look_at(path).size
    start = max(size - TAIL_BYTES, 0)
    lines = _read(path, start, TAIL_BYTES).splitlines()
    # The first may have lost its beginning.
    return tuple(of_log(line[:LONGEST_LINE]) for line in (lines[1:] if start else lines))


def line_starts(path: str, offset: int) -> "tuple[array[int], int]":
    """Where lines begin that follow a line break at or behind `offset`, and how far was read."""
    data = _read(path, offset, CHUNK)
    starts: array[int] = array("Q")
    at = data.find(b"\n")
    while at >= 0:
        starts.append(offset + at + 1)
        at = data.find(b"\n", at + 1)
    return starts, offset + len(data)


def find_line(path: str, needle: bytes, offset: int, end: int) -> int | None:
    """The offset, in [offset, end), of the first place with `needle`, in whatever case."""
    wanted, overlap = needle.lower(), max(len(needle) - 1, 0)
    while offset < end:
        data = _read(path, offset, min(CHUNK + overlap, end - offset))
        if not data:
            return None
        at = data.lower().find(wanted)
        if at >= 0:
            return offset + at
        offset += len(data) - overlap if len(data) > overlap else len(data)
    return None


def _read(path: str, offset: int, number: int) -> bytes:
    """Bytes of a regular file; nothing if it cannot be read."""
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError):
        return b""
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.pread(descriptor, number, offset) if is_file else b""
    except OSError:
        return b""
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class LogRows(Sequence[str]):
    """All lines of a file, of which those are read that are looked at."""

    path: str
    """The file. Foreign text inside."""
    starts: "array[int]" = field(default_factory=lambda: array("Q", [0]))
    """Offset of each line; the last one may be empty or not finished yet."""
    end: int = 0
    """How far the file is known."""
    _lines: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])

    def extend(self, starts: "array[int]", end: int) -> None:
        """Know more of the file."""
        self.starts.extend(starts)
        self.end = end

    def line_at(self, offset: int) -> int:
        """The number of the line in which an offset lies, from 0 on."""
        low, high = 0, len(self.starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.starts[middle] <= offset else (low, middle)
        return low

    def __len__(self) -> int:
        return len(self.starts) - (self.starts[-1] >= self.end)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        start = self.starts[index]
        end = self.starts[index + 1] if index + 1 < len(self.starts) else self.end
        if (start, end) not in self._lines:
            if len(self._lines) >= _REMEMBERED:
                self._lines.clear()
            line = _read(self.path, start, min(end - start, LONGEST_LINE))
            self._lines[start, end] = of_log(line)
        return self._lines[start, end]
