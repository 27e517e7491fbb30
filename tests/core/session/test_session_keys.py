"""Keys and what others say of them; keys that changed; keys of a Spack."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import NotAvailable, Refused, StoreError, WrongUse
from core.mirror.known import SPACK_KEY, SPACK_KEYS_PAGE
from core.model.ident import Fingerprint, MirrorName
from core.model.keycards import Opinion
from core.model.mirror import Mirror
from core.model.plan import Disposition
from core.net.files import file_url
from core.session import Session
from core.session.secondsources import opinions
from core.settings import Settings
from tests.core.session.trusting import opened, plan, refresh, use
from tests.simulator.fixtures import Serve
from tests.simulator.keys import KeyRing, SigningKey
from tests.simulator.mirror import SimulatedMirror, simulated_mirror

AGREES, DISAGREES, NOT_CHECKED = Opinion.AGREES, Opinion.DISAGREES, Opinion.NOT_CHECKED
OTHER = Fingerprint("559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A")
SITE = Mirror(MirrorName("site"), "https://site.example/cache")
SPACKS = Mirror(MirrorName("spack"), "https://binaries.spack.io/develop")


def said(mirror: Mirror, key: Fingerprint, tmp_path: Path) -> dict[str, tuple[Opinion, str]]:
    found = opinions(mirror, key, {}, tmp_path / "pages")
    return {source.name: (source.opinion, source.detail) for source in found}


@pytest.fixture
def spacks_page(tmp_path: Path) -> Callable[[str], None]:
    """Put a text into the cache as the page of the Spack project: tests have no network."""

    def put(text: str) -> None:
        import hashlib

        import msgspec

        name = hashlib.sha256(SPACK_KEYS_PAGE.encode()).hexdigest()[:16]
        (tmp_path / "pages").mkdir(exist_ok=True)
        page = {"url": SPACK_KEYS_PAGE, "read": time.time(), "fingerprints": [text]}
        (tmp_path / "pages" / f"{name}.json").write_bytes(msgspec.json.encode(page))

    return put


# What each second source says


def test_the_key_of_spack_is_known(tmp_path: Path, spacks_page: Callable[[str], None]) -> None:
    spacks_page(SPACK_KEY)
    found = said(SPACKS, SPACK_KEY, tmp_path)
    assert found["known to spackbin"] == (AGREES, "it is the key of the Spack project")
    assert found["keys page"] == (AGREES, f"{SPACK_KEYS_PAGE} names it")
    assert found["other mirrors"][0] is NOT_CHECKED


@pytest.mark.parametrize(
    "url",
    [
        "https://binaries.spack.io/develop",
        "https://cache.spack.io/v1.1.0",
        "s3://spack-binaries/develop",
        "https://BINARIES.spack.io/x",
    ],
)
def test_another_key_at_a_known_mirror_disagrees(
    url: str, tmp_path: Path, spacks_page: Callable[[str], None]
) -> None:
    spacks_page(SPACK_KEY)
    found = said(Mirror(MirrorName("m"), url), OTHER, tmp_path)
    assert found["known to spackbin"] == (DISAGREES, f"this mirror signs with {SPACK_KEY}")
    assert found["keys page"] == (DISAGREES, f"{SPACK_KEYS_PAGE} names {SPACK_KEY} instead")


@pytest.mark.parametrize(
    "url", ["https://binaries.spack.io.evil.example/develop", "s3://spack-binaries-prs/x"]
)
def test_other_places_are_not_taken_for_a_known_mirror(url: str, tmp_path: Path) -> None:
    found = said(Mirror(MirrorName("m"), url), OTHER, tmp_path)
    assert found["known to spackbin"][0] is NOT_CHECKED


def test_a_key_with_the_short_id_of_spacks_disagrees(tmp_path: Path) -> None:
    alike = Fingerprint("0" * 32 + SPACK_KEY[-8:])
    opinion, why = said(SITE, alike, tmp_path)["known to spackbin"]
    assert opinion is DISAGREES
    assert SPACK_KEY in why


def test_other_mirrors_that_trust_it_agree(tmp_path: Path) -> None:
    pinned = {MirrorName("harbor"): {OTHER}, MirrorName("spare"): {OTHER}}
    *_, found = opinions(SITE, OTHER, pinned, tmp_path)
    assert (found.opinion, found.detail) == (AGREES, "trusted for harbor, spare")
    alike = Fingerprint("0" * 32 + OTHER[-8:])
    *_, found = opinions(SITE, alike, pinned, tmp_path)
    assert found.opinion is DISAGREES
    assert OTHER in found.detail


def test_a_keys_page(tmp_path: Path, serving: Serve) -> None:
    (tmp_path / "www").mkdir()
    server = serving(tmp_path / "www")
    site = Mirror(SITE.name, SITE.url, keys_page=f"{server.url}/keys.html")
    opinion, why = said(site, OTHER, tmp_path)["keys page"]
    assert opinion is NOT_CHECKED
    assert "keys.html cannot be read" in why
    (tmp_path / "www" / "keys.html").write_text("<p>None yet</p>")
    assert said(site, OTHER, tmp_path)["keys page"][1].endswith("names no key")
    shutil.rmtree(tmp_path / "pages")
    (tmp_path / "www" / "keys.html").write_text(f"<p>{OTHER}</p>")
    before = len(server.asked("keys.html"))
    assert said(site, OTHER, tmp_path)["keys page"][0] is AGREES
    assert said(site, SPACK_KEY, tmp_path)["keys page"][0] is DISAGREES
    assert len(server.asked("keys.html")) == before + 1
    # A page on the server of the mirror proves nothing that the mirror does not say itself.
    own = Mirror(SITE.name, f"{server.url}/cache", keys_page=site.keys_page)
    assert said(own, OTHER, tmp_path)["keys page"][0] is NOT_CHECKED
    assert said(own, SPACK_KEY, tmp_path)["keys page"][0] is DISAGREES


def test_a_page_that_was_read_long_ago_is_read_again(
    tmp_path: Path, serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "keys").write_text(OTHER)
    server = serving(tmp_path / "www")
    site = Mirror(SITE.name, SITE.url, keys_page=f"{server.url}/keys")
    said(site, OTHER, tmp_path)
    (tmp_path / "www" / "keys").write_text(SPACK_KEY)
    assert said(site, OTHER, tmp_path)["keys page"][0] is AGREES
    later = time.time() + 7200
    monkeypatch.setattr(time, "time", lambda: later)
    assert said(site, OTHER, tmp_path)["keys page"][0] is DISAGREES


# What the session does with it


def test_disagreement_stops(
    tmp_path: Path, simulated: SimulatedMirror, other_key: SigningKey
) -> None:
    page = tmp_path / "keys.asc"
    page.write_bytes(other_key.public)
    session = opened(tmp_path)
    session.add_mirror("harbor", simulated.url, keys_page=file_url(page))
    (card,) = session.key_report("harbor").cards
    assert other_key.fingerprint in card.disagreement
    with pytest.raises(Refused) as caught:
        session.trust("harbor", simulated.fingerprint)
    assert caught.value.exit_status == 3
    assert caught.value.title.endswith("is not trusted: second sources name another one")
    assert other_key.fingerprint in caught.value.detail
    assert session.mirrors()[0].trusted_keys == 0
    session.trust("harbor", simulated.fingerprint, despite_disagreement=True)
    assert session.mirrors()[0].trusted_keys == 1
    assert other_key.fingerprint in (tmp_path / "own/config/pins.json").read_text()


def test_agreement_is_shown(tmp_path: Path, simulated: SimulatedMirror) -> None:
    page = tmp_path / "keys"
    page.write_text(f"Our key: {simulated.fingerprint}")
    session = opened(tmp_path)
    session.add_mirror("harbor", simulated.url, keys_page=file_url(page))
    (card,) = session.key_report("harbor").cards
    assert [source.name for source in card.having(AGREES)] == ["keys page"]
    assert [source.name for source in card.sources] == [
        "known to spackbin",
        "keys page",
        "other mirrors",
    ]
    session.trust("harbor", simulated.fingerprint)
    session.add_mirror("spare", simulated.url)
    (card,) = session.key_report("spare").cards
    assert card.having(AGREES)[0].detail == "trusted for harbor"
    assert not card.key.trusted


def test_keys_that_changed_are_shown_side_by_side(
    tmp_path: Path, simulated: SimulatedMirror, other_key: SigningKey
) -> None:
    session = opened(tmp_path)
    use(session, "harbor", simulated)
    report = session.key_report("harbor")
    assert not report.has_changed
    assert [key.fingerprint for key in report.before] == [simulated.fingerprint]
    simulated.offer({other_key.fingerprint: other_key.public})
    report = session.key_report("harbor")
    assert report.has_changed
    assert [(key.fingerprint, key.trusted) for key in report.before] == [
        (simulated.fingerprint, True)
    ]
    cards = {card.key.fingerprint: card for card in report.cards}
    assert cards[other_key.fingerprint].is_new
    assert not cards[other_key.fingerprint].key.trusted
    assert not cards[simulated.fingerprint].key.offered
    # Who trusts the new one has seen it.
    session.trust("harbor", other_key.fingerprint)
    assert not session.key_report("harbor").has_changed


def test_a_mirror_that_is_away_has_not_changed(tmp_path: Path, simulated: SimulatedMirror) -> None:
    session = opened(tmp_path)
    use(session, "harbor", simulated)
    session.close()
    simulated.root.rename(tmp_path / "away")
    report = session.key_report("harbor")
    assert (report.is_asked, report.has_changed) == (False, False)
    assert [card.key.trusted for card in report.cards] == [True]


def test_each_of_several_keys_is_chosen_singly(
    tmp_path: Path, simulated: SimulatedMirror, other_key: SigningKey, signing_key: SigningKey
) -> None:
    # One file that was announced as one key, and holds two.
    both = signing_key.public + other_key.public
    simulated.offer({signing_key.fingerprint: both})
    session = opened(tmp_path)
    session.add_mirror("harbor", simulated.url)
    assert len(session.key_report("harbor").cards) == 2
    session.trust("harbor", signing_key.fingerprint)
    trusted = [key.fingerprint for key in session.keys("harbor") if key.trusted]
    assert trusted == [signing_key.fingerprint]


# Keys of a Spack


@pytest.fixture
def spack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_key: SigningKey) -> Path:
    """The GnuPG home of a Spack that trusts `other_key`."""
    prefix = tmp_path / "spack"
    (prefix / "lib/spack/spack").mkdir(parents=True)
    (prefix / "etc/spack").mkdir(parents=True)
    monkeypatch.setenv("SPACK_ROOT", str(prefix))
    monkeypatch.setenv("SPACK_SYSTEM_CONFIG_PATH", str(tmp_path / "system"))
    monkeypatch.delenv("SPACK_GNUPGHOME", raising=False)
    home = prefix / "opt/spack/gpg"
    home.mkdir(parents=True, mode=0o700)
    ring = KeyRing()
    ring.run("--import", text=other_key.public)
    shutil.copy(ring.home / "pubring.kbx", home)
    ring.close()
    return home


def beside_spack(tmp_path: Path) -> Session:
    own = tmp_path / "own"
    return Session(Settings(own / "store", own / "config", own / "cache", own / "state"))


def test_keys_of_spack_are_offered_and_not_assumed(
    tmp_path: Path, spack: Path, simulated: SimulatedMirror, other_key: SigningKey
) -> None:
    before = {path.name: path.read_bytes() for path in spack.iterdir()}
    session = beside_spack(tmp_path)
    session.add_mirror("harbor", simulated.url)
    (card,) = session.keys_of_spack("harbor")
    assert card.key.fingerprint == other_key.fingerprint
    assert (card.key.trusted, card.key.offered) == (False, False)
    assert session.mirrors()[0].trusted_keys == 0
    with pytest.raises(WrongUse, match="does not offer the key"):
        session.trust("harbor", other_key.fingerprint)
    with pytest.raises(WrongUse, match="Spack has no key"):
        session.trust("harbor", simulated.fingerprint, from_spack=True)
    session.trust("harbor", other_key.fingerprint, from_spack=True)
    assert [card.key.trusted for card in session.keys_of_spack("harbor")] == [True]
    assert {path.name: path.read_bytes() for path in spack.iterdir()} == before
    simulated.sign_by("boat", other_key)
    simulated.sign_by("tide", other_key)
    refresh(session, "harbor")


def test_spacks_own_place_for_keys(
    tmp_path: Path, spack: Path, simulated: SimulatedMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = spack.rename(tmp_path / "keys")
    session = beside_spack(tmp_path)
    session.add_mirror("harbor", simulated.url)
    with pytest.raises(NotAvailable, match="There is no keyring of GnuPG"):
        session.keys_of_spack("harbor")
    monkeypatch.setenv("SPACK_GNUPGHOME", str(moved))
    assert len(session.keys_of_spack("harbor")) == 1


def test_a_keyring_that_cannot_be_read(
    tmp_path: Path, spack: Path, simulated: SimulatedMirror
) -> None:
    session = beside_spack(tmp_path)
    session.add_mirror("harbor", simulated.url)
    (spack / "pubring.kbx").write_bytes(b"damaged")
    with pytest.raises((Refused, StoreError)):
        session.keys_of_spack("harbor")


def test_without_a_spack_there_are_no_keys_of_it(
    tmp_path: Path, simulated: SimulatedMirror
) -> None:
    session = opened(tmp_path)
    session.add_mirror("harbor", simulated.url)
    with pytest.raises(NotAvailable, match="There is no Spack beside spackbin"):
        session.keys_of_spack("harbor")


def test_two_mirrors_with_one_key_are_two_decisions(
    tmp_path: Path, simulated: SimulatedMirror, signing_key: SigningKey
) -> None:
    session = opened(tmp_path)
    use(session, "harbor", simulated)
    session.add_mirror("spare", simulated_mirror(tmp_path / "spare", key=signing_key).url)
    assert {status.name: status.trusted_keys for status in session.mirrors()} == {
        "harbor": 1,
        "spare": 0,
    }


def test_a_pinned_key_that_was_revoked_counts_no_more(tmp_path: Path, key_ring: KeyRing) -> None:
    key = key_ring.generate("Taken Back <back@simulator.example>")
    mirror = simulated_mirror(tmp_path / "mirror", key=key)
    session = opened(tmp_path)
    use(session, "harbor", mirror)
    assert plan(session, mirror).is_ready
    key_ring.revoke(key)
    mirror.offer({key.fingerprint: key.public})
    refresh(session, "harbor")
    assert plan(session, mirror).is_ready
    # The mirror is asked for its keys when it has a new index.
    mirror.builds.pop("boat")
    mirror.write_index()
    refresh(session, "harbor")
    (blocked,) = plan(session, mirror, "tide").having(Disposition.BLOCKED)
    assert f"is signed by the key {key.fingerprint}, which is revoked" in blocked.reason
    (status,) = session.keys("harbor")
    assert status.problem == "revoked"
