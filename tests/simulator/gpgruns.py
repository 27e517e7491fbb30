"""How often GnuPG is run."""

import shutil
from pathlib import Path

import pytest


class GpgRuns:
    """Counts the runs of GnuPG by a program in front of it on the PATH."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        directory = place / "counting"
        directory.mkdir()
        self._notes = place / "runs-of-gpg"
        self._notes.touch()
        program = directory / "gpg"
        real = shutil.which("gpg")
        program.write_text(f'#!/bin/sh\necho "$*" >> {self._notes}\nexec {real} "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(directory), prepend=":")

    def checks(self) -> int:
        """How many times it was asked for the signatures of clearsigned documents."""
        return sum("--decrypt" in line for line in self._notes.read_text().splitlines())
