"""The output of a build as it is read from its file."""

import os
import time
from array import array
from pathlib import Path

import pytest

from tui.state import logfile
from tui.state.logfile import ABSENT, LogRows, find_line, line_starts, look_at, read_tail
from tui.text import of_log


def indexed(path: Path) -> LogRows:
    rows, end = LogRows(str(path)), 0
    while True:
        starts, read = line_starts(str(path), end)
        if read == end:
            return rows
        rows.extend(starts, read)
        end = read


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain\n", "plain"),
        (b"\x1b[01;31mred\x1b[0m and \x1b[Kmore\r\n", "red and more"),
        (b"10 %\r50 %\r100 %\r\n", "100 %"),
        (b"a\tb", "a       b"),
        (b"\x1b]0;title\x07behind", "behind"),
        (b"\x1b]52;c;ZXZpbA==\x1b\\behind", "behind"),
        (b"\x1b", "\ufffd"),
        (b"\x1b[2J\x9b2J\x07[bold]no[/bold]", "\ufffd2J\ufffd[bold]no[/bold]"),
        ("g\u0308\u202eevil".encode(), "g\ufffd\ufffdevil"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_lines_are_what_a_terminal_would_keep_and_harmless(raw: bytes, shown: str) -> None:
    assert of_log(raw) == shown
    assert "\x1b" not in of_log(raw)


def test_the_tail_is_the_last_lines(tmp_path: Path) -> None:
    lines = [f"line {number} {'x' * 50}" for number in range(10_000)]
    path = written(tmp_path / "log", "\n".join(lines).encode())
    tail = read_tail(str(path))
    assert tail == tuple(lines[-len(tail) :])
    assert 200 < len(tail) < logfile.TAIL_BYTES / 50
    assert read_tail(str(written(tmp_path / "short", b"one\ntwo\n"))) == ("one", "two")


def test_what_cannot_be_read_has_no_lines(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path, tmp_path / "pipe"):
        assert read_tail(str(path)) == ()
        assert look_at(str(path)) == ABSENT
        assert list(indexed(path)) == []
    assert read_tail("a\0b") == ()
    assert look_at("a\0b") == ABSENT


def test_all_lines_by_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "CHUNK", 7)
    lines = [f"{number} " + "x" * (number % 23) for number in range(300)]
    path = written(tmp_path / "log", "\n".join(lines).encode())
    rows = indexed(path)
    assert [line.rstrip() for line in rows] == [line.rstrip() for line in lines]
    assert len(rows) == 300
    assert rows[2:4] == [lines[2], lines[3]]
    with pytest.raises(IndexError):
        rows[300]
    for number in (0, 17, 299):
        assert rows.line_at(rows.starts[number]) == number
        assert rows.line_at(rows.starts[number] + 1) == number


def test_a_line_that_grows_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "log", b"one\ntw")
    rows = indexed(path)
    assert list(rows) == ["one", "tw"]
    path.write_bytes(b"one\ntwo\n")
    rows.extend(*line_starts(str(path), rows.end))
    assert list(rows) == ["one", "two"]


def test_empty_files_and_line_breaks(tmp_path: Path) -> None:
    assert list(indexed(written(tmp_path / "a", b""))) == []
    assert list(indexed(written(tmp_path / "b", b"\n\n"))) == ["", ""]


def test_a_long_line_is_cut(tmp_path: Path) -> None:
    path = written(tmp_path / "log", b"x" * 1_000_000 + b"\nend\n")
    rows = indexed(path)
    assert len(rows[0]) == logfile.LONGEST_LINE
    assert rows[1] == "end"
    assert max(map(len, read_tail(str(path)))) <= logfile.LONGEST_LINE


def test_finding_ignores_case_and_borders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "CHUNK", 5)
    data = b"aaaa Error: one\nbbbb ERROR: two\n"
    path = str(written(tmp_path / "log", data))
    first = find_line(path, b"error", 0, len(data))
    assert first == 5
    assert find_line(path, b"error", first + 1, len(data)) == data.index(b"ERROR")
    assert find_line(path, b"nothing", 0, len(data)) is None
    assert find_line(path, b"error", 0, 7) is None
    assert find_line(path, b"two\n", 0, len(data)) == len(data) - 4


def test_a_million_lines_are_indexed_at_once_and_read_when_seen(tmp_path: Path) -> None:
    line = b"libtool: compile: gcc -O2 -c of a file that is one of very many\n"
    path = written(tmp_path / "log", line * 1_000_000)
    began = time.process_time()
    rows = indexed(path)
    took = time.process_time() - began
    assert len(rows) == 1_000_000
    assert rows[999_999] == line.decode().strip()
    assert isinstance(rows.starts, array)
    assert rows.starts.itemsize == 8
    # Seconds of the processor; the screen goes on meanwhile.
    assert took < 10
