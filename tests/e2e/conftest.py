"""Fixtures for the tests that run the real program."""

from pathlib import Path

import pytest

from tests.e2e.signed_world import owner, world  # noqa: F401
from tests.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """spackbin in a world of its own."""
    directory = tmp_path / "world"
    directory.mkdir()
    return Program(directory, tmp_path / "store")
