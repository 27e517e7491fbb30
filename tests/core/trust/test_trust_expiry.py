"""What was found good counts until the key, its subkey or the signature expires, not a second more.

GnuPG and we are told the time, so that a second makes the difference; once it is the real one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import Refused
from core.model.artifact import VerifiedManifest
from core.trust import gpg, keyring
from core.trust.pins import Pin
from core.trust.policy import policy_of
from core.trust.verify import Verifier
from tests.simulator.keys import KeyRing, SigningKey
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.pins import pin_of

END = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
"""When something expires."""
EXPIRES = "20260301T000000"
BEFORE = "20260201T000000"
"""When it is used to sign."""


@dataclass
class Clock:
    """What time it is."""

    now: float = END - 1
    listed: list[bytes] = field(default_factory=list[bytes])
    """What GnuPG was asked to list."""
    asked: int = 0
    """How many runs of GnuPG have checked a signature."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock, options = Clock(), list(gpg._OPTIONS)
    show, read, read_all = gpg.Gpg.show_keys, gpg.Gpg.read_signed, gpg.Gpg.read_all_signed

    def at_that_time() -> None:
        gpg._OPTIONS[:] = [*options, "--faked-system-time", f"{clock.now:.0f}"]
        keyring._gpg.cache_clear()

    def show_keys(self: gpg.Gpg, data: bytes) -> bytes:
        clock.listed.append(data)
        return show(self, data)

    def read_signed(self: gpg.Gpg, document: bytes) -> gpg.Said:
        clock.asked += 1
        return read(self, document)

    def read_all_signed(self: gpg.Gpg, documents: list[bytes]) -> list[gpg.Said] | None:
        clock.asked += 1
        return read_all(self, documents)

    def now() -> float:
        at_that_time()
        return clock.now

    monkeypatch.setattr(gpg, "_OPTIONS", list(options))
    monkeypatch.setattr(gpg.Gpg, "show_keys", show_keys)
    monkeypatch.setattr(gpg.Gpg, "read_signed", read_signed)
    monkeypatch.setattr(gpg.Gpg, "read_all_signed", read_all_signed)
    monkeypatch.setattr(time, "time", now)
    return clock


Make = Callable[[SigningKey], Verifier]


@pytest.fixture
def verifier(simulated: SimulatedMirror, tmp_path: Path) -> Make:
    """Makes one as another process would have it; a key is pinned when it is first named."""
    pins: dict[str, Pin] = {}
    mirror = simulated.mirror()

    def made(key: SigningKey) -> Verifier:
        time.time()  # GnuPG is told the time
        if key.fingerprint not in pins:
            pins[key.fingerprint] = pin_of(key)
        return Verifier(mirror, list(pins.values()), policy_of(mirror), tmp_path / "keyrings")

    return made


def boat(verifier: Verifier, simulated: SimulatedMirror) -> VerifiedManifest:
    time.time()  # GnuPG is told the time
    return verifier.manifest(simulated.raw_manifest("boat"))


def key_that_expires(ring: KeyRing) -> tuple[SigningKey, tuple[str, ...]]:
    return ring.generate("Key Ends <key@simulator.example>", expires=EXPIRES), ()


def subkey_that_expires(ring: KeyRing) -> tuple[SigningKey, tuple[str, ...]]:
    key = ring.generate("Subkey Ends <subkey@simulator.example>")
    ring.add_signing_subkey(key, expires=EXPIRES)
    return key, ()


def primary_that_expires(ring: KeyRing) -> tuple[SigningKey, tuple[str, ...]]:
    key = ring.generate("Primary Ends <primary@simulator.example>", expires=EXPIRES)
    ring.add_signing_subkey(key)
    return key, ()


def signature_that_expires(ring: KeyRing) -> tuple[SigningKey, tuple[str, ...]]:
    key = ring.generate("Signature Ends <signature@simulator.example>")
    return key, ("--default-sig-expire", EXPIRES)


@pytest.mark.parametrize(
    "make", [key_that_expires, subkey_that_expires, primary_that_expires, signature_that_expires]
)
@pytest.mark.parametrize("is_the_same", [False, True])
def test_a_good_answer_is_used_until_that_moment(
    make: Callable[[KeyRing], tuple[SigningKey, tuple[str, ...]]],
    is_the_same: bool,
    simulated: SimulatedMirror,
    key_ring: KeyRing,
    verifier: Make,
    clock: Clock,
) -> None:
    key, options = make(key_ring)
    simulated.sign_by("boat", key, "--faked-system-time", BEFORE, *options)
    first = verifier(key)
    assert boat(first, simulated).signature
    assert boat(first if is_the_same else verifier(key), simulated).signature
    assert clock.asked == 1
    clock.now = END + 1
    with pytest.raises(Refused, match="has expired"):
        boat(first if is_the_same else verifier(key), simulated)
    assert clock.asked == 2


def test_what_was_found_ahead_does_not_outlive_its_key(
    simulated: SimulatedMirror, key_ring: KeyRing, verifier: Make, clock: Clock
) -> None:
    key, _ = key_that_expires(key_ring)
    names = ("boat", "tide")
    for name in names:
        simulated.sign_by(name, key, "--faked-system-time", BEFORE)
    raws = [simulated.raw_manifest(name) for name in names]
    first = verifier(key)
    first.look_ahead(raws)
    assert first.manifest(raws[0]).signature
    assert clock.asked == 1
    clock.now = END + 1
    with pytest.raises(Refused, match="which has expired"):
        first.manifest(raws[1])


def test_keys_are_listed_once(
    simulated: SimulatedMirror, key_ring: KeyRing, verifier: Make, clock: Clock, tmp_path: Path
) -> None:
    key, _ = key_that_expires(key_ring)
    simulated.sign_by("boat", key, "--faked-system-time", BEFORE)
    assert boat(verifier(key), simulated).signature
    for kept in (tmp_path / "keyrings").glob("*/lately/*/signed-*"):
        kept.unlink()
    assert boat(verifier(key), simulated).signature
    assert clock.asked == 2
    assert len(clock.listed) == 1
    # That is so hours later, too, when what was found good has been forgotten.
    clock.now -= 7200
    assert boat(verifier(key), simulated).signature
    assert (clock.asked, len(clock.listed)) == (3, 1)
    # Of another keyring nothing is believed, nor what is damaged.
    (kept,) = (tmp_path / "keyrings").glob("*/always/expiries")
    for text in (kept.read_bytes().replace(b"keyring", b"keyrong"), b"", b"\xc0"):
        for good in (tmp_path / "keyrings").glob("*/lately/*/signed-*"):
            good.unlink()
        kept.write_bytes(text)
        assert boat(verifier(key), simulated).signature
    assert len(clock.listed) == 4
    # Nor what others could have written.
    kept.parents[1].chmod(0o755)
    assert boat(verifier(key), simulated).signature
    assert len(clock.listed) == 5


def test_a_key_that_is_not_listed_is_asked_about_each_time(
    simulated: SimulatedMirror,
    key_ring: KeyRing,
    verifier: Make,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, _ = key_that_expires(key_ring)
    simulated.sign_by("boat", key, "--faked-system-time", BEFORE)
    monkeypatch.setattr(gpg.Gpg, "show_keys", lambda self, data: b"")
    for times in (1, 2):
        assert boat(verifier(key), simulated).signature
        assert clock.asked == times


def test_by_the_real_clock(simulated: SimulatedMirror, key_ring: KeyRing, verifier: Make) -> None:
    end = int(time.time()) + 4
    expires = datetime.fromtimestamp(end, UTC).strftime("%Y%m%dT%H%M%S")
    key = key_ring.generate("Soon <soon@simulator.example>", expires=expires)
    simulated.sign_by("boat", key)
    assert verifier(key).manifest(simulated.raw_manifest("boat")).signature
    assert time.time() < end
    # GnuPG counts in whole seconds, and the last one as good.
    time.sleep(max(0.0, end + 1 - time.time()) + 0.01)
    with pytest.raises(Refused, match="which has expired"):
        verifier(key).manifest(simulated.raw_manifest("boat"))
