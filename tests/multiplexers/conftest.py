"""Tests inside of GNU screen and tmux, collected where these are."""

import shutil
from pathlib import Path

import pytest

from tests.program import Program

collect_ignore = [f"test_{name}.py" for name in ("screen", "tmux") if not shutil.which(name)]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """spackbin in a world of its own."""
    directory = tmp_path / "world"
    directory.mkdir()
    return Program(directory, tmp_path / "store")
