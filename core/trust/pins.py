"""The keys that the user trusts, pinned per mirror."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from core.atomic import changing, write_atomically
from core.errors import Refused, StoreError, WrongUse
from core.model.ident import Fingerprint, MirrorName
from core.model.mirror import Mirror
from core.model.value import Value
from core.net.urls import shown

if TYPE_CHECKING:
    from core.trust.keys import OfferedKey

PINS_VERSION = 1
"""Rises when the form of the file changes."""


class Pin(Value, frozen=True):
    """One key that is trusted for one mirror."""

    fingerprint: Fingerprint
    """Fingerprint of the primary key."""
    user_ids: tuple[str, ...]
    """User ids. Foreign text."""
    armored: str
    """The key itself, in ASCII armour."""
    added: float
    """When it was pinned, seconds since the epoch."""
    exception: str = ""
    """What spoke against it when it was pinned all the same; empty if nothing did."""

    @property
    def user_id(self) -> str:
        """First user id; may be empty. Foreign text."""
        return self.user_ids[0] if self.user_ids else ""


class ServedKey(Value, frozen=True):
    """What is remembered of a key that a mirror served. Nothing vouches for it."""

    fingerprint: Fingerprint
    """Fingerprint of the primary key."""
    user_id: str
    """First user id; may be empty. Foreign text."""
    algorithm: str
    """e.g. `RSA 4096`."""
    created: int
    """Seconds since the epoch."""
    expires: int | None
    """Seconds since the epoch, `None` if never."""


class _Entry(msgspec.Struct, frozen=True):
    mirror: MirrorName
    url: str
    pins: tuple[Pin, ...]
    served: tuple[ServedKey, ...] = ()


class _Document(msgspec.Struct, frozen=True):
    version: int
    mirrors: tuple[_Entry, ...]


class PinStore:
    """The pins in one JSON file. A missing file means no pins.

    Pins belong to a name and a URL: a mirror that is added again under its old name and with
    another URL has none. Of several processes that change the file at once none undoes what
    another did. Every method raises `StoreError` if the file is there and cannot be
    read: trust is never lost, or found, silently.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def pins(self, mirror: Mirror) -> tuple[Pin, ...]:
        """The keys trusted for `mirror`, in the order in which they were pinned."""
        return next((entry.pins for entry in self._entries() if _is_of(entry, mirror)), ())

    def served(self, mirror: Mirror) -> tuple[ServedKey, ...]:
        """The keys that `mirror` served when one was last pinned for it; empty if none is."""
        return next((entry.served for entry in self._entries() if _is_of(entry, mirror)), ())

    def add(
        self,
        mirror: Mirror,
        key: "OfferedKey",
        *,
        served: "Sequence[OfferedKey]" = (),
        exception: str = "",
    ) -> None:
        """Trust a key for a mirror; one that is pinned already is renewed.

        Args:
            mirror: for which mirror, and for no other.
            key: the key.
            served: all that the mirror serves now, to tell later whether that has changed.
            exception: what speaks against it, if it is trusted all the same.

        Raises:
            Refused: the key is expired, revoked, weak or not made for signing.
            StoreError: the file cannot be written.
        """
        now = time.time()
        problem = key.problem(now)
        if problem:
            raise Refused(
                f"The key {key.fingerprint} cannot be trusted: it is {problem}",
                f"Mirror {mirror.name}",
                "Ask who runs the mirror for a key that is good",
            )
        pin = Pin(key.fingerprint, key.user_ids, key.armored, now, exception)
        with changing(self._path):
            kept = [old for old in self.pins(mirror) if old.fingerprint != pin.fingerprint]
            seen = tuple(map(_remembered, served)) or self.served(mirror)
            self._put(mirror, (*kept, pin), seen)

    def mark_revoked(self, mirror: Mirror, key: "OfferedKey") -> None:
        """Let a pin hold the revoked form of its key, so that nothing signed by it counts.

        Raises:
            StoreError: the file cannot be written.
        """
        with changing(self._path):
            pins = tuple(
                replace(pin, armored=key.armored) if pin.fingerprint == key.fingerprint else pin
                for pin in self.pins(mirror)
            )
            self._put(mirror, pins, self.served(mirror))

    def remove(self, mirror: Mirror, fingerprint: Fingerprint) -> None:
        """Trust a key no longer.

        Raises:
            WrongUse: it is not pinned for this mirror.
            StoreError: the file cannot be written.
        """
        with changing(self._path):
            pins = self.pins(mirror)
            kept = tuple(pin for pin in pins if pin.fingerprint != fingerprint)
            if len(kept) == len(pins):
                trusted = ", ".join(pin.fingerprint for pin in pins) or "none"
                raise WrongUse(
                    f"The key {fingerprint} is not trusted for mirror {mirror.name}",
                    f"Trusted keys: {trusted}",
                )
            self._put(mirror, kept, self.served(mirror))

    def forget(self, name: MirrorName) -> None:
        """Drop all pins of mirrors with this name.

        Raises:
            StoreError: the file cannot be written.
        """
        if not self._path.exists():
            return
        with changing(self._path):
            entries = self._entries()
            kept = tuple(entry for entry in entries if entry.mirror != name)
            if len(kept) != len(entries):
                self._write(kept)

    def _put(self, mirror: Mirror, pins: tuple[Pin, ...], served: tuple[ServedKey, ...]) -> None:
        others = tuple(entry for entry in self._entries() if entry.mirror != mirror.name)
        mine = (_Entry(mirror.name, shown(mirror.url), pins, served),) if pins else ()
        self._write((*others, *mine))

    def _entries(self) -> tuple[_Entry, ...]:
        try:
            document = msgspec.json.decode(self._path.read_bytes(), type=_Document)
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StoreError(
                f"The file of trusted keys cannot be read: {error}",
                str(self._path),
                "Correct it; without it every key would have to be trusted again",
            ) from error
        if document.version != PINS_VERSION:
            raise StoreError(
                f"The file of trusted keys has version {document.version}, which needs"
                " another spackbin",
                str(self._path),
            )
        return document.mirrors

    def _write(self, entries: tuple[_Entry, ...]) -> None:
        data = msgspec.json.encode(_Document(PINS_VERSION, entries))
        write_atomically(self._path, msgspec.json.format(data, indent=2) + b"\n")


def _is_of(entry: _Entry, mirror: Mirror) -> bool:
    return entry.mirror == mirror.name and entry.url == shown(mirror.url)


def _remembered(key: "OfferedKey") -> ServedKey:
    user_id = key.user_ids[0] if key.user_ids else ""
    return ServedKey(key.fingerprint, user_id, key.algorithm, key.created, key.expires)
