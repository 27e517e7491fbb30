"""Reading simulated mirrors."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from core.mirror.client import MirrorClient, open_mirror
from core.model.artifact import VerifiedManifest
from core.trust.policy import ACCEPT_UNSIGNED_BINARIES
from core.trust.verify import Verifier
from tests.simulator.mirror import SimulatedMirror


@pytest.fixture
def client(simulated: SimulatedMirror) -> Generator[MirrorClient]:
    """A client of the simulated mirror."""
    opened = open_mirror(simulated.mirror())
    yield opened
    opened.close()


def nothing(done: int, total: int) -> None:
    """Progress that nobody watches."""


def believed(simulated: SimulatedMirror, client: MirrorClient, name: str) -> VerifiedManifest:
    """The manifest of a build, its signature left aside: this is about transport."""
    raw = client.manifest(simulated.spec(name))
    mirror = replace(client.mirror, signed=False)
    keyrings = simulated.root.parent / "keyrings"
    return Verifier(mirror, (), ACCEPT_UNSIGNED_BINARIES, keyrings).manifest(raw)
