"""The keys of a session's mirrors: on offer, trusted, and the way from one to the other."""

import time
from collections.abc import Iterable

from core.errors import MirrorError, NotAvailable, Refused, WrongUse
from core.model.ident import Fingerprint, fingerprint
from core.model.keycards import KeyCard, KeyReport
from core.model.mirror import Mirror
from core.model.views import KeyStatus
from core.session.mirrors import MirrorDesk
from core.session.secondsources import opinions
from core.settings import Settings
from core.spack.instance import find_spack, keyring_of
from core.trust.keys import OfferedKey, read_keyring, read_keys
from core.trust.pins import PinStore

_Keys = dict[Fingerprint, OfferedKey]


class KeyDesk:
    """What a session knows of keys."""

    def __init__(self, settings: Settings, mirrors: MirrorDesk, pins: PinStore) -> None:
        self._pages = settings.cache_dir / "keys-pages"
        self._use_spack = settings.use_spack
        self._given_spack = settings.spack
        self._mirrors = mirrors
        self._pins = pins

    def keys(self, mirror: Mirror) -> tuple[KeyStatus, ...]:
        """The keys on offer and the trusted ones; the trusted alone if the mirror is away.

        Raises:
            MirrorError: the mirror cannot be asked, and no key is trusted.
        """
        return tuple(card.key for card in self._report(mirror, asks_others=False).cards)

    def report(self, mirror: Mirror) -> KeyReport:
        """The same with what second sources say, and what the mirror served before.

        Raises:
            MirrorError: as `keys`.
        """
        return self._report(mirror, asks_others=True)

    def of_spack(self, mirror: Mirror) -> tuple[KeyCard, ...]:
        """The keys in the keyring of a Spack beside us. They are on offer, and no more.

        Raises:
            NotAvailable: there is no Spack, or it has no keyring.
            StoreError: the keyring cannot be read.
        """
        trusted = self._trusted(mirror)
        return tuple(
            self._card(mirror, key, trusted=key.fingerprint in trusted, offered=False)
            for key in self._spacks()
        )

    def trust(
        self, mirror: Mirror, text: str, *, from_spack: bool, despite_disagreement: bool
    ) -> KeyStatus:
        """Pin a key on offer, by its full fingerprint or that of a subkey.

        It is the primary key that gets pinned, with all its subkeys.

        Raises:
            WrongUse: `text` is no full fingerprint, or that key is not on offer.
            Refused: the key is expired, revoked or weak, or a second source names another one.
            NotAvailable: it is to come from a Spack, and there is none.
        """
        wanted = fingerprint(text)
        offered = list(self._spacks() if from_spack else self._offered(mirror).values())
        key = _chosen(offered, wanted, mirror, from_spack=from_spack)
        card = self._card(mirror, key, trusted=True, offered=not from_spack)
        if card.disagreement and not despite_disagreement:
            raise Refused(
                f"The key {key.fingerprint} is not trusted: second sources name another one",
                f"Mirror {mirror.name}; {card.disagreement}",
                "Somebody may be lying to you: ask who runs the mirror, on another way",
            )
        served = () if from_spack else offered
        self._pins.add(mirror, key, served=served, exception=card.disagreement)
        return card.key

    def distrust(self, mirror: Mirror, text: str) -> None:
        """Remove a pin; raises `WrongUse` if there is none."""
        self._pins.remove(mirror, fingerprint(text))

    def _report(self, mirror: Mirror, *, asks_others: bool) -> KeyReport:
        trusted = self._trusted(mirror)
        is_asked, offered = True, dict[Fingerprint, OfferedKey]()
        try:
            offered = self._offered(mirror)
        except MirrorError:
            if not trusted:
                raise
            is_asked = False
        before = self._before(mirror, trusted)
        old = {key.fingerprint for key in before}
        cards = tuple(
            self._card(
                mirror,
                key,
                trusted=name in trusted,
                offered=name in offered,
                is_new=bool(old) and name not in old,
                asks_others=asks_others,
            )
            for name, key in {**trusted, **offered}.items()
        )
        return KeyReport(mirror.name, is_asked, cards, before)

    def _card(
        self,
        mirror: Mirror,
        key: OfferedKey,
        *,
        trusted: bool,
        offered: bool,
        is_new: bool = False,
        asks_others: bool = True,
    ) -> KeyCard:
        status = KeyStatus(
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
        pinned = {
            other.name: {pin.fingerprint for pin in self._pins.pins(other)}
            for other in (self._mirrors.configured() if asks_others else ())
            if other != mirror
        }
        sources = opinions(mirror, key.fingerprint, pinned, self._pages) if asks_others else ()
        return KeyCard(status, key.user_ids, sources, is_new)

    def _before(self, mirror: Mirror, trusted: _Keys) -> tuple[KeyStatus, ...]:
        return tuple(
            KeyStatus(
                mirror=mirror.name,
                fingerprint=key.fingerprint,
                user_id=key.user_id,
                algorithm=key.algorithm,
                created=key.created,
                expires=key.expires,
                trusted=key.fingerprint in trusted,
                offered=False,
            )
            for key in self._pins.served(mirror)
        )

    def _offered(self, mirror: Mirror) -> _Keys:
        texts = self._mirrors.client(mirror).key_texts()
        return _by_name(key for text in texts for key in read_keys(text))

    def _trusted(self, mirror: Mirror) -> _Keys:
        pins = self._pins.pins(mirror)
        return _by_name(key for pin in pins for key in read_keys(pin.armored.encode()))

    def _spacks(self) -> tuple[OfferedKey, ...]:
        spack = find_spack(given=self._given_spack) if self._use_spack else None
        if spack is None:
            raise NotAvailable(
                "There is no Spack beside spackbin whose keys could be taken",
                hint="Set SPACK_ROOT, or put spack on the PATH",
            )
        return read_keyring(keyring_of(spack))


def _by_name(keys: Iterable[OfferedKey]) -> _Keys:
    return {key.fingerprint: key for key in keys}


def _chosen(
    offered: Iterable[OfferedKey], wanted: Fingerprint, mirror: Mirror, *, from_spack: bool
) -> OfferedKey:
    for key in offered:
        if wanted in (key.fingerprint, *(part.fingerprint for part in key.subkeys)):
            return key
    if from_spack:
        raise WrongUse(
            f"Spack has no key {wanted}",
            "",
            f"See what it has: spackbin key import --from-spack {mirror.name}",
        )
    raise WrongUse(
        f"Mirror {mirror.name} does not offer the key {wanted}",
        "",
        f"See what it offers: spackbin key list {mirror.name}",
    )
