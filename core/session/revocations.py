"""A pinned key that its owner has taken back: the mirror's copy says so, ours cannot know."""

from contextlib import suppress
from typing import TYPE_CHECKING

from core.errors import MirrorError, Refused
from core.trust.pins import PinStore

if TYPE_CHECKING:
    from core.mirror.client import MirrorClient


def learn_revocations(client: "MirrorClient", pins: PinStore) -> None:
    """Put revoked keys that a mirror serves in the place of those that are pinned for it.

    A revocation is signed by the key itself, so whoever brings it may be believed. A mirror can
    hide one; against that there is the keys page.

    Raises:
        StoreError: the pins cannot be read or written.
    """
    pinned = {pin.fingerprint for pin in pins.pins(client.mirror)}
    if not pinned:
        return
    from core.trust.keys import read_keys

    # A mirror whose keys cannot be read may still have a good index.
    with suppress(MirrorError, Refused):
        for text in client.key_texts():
            for key in read_keys(text):
                if key.is_revoked and key.fingerprint in pinned:
                    pins.mark_revoked(client.mirror, key)
