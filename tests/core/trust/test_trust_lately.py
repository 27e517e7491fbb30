"""What was found good lately is not checked again; anything else is."""

import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import Refused
from core.model.artifact import VerifiedManifest
from core.model.ident import Fingerprint
from core.trust import gpg, lately
from core.trust.keys import read_keys
from core.trust.pins import PinStore
from core.trust.policy import policy_of
from core.trust.verify import Verifier
from tests.simulator.keys import KeyRing, SigningKey
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.pins import verifier_of

Fresh = Callable[[], Verifier]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The documents that GnuPG was asked about."""
    documents: list[bytes] = []
    real = gpg.Gpg.read_signed

    def read_signed(self: gpg.Gpg, document: bytes) -> gpg.Said:
        documents.append(document)
        return real(self, document)

    monkeypatch.setattr(gpg.Gpg, "read_signed", read_signed)
    return documents


@pytest.fixture
def fresh(simulated: SimulatedMirror, signing_key: SigningKey, tmp_path: Path) -> Fresh:
    """Makes a verifier as another process would have it."""

    def made() -> Verifier:
        return verifier_of(simulated.mirror(), [signing_key], tmp_path / "keyrings")

    return made


def test_gnupg_is_asked_once(fresh: Fresh, simulated: SimulatedMirror, asked: list[bytes]) -> None:
    first = fresh().manifest(simulated.raw_manifest("boat"))
    again = fresh().manifest(simulated.raw_manifest("boat"))
    assert again == first
    assert again.signature is not None
    assert len(asked) == 1


def test_a_changed_document_is_another_one(
    fresh: Fresh, simulated: SimulatedMirror, asked: list[bytes]
) -> None:
    fresh().manifest(simulated.raw_manifest("boat"))
    path = simulated.manifest_path("boat")
    path.write_bytes(path.read_bytes().replace(b"gzip", b"none"))
    for _ in range(2):
        with pytest.raises(Refused, match="bad signature"):
            fresh().manifest(simulated.raw_manifest("boat"))
    # What is bad is not remembered.
    assert len(asked) == 3


def test_other_keys_know_nothing_of_it(
    simulated: SimulatedMirror, signing_key: SigningKey, tmp_path: Path, asked: list[bytes]
) -> None:
    keyrings = tmp_path / "keyrings"
    verifier_of(simulated.mirror(), [signing_key], keyrings).manifest(
        simulated.raw_manifest("boat")
    )
    other = signing_key.ring.generate("Other <other@simulator.example>")
    with pytest.raises(Refused, match="not trusted for mirror"):
        verifier_of(simulated.mirror(), [other], keyrings).manifest(simulated.raw_manifest("boat"))
    assert len(asked) == 2


def test_it_is_forgotten_by_the_clock(
    fresh: Fresh,
    simulated: SimulatedMirror,
    asked: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    now = time.time()
    for later, times in ((0, 1), (lately.PERIOD, 1), (2 * lately.PERIOD, 2)):
        monkeypatch.setattr(lately.time, "time", lambda later=later: now + later)
        fresh().manifest(simulated.raw_manifest("boat"))
        assert len(asked) == times
    # The oldest went when the newest came.
    (kept,) = (tmp_path / "keyrings").glob("*/lately")
    periods = {path.name for path in kept.iterdir()}
    assert str(int(now) // lately.PERIOD) not in periods


def test_nothing_is_believed_that_others_could_have_written(
    fresh: Fresh, simulated: SimulatedMirror, asked: list[bytes], tmp_path: Path
) -> None:
    fresh().manifest(simulated.raw_manifest("boat"))
    (home,) = (tmp_path / "keyrings").iterdir()
    home.chmod(0o777)
    fresh().manifest(simulated.raw_manifest("boat"))
    assert len(asked) == 2


def test_damage_is_not_believed(
    fresh: Fresh, simulated: SimulatedMirror, asked: list[bytes], tmp_path: Path
) -> None:
    manifest = fresh().manifest(simulated.raw_manifest("boat"))
    document = simulated.spec_path("boat").read_bytes()
    first = fresh().spec_document(manifest, document)
    for kept in (tmp_path / "keyrings").glob("*/lately/*/*"):
        kept.write_bytes(kept.read_bytes()[:-10])
    assert fresh().manifest(simulated.raw_manifest("boat")) == manifest
    assert len(asked) == 2
    assert fresh().spec_document(manifest, document) == first


def test_a_root_that_is_remembered_is_still_held_against_what_was_asked(
    fresh: Fresh, simulated: SimulatedMirror, tmp_path: Path
) -> None:
    manifest = fresh().manifest(simulated.raw_manifest("boat"))
    document = simulated.spec_path("boat").read_bytes()
    fresh().spec_document(manifest, document)
    (kept,) = (tmp_path / "keyrings").glob("*/lately/*/node-*")
    kept.write_bytes(kept.read_bytes().replace(b'"3.0"', b'"3.1"'))
    with pytest.raises(Refused):
        fresh().spec_document(manifest, document)


def test_a_remembered_root_is_the_same(fresh: Fresh, simulated: SimulatedMirror) -> None:
    manifest = fresh().manifest(simulated.raw_manifest("boat"))
    document = simulated.spec_path("boat").read_bytes()
    assert fresh().spec_document(manifest, document) == fresh().spec_document(manifest, document)
    with pytest.raises(Refused, match="bytes instead of"):
        fresh().spec_document(manifest, document + b"x")


def test_a_spec_document_is_known_by_its_digest_for_what_it_was_good_for(
    fresh: Fresh, simulated: SimulatedMirror, tmp_path: Path
) -> None:
    manifest = fresh().manifest(simulated.raw_manifest("boat"))
    tide = fresh().manifest(simulated.raw_manifest("tide"))
    document = simulated.spec_path("boat").read_bytes()
    size = len(document)
    assert not fresh().knows_spec_document(manifest, size)
    fresh().spec_document(manifest, document)
    assert fresh().knows_spec_document(manifest, size)
    assert not fresh().knows_spec_document(manifest, size + 1)
    assert not fresh().knows_spec_document(tide, size)
    # The same document at the place of another build, or for another archive.
    swapped = replace(manifest, asked=tide.asked)
    assert not fresh().knows_spec_document(swapped, size)
    with pytest.raises(Refused, match="at the place of"):
        fresh().spec_document(swapped, document)
    assert not fresh().knows_spec_document(replace(manifest, archive=tide.archive), size)
    (home,) = (tmp_path / "keyrings").iterdir()
    home.chmod(0o777)
    assert not fresh().knows_spec_document(manifest, size)
    home.chmod(0o700)
    (kept,) = home.glob("lately/*/node-*")
    kept.write_bytes(kept.read_bytes()[:-10])
    assert not fresh().knows_spec_document(manifest, size)


def test_a_spec_document_that_was_refused_is_not_known(
    fresh: Fresh, simulated: SimulatedMirror
) -> None:
    simulated.replace_spec_document("boat", simulated.spec_path("tide").read_bytes())
    manifest = fresh().manifest(simulated.raw_manifest("boat"))
    document = simulated.spec_path("boat").read_bytes()
    with pytest.raises(Refused):
        fresh().spec_document(manifest, document)
    assert not fresh().knows_spec_document(manifest, len(document))


def test_only_signed_manifests_that_nobody_checked_lately_are_unknown(
    fresh: Fresh, simulated: SimulatedMirror, asked: list[bytes]
) -> None:
    boat, tide = (simulated.raw_manifest(name) for name in ("boat", "tide"))
    first = fresh()
    assert first.recall([boat, tide]) == [boat, tide]
    first.manifest(boat)
    other = fresh()
    assert other.recall([boat, tide]) == [tide]
    other.manifest(boat)
    assert len(asked) == 1
    assert other.recall([replace(tide, data=b'{"version": 3}')]) == []


# Keys that count no more, or not for this mirror; those that expire are in test_trust_expiry.py


def test_a_distrusted_key_counts_no_more_at_once(
    simulated: SimulatedMirror, signing_key: SigningKey, tmp_path: Path
) -> None:
    mirror, place = simulated.mirror(), tmp_path / "pins.json"
    pins = PinStore(place)

    def verified() -> VerifiedManifest:
        verifier = Verifier(mirror, pins.pins(mirror), policy_of(mirror), tmp_path / "keyrings")
        return verifier.manifest(simulated.raw_manifest("boat"))

    pins.add(mirror, read_keys(signing_key.public)[0])
    assert verified().signature
    pins.remove(mirror, Fingerprint(signing_key.fingerprint))
    with pytest.raises(Refused, match="not trusted for mirror"):
        verified()
    pins.add(mirror, read_keys(signing_key.public)[0])
    assert verified().signature


def test_a_key_learned_to_be_revoked_counts_no_more_at_once(
    simulated: SimulatedMirror, key_ring: KeyRing, tmp_path: Path
) -> None:
    key = key_ring.generate("Revoked Meanwhile <meanwhile@simulator.example>")
    simulated.sign_by("boat", key)

    def verified() -> VerifiedManifest:
        verifier = verifier_of(simulated.mirror(), [key], tmp_path / "keyrings")
        return verifier.manifest(simulated.raw_manifest("boat"))

    assert verified().signature
    key_ring.revoke(key)
    with pytest.raises(Refused, match="which is revoked"):
        verified()
    # Whoever may move directories beside it cannot bring back what was found then.
    before, now = sorted((tmp_path / "keyrings").iterdir(), key=lambda home: home.stat().st_mtime)
    shutil.rmtree(now / "lately", ignore_errors=True)
    (before / "lately").rename(now / "lately")
    with pytest.raises(Refused, match="which is revoked"):
        verified()


# Other users


def test_a_home_that_is_elsewhere_is_not_believed(
    fresh: Fresh, simulated: SimulatedMirror, asked: list[bytes], tmp_path: Path
) -> None:
    fresh().manifest(simulated.raw_manifest("boat"))
    (home,) = (tmp_path / "keyrings").iterdir()
    home.rename(tmp_path / "elsewhere")
    home.symlink_to(tmp_path / "elsewhere")
    fresh().manifest(simulated.raw_manifest("boat"))
    assert len(asked) == 2


def test_what_is_no_plain_file_is_not_waited_for(
    fresh: Fresh, simulated: SimulatedMirror, asked: list[bytes], tmp_path: Path
) -> None:
    fresh().manifest(simulated.raw_manifest("boat"))
    (kept,) = (tmp_path / "keyrings").glob("*/lately/*/signed-*")
    kept.unlink()
    kept.symlink_to("/dev/zero")
    fresh().manifest(simulated.raw_manifest("boat"))
    (home,) = (tmp_path / "keyrings").iterdir()
    for there in home.glob("lately/*/signed-*"):
        there.unlink()
        os.mkfifo(there)
    home.chmod(0o770)
    fresh().manifest(simulated.raw_manifest("boat"))
    assert len(asked) == 3


def test_nobody_else_may_look_into_it(
    fresh: Fresh, simulated: SimulatedMirror, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        fresh().manifest(simulated.raw_manifest("boat"))
    finally:
        os.umask(before)
    (home,) = (tmp_path / "keyrings").iterdir()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
