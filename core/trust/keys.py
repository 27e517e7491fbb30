"""Reading the public keys that a mirror offers."""

import codecs
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from core.errors import NotAvailable, Refused, StoreError, WrongUse
from core.model.ident import Fingerprint, fingerprint
from core.model.value import Value
from core.trust.gpg import Gpg

MAX_KEY_DATA = 4 << 20
"""Bytes of key material that are looked at."""
WEAK_BELOW = 2048
"""RSA and DSA keys with fewer bits are too weak."""
MAX_KEYRING = 64 << 20
"""Bytes of a keyring that is looked at."""

_KEYRINGS = ("pubring.kbx", "pubring.gpg")
_BY_BITS = {"1": "RSA", "2": "RSA", "3": "RSA", "17": "DSA"}
_BY_CURVE = {"19": "ECDSA", "22": "EdDSA"}
_CANNOT_SIGN = {"16": "ElGamal", "18": "ECDH", "20": "ElGamal"}


class KeyPart(Value, frozen=True):
    """A primary key or a subkey by itself."""

    fingerprint: Fingerprint
    """Its fingerprint."""
    algorithm: str
    """e.g. `RSA 4096`, `EdDSA ed25519`."""
    created: int
    """Seconds since the epoch."""
    expires: int | None
    """Seconds since the epoch, `None` if never."""
    is_revoked: bool
    """True if its owner has taken it back."""
    is_weak: bool
    """True if it is too short, or of an algorithm that we do not know."""
    can_sign: bool
    """True if it may sign data."""

    def has_ended(self, now: float) -> bool:
        """True if it is expired or revoked at `now`."""
        return self.is_revoked or (self.expires is not None and self.expires <= now)


class OfferedKey(Value, frozen=True):
    """A public key as a mirror offers it. Nothing says yet whose it really is."""

    primary: KeyPart
    """The primary key, which gets pinned."""
    user_ids: tuple[str, ...]
    """User ids. Foreign text: escape it before it reaches a terminal."""
    subkeys: tuple[KeyPart, ...]
    """Its subkeys."""
    armored: str
    """This key alone, exported by GnuPG in ASCII armour."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Fingerprint of the primary key."""
        return self.primary.fingerprint

    @property
    def algorithm(self) -> str:
        """Algorithm of the primary key."""
        return self.primary.algorithm

    @property
    def created(self) -> int:
        """Seconds since the epoch."""
        return self.primary.created

    @property
    def expires(self) -> int | None:
        """Seconds since the epoch, `None` if never."""
        return self.primary.expires

    @property
    def is_revoked(self) -> bool:
        """True if its owner has taken it back."""
        return self.primary.is_revoked

    def problem(self, now: float) -> str:
        """Why it cannot be trusted at `now` ("revoked"), to follow "it is"; empty if it can."""
        if self.is_revoked:
            return "revoked"
        if self.expires is not None and self.expires <= now:
            return f"expired since {datetime.fromtimestamp(self.expires, UTC):%Y-%m-%d}"
        usable = [
            key for key in (self.primary, *self.subkeys) if key.can_sign and not key.has_ended(now)
        ]
        if not usable:
            return "not made for signing"
        # A weak primary key could vouch for any subkey, whether it signs itself or not.
        weak = [key for key in (self.primary, *usable) if key.is_weak]
        return f"too weak ({weak[0].algorithm})" if weak else ""


def read_keys(data: bytes) -> tuple[OfferedKey, ...]:
    """The public keys in `data`, in ASCII armour or binary, one after the other.

    Raises:
        Refused: there is no public key, or there is a secret one, or GnuPG is not here.
    """
    if len(data) > MAX_KEY_DATA:
        raise Refused(f"The key material has {len(data):,} bytes, too many to be true")
    with _throw_away_home() as home:
        gpg = Gpg(Path(home))
        blocks = list(_blocks(gpg.import_keys(data).data))
        if any(block[0][0] == "sec" for block in blocks):
            raise Refused(
                "There is a secret key among the keys on offer",
                hint="Tell who runs the mirror at once: whoever has it can sign anything",
            )
        keys = [_key(block, gpg) for block in blocks]
    found = {key.fingerprint: key for key in keys if key}
    if not found:
        raise Refused(
            "There is no OpenPGP public key in what is on offer",
            hint="Tell who runs the mirror, or get the key another way",
        )
    return tuple(found.values())


def parts_of(listing: bytes) -> Iterator[KeyPart]:
    """All primary keys and subkeys in a listing by GnuPG in colon format.

    Raises:
        Refused: it cannot be understood.
    """
    try:
        for block in _blocks(listing):
            yield from _parts(block)
    except (WrongUse, ValueError) as error:
        raise Refused("What GnuPG lists of a key cannot be understood") from error


def read_keyring(home: Path) -> tuple[OfferedKey, ...]:
    """The public keys in a GnuPG home of somebody else, which is read and not touched.

    Raises:
        NotAvailable: there is no keyring, or none of a kind that can be read.
        Refused: it holds no key, or GnuPG is not here.
        StoreError: it cannot be read.
    """
    keyring = next((home / name for name in _KEYRINGS if os.path.isfile(home / name)), None)
    if keyring is None:
        raise NotAvailable("There is no keyring of GnuPG", str(home), "Look at: spack gpg list")
    with _throw_away_home() as own:
        try:
            if keyring.stat().st_size > MAX_KEYRING:
                raise StoreError("The keyring is too large to be true", str(keyring))
            # GnuPG makes locks and trust files beside the keyring that it reads.
            shutil.copyfile(keyring, Path(own) / keyring.name)
        except OSError as error:
            title = f"The keyring cannot be read: {error.strerror}"
            raise StoreError(title, str(keyring)) from error
        found = Gpg(Path(own)).export_all()
    return read_keys(found)


def _throw_away_home() -> "tempfile.TemporaryDirectory[str]":
    try:
        return tempfile.TemporaryDirectory(prefix="spackbin-")
    except OSError as error:
        raise StoreError(
            f"There is no room to look at keys: {error.strerror}",
            tempfile.gettempdir(),
            "Make room, or name another place with TMPDIR",
        ) from error


_Line = list[str]


def _blocks(listing: bytes) -> Iterator[list[_Line]]:
    """The lines of each key in a colon listing (GnuPG `doc/DETAILS`), split into fields."""
    block: list[_Line] = []
    # Split at LF alone: user ids may hold other bytes that Python takes for line ends.
    for raw in listing.split(b"\n"):
        fields = raw.decode("utf-8", "backslashreplace").split(":")
        if fields[0] in ("pub", "sec"):
            if block:
                yield block
            block = []
        if block or fields[0] in ("pub", "sec"):
            block.append(fields + [""] * (21 - len(fields)))
    if block:
        yield block


def _key(block: list[_Line], gpg: Gpg) -> OfferedKey | None:
    """The key of a block, `None` if GnuPG would not import it."""
    try:
        keys = list(_parts(block))
    except (WrongUse, ValueError) as error:
        raise Refused("A key on offer cannot be understood") from error
    armored = gpg.export_key(keys[0].fingerprint) if keys else ""
    if not armored.strip():
        return None
    user_ids = tuple(_unescaped(line[9]) for line in block if line[0] == "uid")
    return OfferedKey(keys[0], user_ids, tuple(keys[1:]), armored)


def _parts(block: list[_Line]) -> Iterator[KeyPart]:
    for line, after in pairwise(block):
        if line[0] in ("pub", "sub") and after[0] == "fpr":
            yield _part(line, fingerprint(after[9]))


def _part(line: _Line, name: Fingerprint) -> KeyPart:
    bits, number, curve = int(line[2] or "0"), line[3], line[16]
    if number in _BY_BITS:
        algorithm, is_weak = f"{_BY_BITS[number]} {bits}", bits < WEAK_BELOW
    elif number in _BY_CURVE:
        algorithm, is_weak = f"{_BY_CURVE[number]} {curve}".strip(), False
    else:
        algorithm, is_weak = _CANNOT_SIGN.get(number, f"unknown algorithm {number}"), True
    return KeyPart(
        fingerprint=name,
        algorithm=algorithm,
        created=int(line[5] or "0"),
        expires=int(line[6]) if line[6] else None,
        is_revoked=line[1] == "r",
        is_weak=is_weak,
        # Lower case: what this key may do itself; upper case would speak of the key as a whole.
        can_sign="s" in line[11] and number not in _CANNOT_SIGN,
    )


def _unescaped(text: str) -> str:
    """A user id without GnuPG's escapes, which stand for bytes."""
    raw = re.sub(
        rb"\\x([0-9a-fA-F]{2})", lambda found: bytes.fromhex(found[1].decode()), text.encode()
    )
    return codecs.decode(raw, "utf-8", "backslashreplace")
