"""Many manifests in one run of GnuPG: what is said of each is what is said of it alone."""

from pathlib import Path

import pytest

from core.model.artifact import RawManifest, VerifiedManifest
from core.trust.keyring import open_keyring
from core.trust.signature import find_signature
from tests.simulator.gpgruns import GpgRuns
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.pins import pin_of, verifier_of

TEXTS = [f'{{"number": {number}}}\n'.encode() for number in range(8)]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GpgRuns:
    return GpgRuns(tmp_path, monkeypatch)


def raws_of(simulated: SimulatedMirror) -> list[RawManifest]:
    return [simulated.raw_manifest(name) for name in ("boat", "tide")]


def test_all_are_read_in_one_run(runs: GpgRuns, tmp_path: Path, signing_key: SigningKey) -> None:
    documents = [signing_key.clearsign(text) for text in TEXTS]
    said = open_keyring(tmp_path / "keyrings", [pin_of(signing_key)]).read_all_signed(documents)
    assert said is not None
    assert [one.data for one in said] == TEXTS
    findings = {(finding.flaw, finding.primary) for finding in map(find_signature, said)}
    assert findings == {(None, signing_key.fingerprint)}
    assert runs.checks() == 1


def test_each_is_what_it_is_alone(tmp_path: Path, signing_key: SigningKey) -> None:
    documents = [signing_key.clearsign(text) for text in TEXTS]
    gpg = open_keyring(tmp_path / "keyrings", [pin_of(signing_key)])
    together = gpg.read_all_signed(documents)
    alone = [gpg.read_signed(document) for document in documents]
    assert together is not None
    assert [find_signature(one) for one in together] == [find_signature(one) for one in alone]
    assert [one.data for one in together] == [one.data for one in alone]


def test_with_a_bad_one_nothing_is_said_of_any(
    tmp_path: Path, signing_key: SigningKey, other_key: SigningKey
) -> None:
    gpg = open_keyring(tmp_path / "keyrings", [pin_of(signing_key)])
    good = [signing_key.clearsign(text) for text in TEXTS]
    changed = good[0].replace(b"0", b"1", 1)
    strange = other_key.clearsign(TEXTS[0])
    unsigned = TEXTS[0]
    for bad in (changed, strange, unsigned, b""):
        for place in (0, 4, len(good)):
            assert gpg.read_all_signed([*good[:place], bad, *good[place:]]) is None


def test_without_room_for_files_nothing_is_said(
    tmp_path: Path, signing_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpg = open_keyring(tmp_path / "keyrings", [pin_of(signing_key)])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    assert gpg.read_all_signed([signing_key.clearsign(text) for text in TEXTS]) is None


def test_who_looked_ahead_need_not_ask_for_each(
    runs: GpgRuns, simulated: SimulatedMirror, tmp_path: Path, signing_key: SigningKey
) -> None:
    verifier = verifier_of(simulated.mirror(), [signing_key], tmp_path / "keyrings")
    raws = raws_of(simulated)
    verifier.look_ahead(raws)
    assert runs.checks() == 1
    found: list[VerifiedManifest] = [verifier.manifest(raw) for raw in raws]
    assert {one.signature.primary for one in found if one.signature} == {signing_key.fingerprint}
    assert [one.asked for one in found] == [raw.asked for raw in raws]
    verifier.look_ahead(raws)
    assert runs.checks() == 1


def test_to_look_ahead_makes_nothing_good(
    simulated: SimulatedMirror, tmp_path: Path, signing_key: SigningKey, other_key: SigningKey
) -> None:
    verifier = verifier_of(simulated.mirror(), [other_key], tmp_path / "keyrings")
    raws = raws_of(simulated)
    verifier.look_ahead(raws)
    assert not list(tmp_path.glob("keyrings/*/lately/*/signed-*"))
