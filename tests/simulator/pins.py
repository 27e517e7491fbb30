"""Trusting simulated keys."""

from collections.abc import Sequence
from pathlib import Path

from core.model.mirror import Mirror
from core.trust.keys import read_keys
from core.trust.pins import Pin
from core.trust.policy import policy_of
from core.trust.verify import Verifier
from tests.simulator.keys import SigningKey


def pin_of(key: SigningKey) -> Pin:
    """The pin of a key, also of one that could not be pinned today."""
    offered = read_keys(key.public)[0]
    return Pin(offered.fingerprint, offered.user_ids, offered.armored, 0.0)


def verifier_of(mirror: Mirror, keys: Sequence[SigningKey], keyrings: Path) -> Verifier:
    """The verifier of a mirror for which `keys` are trusted."""
    return Verifier(mirror, [pin_of(key) for key in keys], policy_of(mirror), keyrings)
