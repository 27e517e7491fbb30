"""What was found good lately is not checked again; anything else is."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Refused
from core.trust import gpg, lately
from core.trust.verify import Verifier
from tests.simulator.keys import SigningKey
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
    (kept,) = (tmp_path / "keyrings").glob("*/lately/*/root-*")
    kept.write_bytes(kept.read_bytes().replace(b'"3.0"', b'"3.1"'))
    with pytest.raises(Refused):
        fresh().spec_document(manifest, document)


def test_a_remembered_root_is_the_same(fresh: Fresh, simulated: SimulatedMirror) -> None:
    manifest = fresh().manifest(simulated.raw_manifest("boat"))
    document = simulated.spec_path("boat").read_bytes()
    assert fresh().spec_document(manifest, document) == fresh().spec_document(manifest, document)
    with pytest.raises(Refused, match="bytes instead of"):
        fresh().spec_document(manifest, document + b"x")
