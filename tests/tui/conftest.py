import pytest

from tests.tui.tui_fakes import FakeSession


@pytest.fixture
def session() -> FakeSession:
    """A session in memory."""
    return FakeSession()
