"""Pins: per mirror, kept in one file, never lost or found silently."""

import json
import multiprocessing
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import Refused, StoreError, WrongUse
from core.model.ident import Fingerprint, MirrorName
from core.model.mirror import Mirror
from core.trust.keys import OfferedKey, read_keys
from core.trust.pins import PinStore
from core.trust.policy import ACCEPT_UNSIGNED_BINARIES, REQUIRE_SIGNATURES, policy_of
from tests.simulator.keys import KeyRing, SigningKey

SITE = Mirror(MirrorName("site"), "https://site.example/cache")
OTHER = Mirror(MirrorName("other"), "https://other.example/cache")


@pytest.fixture
def store(tmp_path: Path) -> PinStore:
    return PinStore(tmp_path / "config" / "pins.json")


@pytest.fixture
def first(signing_key: SigningKey) -> OfferedKey:
    return read_keys(signing_key.public)[0]


@pytest.fixture
def second(other_key: SigningKey) -> OfferedKey:
    return read_keys(other_key.public)[0]


def names(store: PinStore, mirror: Mirror) -> list[Fingerprint]:
    return [pin.fingerprint for pin in store.pins(mirror)]


def test_no_file_means_no_pins(store: PinStore) -> None:
    assert store.pins(SITE) == ()


def test_a_pin_holds_the_key(store: PinStore, first: OfferedKey, tmp_path: Path) -> None:
    store.add(SITE, first)
    (pin,) = PinStore(tmp_path / "config" / "pins.json").pins(SITE)
    assert pin.fingerprint == first.fingerprint
    assert pin.user_id == "Simulated Release <release@simulator.example>"
    assert read_keys(pin.armored.encode()) == (first,)


def test_pins_belong_to_one_mirror(store: PinStore, first: OfferedKey, second: OfferedKey) -> None:
    store.add(SITE, first)
    store.add(SITE, second)
    store.add(OTHER, second)
    assert names(store, SITE) == [first.fingerprint, second.fingerprint]
    assert names(store, OTHER) == [second.fingerprint]
    store.remove(SITE, first.fingerprint)
    assert names(store, SITE) == [second.fingerprint]
    store.forget(SITE.name)
    assert names(store, SITE) == []
    assert names(store, OTHER) == [second.fingerprint]


def test_pinning_again_renews_the_key(store: PinStore, first: OfferedKey) -> None:
    store.add(SITE, first)
    renewed = replace(first, armored=first.armored + "\n")
    store.add(SITE, renewed)
    (pin,) = store.pins(SITE)
    assert pin.armored == renewed.armored


def test_another_url_under_the_same_name_has_no_pins(
    store: PinStore, first: OfferedKey, second: OfferedKey
) -> None:
    store.add(SITE, first)
    moved = replace(SITE, url="https://elsewhere.example/cache")
    assert store.pins(moved) == ()
    store.add(moved, second)
    assert names(store, moved) == [second.fingerprint]
    assert store.pins(SITE) == ()


def test_another_password_is_the_same_place_and_is_not_written_down(
    store: PinStore, first: OfferedKey, tmp_path: Path
) -> None:
    store.add(replace(SITE, url="https://me:secret@site.example/cache"), first)
    assert names(store, SITE) == [first.fingerprint]
    assert "secret" not in (tmp_path / "config" / "pins.json").read_text()


def test_what_is_not_pinned_cannot_be_removed(
    store: PinStore, first: OfferedKey, second: OfferedKey
) -> None:
    with pytest.raises(WrongUse) as caught:
        store.remove(SITE, first.fingerprint)
    assert caught.value.detail == "Trusted keys: none"
    store.add(SITE, second)
    with pytest.raises(WrongUse) as caught:
        store.remove(SITE, first.fingerprint)
    assert caught.value.title == f"The key {first.fingerprint} is not trusted for mirror site"
    assert caught.value.detail == f"Trusted keys: {second.fingerprint}"


def test_a_bad_key_is_not_pinned(store: PinStore, key_ring: KeyRing, tmp_path: Path) -> None:
    key = key_ring.generate("Too Short <pins@simulator.example>", algorithm="rsa1024")
    with pytest.raises(Refused) as caught:
        store.add(SITE, read_keys(key.public)[0])
    title = f"The key {key.fingerprint} cannot be trusted: it is too weak (RSA 1024)"
    assert caught.value.title == title
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"version": 1}',
        '{"version": 1, "mirrors": [{"mirror": "site"}]}',
        '{"version": 1, "mirrors": [{"mirror": "site", "url": "u", "pins": [{}]}]}',
        '{"version": "1", "mirrors": []}',
    ],
)
def test_a_corrupt_file_is_never_taken_for_an_empty_one(
    text: str, store: PinStore, first: OfferedKey, tmp_path: Path
) -> None:
    path = tmp_path / "config" / "pins.json"
    path.parent.mkdir()
    path.write_text(text)
    for attempt in (
        lambda: store.pins(SITE),
        lambda: store.add(SITE, first),
        lambda: store.remove(SITE, first.fingerprint),
        lambda: store.forget(SITE.name),
    ):
        with pytest.raises(StoreError) as caught:
            attempt()
        assert caught.value.title.startswith("The file of trusted keys cannot be read: ")
        assert caught.value.detail == str(path)
    assert path.read_text() == text


def test_a_file_of_another_version_is_left_alone(store: PinStore, tmp_path: Path) -> None:
    path = tmp_path / "config" / "pins.json"
    path.parent.mkdir()
    path.write_text('{"version": 2, "mirrors": []}')
    with pytest.raises(StoreError, match="has version 2, which needs another spackbin"):
        store.pins(SITE)


def test_the_version_stands_first(store: PinStore, first: OfferedKey, tmp_path: Path) -> None:
    store.add(SITE, first)
    document = json.loads((tmp_path / "config" / "pins.json").read_text())
    assert next(iter(document.items())) == ("version", 1)


def test_the_policy_follows_the_configuration() -> None:
    assert policy_of(SITE) is REQUIRE_SIGNATURES
    assert policy_of(SITE).announcement == ""
    unsafe = policy_of(replace(SITE, signed=False))
    assert unsafe.accepts_unsigned
    assert ACCEPT_UNSIGNED_BINARIES.accepts_unsigned
    assert unsafe.announcement == (
        "Mirror site is unsigned. Its builds need no signature: whoever can write to it, or to the"
        " way here, can run programs as you"
    )


def pin_for(directory: Path, name: str, key: OfferedKey) -> None:
    PinStore(directory / "pins.json").add(replace(SITE, name=MirrorName(name)), key)


def test_two_who_trust_at_once_lose_nothing(tmp_path: Path, first: OfferedKey) -> None:
    context = multiprocessing.get_context("spawn")
    mirrors = [f"m{number}" for number in range(8)]
    others = [context.Process(target=pin_for, args=(tmp_path, name, first)) for name in mirrors]
    for other in others:
        other.start()
    for other in others:
        other.join(60)
        assert other.exitcode == 0
    store = PinStore(tmp_path / "pins.json")
    for name in mirrors:
        assert names(store, replace(SITE, name=MirrorName(name))) == [first.fingerprint]


def test_what_a_mirror_served_is_remembered(
    store: PinStore, first: OfferedKey, second: OfferedKey
) -> None:
    assert store.served(SITE) == ()
    store.add(SITE, first, served=(first, second))
    assert [key.fingerprint for key in store.served(SITE)] == [
        first.fingerprint,
        second.fingerprint,
    ]
    assert store.served(SITE)[0].user_id == "Simulated Release <release@simulator.example>"
    # A key that comes from elsewhere says nothing of what the mirror serves.
    store.add(SITE, second)
    assert len(store.served(SITE)) == 2
    store.remove(SITE, second.fingerprint)
    assert len(store.served(SITE)) == 2
    store.remove(SITE, first.fingerprint)
    assert store.served(SITE) == ()


def test_an_exception_is_kept_with_the_pin(store: PinStore, first: OfferedKey) -> None:
    store.add(SITE, first, exception="keys page: names another")
    assert store.pins(SITE)[0].exception == "keys page: names another"


def test_a_file_written_before_keys_were_remembered_is_read(
    store: PinStore, first: OfferedKey, tmp_path: Path
) -> None:
    store.add(SITE, first, served=(first,))
    path = tmp_path / "config" / "pins.json"
    document = json.loads(path.read_text())
    del document["mirrors"][0]["served"]
    del document["mirrors"][0]["pins"][0]["exception"]
    path.write_text(json.dumps(document))
    assert names(store, SITE) == [first.fingerprint]
    assert store.served(SITE) == ()
