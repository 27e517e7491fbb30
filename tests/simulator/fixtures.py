"""Fixtures for simulated mirrors."""

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.simulator.keys import KeyRing, SigningKey
from tests.simulator.mirror import SimulatedMirror, simulated_mirror
from tests.simulator.server import FaultyServer, serve


class Serve(Protocol):
    """Serves a directory until the end of the test."""

    def __call__(self, root: Path) -> FaultyServer: ...


@pytest.fixture(scope="session")
def key_ring() -> Generator[KeyRing]:
    """A GnuPG home for throw-away keys."""
    ring = KeyRing()
    yield ring
    ring.close()


@pytest.fixture(scope="session")
def signing_key(key_ring: KeyRing) -> SigningKey:
    """The key of the one who runs the simulated mirrors."""
    return key_ring.generate("Simulated Release <release@simulator.example>")


@pytest.fixture(scope="session")
def other_key(key_ring: KeyRing) -> SigningKey:
    """The key of somebody else."""
    return key_ring.generate("Somebody Else <else@simulator.example>")


@pytest.fixture
def simulated(tmp_path: Path, signing_key: SigningKey) -> SimulatedMirror:
    """A signed mirror with the default packages."""
    return simulated_mirror(tmp_path / "mirror", key=signing_key)


@pytest.fixture
def serving() -> Generator[Serve]:
    """Call it with a directory to have that served."""
    with ExitStack() as stack:
        yield lambda root: stack.enter_context(serve(root))
