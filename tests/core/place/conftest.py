"""Fixtures for placing packages."""

import pytest
from packing import Packer, hello_node

from core.model.spec import ConcreteSpec, spec_from_node


@pytest.fixture
def hello() -> ConcreteSpec:
    return spec_from_node(hello_node())


@pytest.fixture
def packer() -> Packer:
    return Packer()


@pytest.fixture(params=["quick", "slow"])
def pace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system as it is, and as if it were slow from the second small file on."""
    if request.param == "slow":
        monkeypatch.setattr("core.archive.pace.SLOW", -1.0)
        monkeypatch.setattr("core.archive.pace.ENOUGH", 1)
