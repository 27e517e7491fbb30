"""The keyring of one mirror: nothing but its pins, wherever it has to lie."""

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import Refused, StoreError
from tests.core.trust.trusting import Verify, refusal
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.pins import pin_of, verifier_of


def test_keyrings_are_kept_repaired_and_may_be_read_only(
    verify: Verify, tmp_path: Path, signing_key: SigningKey
) -> None:
    verify()
    (keyring,) = (tmp_path / "keyrings").rglob("*.gpg")
    before = keyring.stat().st_mtime_ns
    assert {path.name for path in keyring.parent.iterdir()} == {"always", "lately", "pins.gpg"}
    # Otherwise nothing is asked of GnuPG, and the keyring not used.
    shutil.rmtree(keyring.parent / "lately")
    verify()
    assert keyring.stat().st_mtime_ns == before
    keyring.write_bytes(b"damaged")
    shutil.rmtree(keyring.parent / "lately")
    verify()
    shutil.rmtree(keyring.parent / "lately")
    keyring.chmod(0o400)
    keyring.parent.chmod(0o500)
    verify()
    keyring.parent.chmod(0o700)


def test_a_long_path_of_keyrings(
    simulated: SimulatedMirror, tmp_path: Path, signing_key: SigningKey
) -> None:
    keyrings = tmp_path / ("with blanks and ü " * 10) / ("x" * 200)
    mirror = simulated.mirror()
    verifier = verifier_of(mirror, [signing_key], keyrings)
    assert verifier.manifest(simulated.raw_manifest("boat")).signature is not None


def test_a_place_of_keyrings_that_cannot_be_made(
    simulated: SimulatedMirror, tmp_path: Path, signing_key: SigningKey
) -> None:
    (tmp_path / "file").write_text("")
    mirror = simulated.mirror()
    verifier = verifier_of(mirror, [signing_key], tmp_path / "file" / "k")
    with pytest.raises(StoreError) as caught:
        verifier.manifest(simulated.raw_manifest("boat"))
    assert caught.value.title.startswith("The keyring of trusted keys cannot be used: ")
    assert "SPACKBIN_STATE_DIR" in caught.value.hint


@pytest.mark.parametrize("armored", ["", "nonsense", "-----BEGIN\n\n???\n-----END"])
def test_a_damaged_pin_is_named(armored: str, verify: Verify, signing_key: SigningKey) -> None:
    pin = replace(pin_of(signing_key), armored=armored)
    with pytest.raises(StoreError, match=f"The trusted key {pin.fingerprint} is damaged"):
        verify(None, [pin])


def test_a_pin_does_not_vouch_for_another_key_in_its_armour(
    verify: Verify, simulated: SimulatedMirror, signing_key: SigningKey, other_key: SigningKey
) -> None:
    smuggled = replace(pin_of(signing_key), armored=pin_of(other_key).armored)
    simulated.sign_by("boat", other_key)
    error = refusal(verify, None, [smuggled])
    assert f"is signed by the key {other_key.fingerprint}, which is not trusted" in error.title


def test_a_host_without_gnupg(
    verify: Verify, signing_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = [pin_of(signing_key)]
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Refused, match="GnuPG is not here"):
        verify(None, pins)
