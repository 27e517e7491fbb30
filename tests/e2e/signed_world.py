"""A signed mirror, its owner and somebody else, for tests of what must not be believed."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.program import Program
from tests.simulator.keys import KeyRing, SigningKey
from tests.simulator.mirror import SimulatedMirror, manifest_text, simulated_mirror

REFUSED = 3
"""Exit status of a refusal for trust."""
UNKNOWN = "tide@2.1/{hash} is signed by the key {other}, which is not trusted for mirror harbor"


@dataclass
class World:
    """A mirror, its owner, and somebody else."""

    mirror: SimulatedMirror
    owner: SigningKey
    other: SigningKey

    def change(self, old: bytes, new: bytes) -> None:
        data = self.mirror.manifest_path("tide").read_bytes()
        assert old in data
        self.mirror.write_raw_manifest("tide", data.replace(old, new, 1))

    def around(self, before: bytes = b"", after: bytes = b"") -> None:
        data = self.mirror.manifest_path("tide").read_bytes()
        self.mirror.write_raw_manifest("tide", before + data + after)

    def sign(self, text: bytes, *options: str) -> None:
        self.mirror.write_raw_manifest("tide", self.owner.clearsign(text, *options))

    @property
    def text(self) -> bytes:
        return manifest_text(self.mirror.records("tide"))


@pytest.fixture(scope="session")
def owner(key_ring: KeyRing) -> SigningKey:
    """An RSA key: with an Ed25519 one GnuPG makes no signatures with weak digests."""
    return key_ring.generate("Owner <owner@simulator.example>", algorithm="rsa2048")


@pytest.fixture
def world(tmp_path: Path, owner: SigningKey, other_key: SigningKey) -> World:
    return World(simulated_mirror(tmp_path / "mirror", key=owner), owner, other_key)


def assert_untouched(program: Program) -> None:
    assert program.left_in_store() == []
    assert not (program.store / ".spack-db" / "index.json").exists()


def hash_of(world: World) -> str:
    return world.mirror.wanted("tide").hash[:7]
