"""The keys of a session's mirrors: on offer, trusted, and the way from one to the other."""

import time

from core.errors import MirrorError, WrongUse
from core.model.ident import Fingerprint, fingerprint
from core.model.mirror import Mirror
from core.model.views import KeyStatus
from core.session.mirrors import MirrorDesk
from core.trust.keys import OfferedKey, read_keys
from core.trust.pins import PinStore


class KeyDesk:
    """What a session knows of keys."""

    def __init__(self, mirrors: MirrorDesk, pins: PinStore) -> None:
        self._mirrors = mirrors
        self._pins = pins

    def keys(self, mirror: Mirror) -> tuple[KeyStatus, ...]:
        """The keys on offer and the trusted ones; the trusted alone if the mirror is away.

        Raises:
            MirrorError: the mirror cannot be asked, and no key is trusted.
        """
        trusted = {key.fingerprint: key for key in self._trusted(mirror)}
        try:
            offered = {key.fingerprint: key for key in self._offered(mirror)}
        except MirrorError:
            if not trusted:
                raise
            offered = dict[Fingerprint, OfferedKey]()
        both = {**trusted, **offered}
        return tuple(
            _status(mirror, key, trusted=key.fingerprint in trusted, offered=is_offered)
            for key in both.values()
            for is_offered in (key.fingerprint in offered,)
        )

    def trust(self, mirror: Mirror, text: str) -> KeyStatus:
        """Pin a key that the mirror offers, by its full fingerprint or that of a subkey.

        It is the primary key that gets pinned, with all its subkeys.

        Raises:
            WrongUse: `text` is no full fingerprint, or the mirror does not offer that key.
            Refused: the key is expired, revoked or weak.
        """
        wanted = fingerprint(text)
        for key in self._offered(mirror):
            if wanted in (key.fingerprint, *(part.fingerprint for part in key.subkeys)):
                break
        else:
            raise WrongUse(
                f"Mirror {mirror.name} does not offer the key {wanted}",
                "",
                f"See what it offers: spackbin key list {mirror.name}",
            )
        self._pins.add(mirror, key)
        return _status(mirror, key, trusted=True, offered=True)

    def distrust(self, mirror: Mirror, text: str) -> None:
        """Remove a pin; raises `WrongUse` if there is none."""
        self._pins.remove(mirror, fingerprint(text))

    def _offered(self, mirror: Mirror) -> list[OfferedKey]:
        texts = self._mirrors.client(mirror).key_texts()
        return [key for text in texts for key in read_keys(text)]

    def _trusted(self, mirror: Mirror) -> list[OfferedKey]:
        return [key for pin in self._pins.pins(mirror) for key in read_keys(pin.armored.encode())]


def _status(mirror: Mirror, key: OfferedKey, *, trusted: bool, offered: bool) -> KeyStatus:
    return KeyStatus(
        mirror=mirror.name,
        fingerprint=key.fingerprint,
        user_id=key.user_ids[0] if key.user_ids else "",
        algorithm=key.algorithm,
        created=key.created,
        expires=key.expires,
        trusted=trusted,
        offered=offered,
        problem=key.problem(time.time()),
    )
