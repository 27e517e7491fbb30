"""Verifying the manifest of one simulated build."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import Refused
from core.model.artifact import VerifiedManifest
from core.trust.pins import Pin
from core.trust.policy import policy_of
from core.trust.verify import Verifier
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.pins import pin_of

Verify = Callable[..., VerifiedManifest]


@pytest.fixture
def verify(simulated: SimulatedMirror, tmp_path: Path, signing_key: SigningKey) -> Verify:
    """Verifies what is at the place of boat, or the data given instead."""

    def call(
        data: bytes | None = None, pins: Sequence[Pin] | None = None, *, signed: bool = True
    ) -> VerifiedManifest:
        mirror = replace(simulated.mirror(), signed=signed)
        trusted = [pin_of(signing_key)] if pins is None else pins
        verifier = Verifier(mirror, trusted, policy_of(mirror), tmp_path / "keyrings")
        raw = simulated.raw_manifest("boat")
        return verifier.manifest(raw if data is None else replace(raw, data=data))

    return call


def refusal(verify: Verify, *arguments: object, **options: object) -> Refused:
    """The error with which it is refused."""
    with pytest.raises(Refused) as caught:
        verify(*arguments, **options)
    assert caught.value.exit_status == 3
    assert caught.value.detail.startswith("Mirror simulated, file://")
    return caught.value
