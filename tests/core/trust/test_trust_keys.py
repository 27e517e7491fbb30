"""Public keys on offer are read without trusting them, and without leaving anything."""

import contextlib
import os
import tempfile
import time
from pathlib import Path

import pytest

from core.errors import Refused, StoreError
from core.trust.keys import MAX_KEY_DATA, OfferedKey, read_keys
from tests.simulator.keys import KeyRing, SigningKey

NOW = 1_800_000_000.0
DAY = 86_400


def only(data: bytes) -> OfferedKey:
    (key,) = read_keys(data)
    return key


def test_the_key_that_spack_published(golden: Path) -> None:
    key = only((golden / "dev/keys/harbor-release.pub").read_bytes())
    assert key.fingerprint == "559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A"
    assert key.algorithm == "RSA 4096"
    assert key.created == 1782907200
    assert key.expires is None
    assert not key.is_revoked
    assert key.user_ids == (
        "Harbor Release (golden test key, not a secret) <release@harbor.example>",
    )
    assert key.subkeys == ()
    assert key.problem(NOW) == ""
    assert key.armored.startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    assert only(key.armored.encode()) == key


def test_several_keys_are_told_apart(
    golden: Path, signing_key: SigningKey, other_key: SigningKey
) -> None:
    harbor = (golden / "dev/keys/harbor-release.pub").read_bytes()
    keys = read_keys(signing_key.public + harbor + other_key.public + harbor)
    assert {key.fingerprint for key in keys} == {
        signing_key.fingerprint,
        other_key.fingerprint,
        "559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A",
    }
    assert all(only(key.armored.encode()) == key for key in keys)


def test_binary_keys_are_read(key_ring: KeyRing, signing_key: SigningKey) -> None:
    binary = key_ring.run("--export", signing_key.fingerprint)
    assert only(binary) == only(signing_key.public)
    assert only(binary).algorithm == "EdDSA ed25519"


def test_subkeys_are_listed(key_ring: KeyRing) -> None:
    key = key_ring.generate("With Subkey <sub@simulator.example>")
    key_ring.add_signing_subkey(key)
    found = only(key.public)
    assert found.fingerprint == key.fingerprint
    (subkey,) = found.subkeys
    assert subkey.fingerprint != key.fingerprint
    assert subkey.can_sign
    assert found.problem(NOW) == ""


def test_an_expired_key(key_ring: KeyRing) -> None:
    key = key_ring.generate("Short Lived <short@simulator.example>", expires="20260201T000000")
    found = only(key.public)
    assert found.expires is not None
    assert found.problem(found.expires - 1) == ""
    assert found.problem(found.expires) == "expired since 2026-02-01"


def test_a_revoked_key(key_ring: KeyRing) -> None:
    key = key_ring.generate("Taken Back <back@simulator.example>")
    key_ring.revoke(key)
    assert only(key.public).problem(NOW) == "revoked"


@pytest.mark.parametrize(
    ("algorithm", "problem"),
    [("rsa1024", "too weak (RSA 1024)"), ("dsa1024", "too weak (DSA 1024)"), ("rsa2048", "")],
)
def test_short_keys(algorithm: str, problem: str, key_ring: KeyRing) -> None:
    key = key_ring.generate(f"Short {algorithm} <s@simulator.example>", algorithm=algorithm)
    assert only(key.public).problem(NOW) == problem


def test_a_weak_signing_subkey_spoils_the_key(key_ring: KeyRing) -> None:
    key = key_ring.generate("Weak Subkey <weak@simulator.example>")
    key_ring.add_signing_subkey(key, "rsa1024")
    assert only(key.public).problem(NOW) == "too weak (RSA 1024)"


def test_a_key_that_cannot_sign(key_ring: KeyRing) -> None:
    key_ring.run("--quick-generate-key", "No Signer <no@simulator.example>", "ed25519", "cert")
    found = only(key_ring.run("--armor", "--export", "=No Signer <no@simulator.example>"))
    assert found.problem(NOW) == "not made for signing"


@pytest.mark.parametrize(
    "user_id",
    [
        "Escape \x1b[31mred\x1b[0m\x07 <e@simulator.example>",
        "pub:u:4096:1:AAAA:: sub:fpr <c@simulator.example>",
        "Ünïcödé 船 <u@simulator.example>",
        "next\x85line fpr\u2028other <n@simulator.example>",
        "backslash \\x41 \\n <b@simulator.example>",
        "L" * 1900 + " <l@simulator.example>",
    ],
)
def test_hostile_user_ids_survive(user_id: str, key_ring: KeyRing) -> None:
    before = set(fingerprints(key_ring))
    key_ring.run("--allow-freeform-uid", "--quick-generate-key", user_id, "ed25519", "sign")
    (made,) = set(fingerprints(key_ring)) - before
    found = only(key_ring.run("--armor", "--export", made))
    assert found.fingerprint == made
    assert found.user_ids == (user_id,)


def fingerprints(ring: KeyRing) -> list[str]:
    listing = ring.run("--with-colons", "--list-keys").split(b"\n")
    return [line.split(b":")[9].decode() for line in listing if line.startswith(b"fpr:")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<html></html>",
        bytes(range(256)) * 20,
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n",
    ],
)
def test_what_is_no_key_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read_keys(data)
    assert caught.value.title == "There is no OpenPGP public key in what is on offer"


def test_a_truncated_key_is_refused(signing_key: SigningKey) -> None:
    with pytest.raises(Refused, match="There is no OpenPGP public key"):
        read_keys(signing_key.public[: len(signing_key.public) // 3])


def test_a_signed_text_is_no_key(signing_key: SigningKey) -> None:
    with pytest.raises(Refused, match="There is no OpenPGP public key"):
        read_keys(signing_key.clearsign(b"{}\n"))


def test_a_secret_key_is_refused(key_ring: KeyRing, signing_key: SigningKey) -> None:
    secret = key_ring.run("--armor", "--export-secret-keys", signing_key.fingerprint)
    with pytest.raises(Refused) as caught:
        read_keys(secret)
    assert caught.value.title == "There is a secret key among the keys on offer"
    assert "anything" in caught.value.hint


def test_too_much_is_refused_unread() -> None:
    with pytest.raises(Refused, match="too many to be true"):
        read_keys(b"x" * (MAX_KEY_DATA + 1))


def command_lines() -> list[bytes]:
    """Those of all processes that live."""
    found: list[bytes] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes())
    return found


def test_nothing_is_left_and_no_agent_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Path
) -> None:
    # A long path too: without an agent there is no socket whose path could be too long.
    place = tmp_path / ("long" * 40)
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    assert read_keys((golden / "dev/keys/pr-bot.pub").read_bytes())
    assert list(place.iterdir()) == []
    assert not [line for line in command_lines() if str(place).encode() in line]
    assert not (Path(os.environ["HOME"]) / ".gnupg").exists()


def test_a_host_without_gnupg(monkeypatch: pytest.MonkeyPatch, signing_key: SigningKey) -> None:
    public = signing_key.public
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Refused) as caught:
        read_keys(public)
    assert caught.value.title == "GnuPG is not here, and without it no signature can be checked"
    assert "Install GnuPG" in caught.value.hint


def test_a_gnupg_that_is_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signing_key: SigningKey
) -> None:
    public = signing_key.public
    old = tmp_path / "gpg"
    old.write_text("#!/bin/sh\necho 'gpg: invalid option \"--no-autostart\"' >&2\nexit 2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(Refused, match="GnuPG is too old or damaged"):
        read_keys(public)


def test_no_room_for_a_throw_away_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(StoreError, match="There is no room to look at keys"):
        read_keys((golden / "dev/keys/pr-bot.pub").read_bytes())


def test_reading_is_quick(signing_key: SigningKey) -> None:
    public = signing_key.public
    began = time.monotonic()
    read_keys(public)
    assert time.monotonic() - began < 20
