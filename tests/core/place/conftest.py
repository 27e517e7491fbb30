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
