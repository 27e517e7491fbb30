"""Until when it counts that GnuPG found a signature good: until something that it rests on expires.

GnuPG tells when a signature expires, but of a key only that it has. So it is asked once for all
keys of a keyring, which are the same as long as the keyring is.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from core.trust.gpg import Gpg
from core.trust.keyring import keyring_content
from core.trust.lately import Lately
from core.trust.pins import Pin
from core.trust.signature import Finding

NEVER = math.inf
"""The moment when something expires that does not."""
_NAME = "expiries"


class _Listed(msgspec.Struct, frozen=True):
    """What GnuPG said of the keys of a keyring."""

    keyring: str
    """Which keyring it is."""
    expiries: dict[str, float]
    """Seconds since the epoch, by the fingerprints of all primary keys and subkeys."""


class Expiry:
    """Knows when the keys of one keyring expire. Safe for threads.

    Args:
        pins: exactly the keys of the keyring.
        kept: where it is kept.
    """

    def __init__(self, pins: Sequence[Pin], kept: Lately) -> None:
        self._pins = pins
        self._kept = kept

    def until(self, finding: Finding, gpg: Gpg) -> float:
        """When a good finding counts no longer, seconds since the epoch.

        It does not count for a moment if the key is none of those that are listed.

        Args:
            finding: what was found about a signature.
            gpg: GnuPG with the keyring.
        """
        expiries = self._recalled or self._listed(gpg)
        keys = (expiries.get(name, 0.0) for name in (finding.signer, finding.primary))
        return min(finding.expires, *keys)

    @cached_property
    def _recalled(self) -> Mapping[str, float]:
        try:
            kept = msgspec.msgpack.decode(self._kept.recall(_NAME) or b"", type=_Listed)
        except msgspec.DecodeError:
            return {}
        return kept.expiries if kept.keyring == self._kept.keyring else {}

    def _listed(self, gpg: Gpg) -> Mapping[str, float]:
        # It takes long to load, and who recalls all of it needs nothing of it.
        from core.trust.keys import parts_of

        listing = gpg.show_keys(keyring_content(self._pins))
        expiries: dict[str, float] = {
            part.fingerprint: NEVER if part.expires is None else part.expires
            for part in parts_of(listing)
        }
        found = _Listed(self._kept.keyring, expiries)
        self._kept.keep(_NAME, msgspec.msgpack.encode(found))
        self._recalled = expiries
        return expiries
