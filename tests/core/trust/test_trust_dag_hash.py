"""A spec document must have the hash that it claims, wherever that can be told."""

import json
from typing import Any

import pytest

from core.errors import Refused
from core.mirror.client import open_mirror
from core.trust.verify import Verifier
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.pins import verifier_of


@pytest.fixture
def verifier(simulated: SimulatedMirror, tmp_path, signing_key: SigningKey) -> Verifier:
    return verifier_of(simulated.mirror(), [signing_key], tmp_path / "keyrings")


def read(simulated: SimulatedMirror, verifier: Verifier, **change: object) -> str:
    """Sign a document whose root is changed and keeps its hash; the name of the spec read."""
    root: dict[str, Any] = {**simulated.builds["boat"].node, **change}
    document = {"spec": {"_meta": {"version": 5}, "nodes": [root]}}
    simulated.replace_spec_document("boat", json.dumps(document).encode())
    client = open_mirror(simulated.mirror())
    try:
        manifest = verifier.manifest(client.manifest(simulated.spec("boat")))
        return verifier.spec_document(manifest, client.spec_document(manifest)).name
    finally:
        client.close()


def test_a_changed_root_is_refused(simulated: SimulatedMirror, verifier: Verifier) -> None:
    label = simulated.wanted("boat").label
    assert read(simulated, verifier) == "boat"
    for change in ({"parameters": {"shared": True}}, {"dependencies": []}, {"namespace": "other"}):
        with pytest.raises(Refused) as caught:
            read(simulated, verifier, **change)
        assert caught.value.title == (
            f"The spec document of {label} does not have the hash that it claims"
        )
        assert "simulated" in caught.value.detail


def test_what_a_newer_spack_wrote_again_is_accepted(
    simulated: SimulatedMirror, verifier: Verifier
) -> None:
    again = {"original_specfile_version": 4, "compiler": "gcc@=12.2.0"}
    assert read(simulated, verifier, annotations=again) == "boat"
