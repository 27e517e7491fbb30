"""The keys that the user trusts, pinned per mirror."""

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.atomic import write_atomically
from core.errors import Refused, StoreError, WrongUse
from core.model.ident import Fingerprint, MirrorName
from core.model.mirror import Mirror
from core.net.urls import shown
from core.trust.keys import OfferedKey

PINS_VERSION = 1
"""Rises when the form of the file changes."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One key that is trusted for one mirror."""

    fingerprint: Fingerprint
    """Fingerprint of the primary key."""
    user_ids: tuple[str, ...]
    """User ids. Foreign text."""
    armored: str
    """The key itself, in ASCII armour."""
    added: float
    """When it was pinned, seconds since the epoch."""

    @property
    def user_id(self) -> str:
        """First user id; may be empty. Foreign text."""
        return self.user_ids[0] if self.user_ids else ""


class _Entry(msgspec.Struct, frozen=True):
    mirror: MirrorName
    url: str
    pins: tuple[Pin, ...]


class _Document(msgspec.Struct, frozen=True):
    version: int
    mirrors: tuple[_Entry, ...]


class PinStore:
    """The pins in one JSON file. A missing file means no pins.

    Pins belong to a name and a URL: a mirror that is added again under its old name and with
    another URL has none. Every method raises `StoreError` if the file is there and cannot be
    read: trust is never lost, or found, silently.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def pins(self, mirror: Mirror) -> tuple[Pin, ...]:
        """The keys trusted for `mirror`, in the order in which they were pinned."""
        return next((entry.pins for entry in self._entries() if _is_of(entry, mirror)), ())

    def add(self, mirror: Mirror, key: OfferedKey) -> None:
        """Trust a key for a mirror; one that is pinned already is renewed.

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
        pin = Pin(key.fingerprint, key.user_ids, key.armored, now)
        kept = [old for old in self.pins(mirror) if old.fingerprint != pin.fingerprint]
        self._put(mirror, (*kept, pin))

    def remove(self, mirror: Mirror, fingerprint: Fingerprint) -> None:
        """Trust a key no longer.

        Raises:
            WrongUse: it is not pinned for this mirror.
            StoreError: the file cannot be written.
        """
        pins = self.pins(mirror)
        kept = tuple(pin for pin in pins if pin.fingerprint != fingerprint)
        if len(kept) == len(pins):
            trusted = ", ".join(pin.fingerprint for pin in pins) or "none"
            raise WrongUse(
                f"The key {fingerprint} is not trusted for mirror {mirror.name}",
                f"Trusted keys: {trusted}",
            )
        self._put(mirror, kept)

    def forget(self, name: MirrorName) -> None:
        """Drop all pins of mirrors with this name.

        Raises:
            StoreError: the file cannot be written.
        """
        entries = self._entries()
        kept = tuple(entry for entry in entries if entry.mirror != name)
        if len(kept) != len(entries):
            self._write(kept)

    def _put(self, mirror: Mirror, pins: tuple[Pin, ...]) -> None:
        others = tuple(entry for entry in self._entries() if entry.mirror != mirror.name)
        mine = (_Entry(mirror.name, shown(mirror.url), pins),) if pins else ()
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
