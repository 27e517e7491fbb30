"""Signing by codesign; there is no Mac here, so a program of that name stands for it."""

from pathlib import Path

import pytest

from core.errors import RelocationError
from core.relocate import codesign
from core.relocate.codesign import codesigned, find_codesign

SIGNS = '#!/bin/sh\nprintf "%s\\n" "$@" > "$0.words"\nprintf " signed" >> "$2"\n'


def program(place: Path, text: str = SIGNS) -> Path:
    path = place / "codesign"
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_it_is_found_on_a_mac_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_codesign("darwin") is None
    fake = program(tmp_path)
    assert find_codesign("darwin") == str(fake)
    assert find_codesign("linux") is None


def test_how_it_is_called(tmp_path: Path) -> None:
    fake = program(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    signed = codesigned(b"data", "lib/lib a.dylib", str(fake), scratch=scratch)
    assert signed == b"data signed"
    options, path = (tmp_path / "codesign.words").read_text().splitlines()
    assert options == "-fs-"
    assert path.endswith("/lib a.dylib")
    assert list(scratch.iterdir()) == []


def test_what_it_says_when_it_fails(tmp_path: Path) -> None:
    fake = program(tmp_path, "#!/bin/sh\necho 'no room\x1b[2J' >&2\nexit 1\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(RelocationError, match="cannot be signed") as caught:
        codesigned(b"data", "lib/a.dylib", str(fake), scratch=scratch)
    assert caught.value.detail == "codesign said 'no room\\x1b[2J'"
    assert list(scratch.iterdir()) == []


def test_one_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codesign, "CODESIGN_SECONDS", 0.1)
    fake = program(tmp_path, "#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(RelocationError, match=r"took more than 0\.1 seconds"):
        codesigned(b"data", "lib/a.dylib", str(fake), scratch=tmp_path)
