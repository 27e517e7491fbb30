"""Second sources: who, apart from the mirror itself, knows which key it signs with."""

import hashlib
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from core.atomic import write_atomically
from core.errors import SpackbinError
from core.mirror.known import SPACK_KEY, known_fingerprint, known_keys_page
from core.model.ident import Fingerprint, MirrorName
from core.model.keycards import Opinion, SecondSource
from core.model.mirror import Mirror
from core.net.transport import open_transport
from core.net.urls import shown
from core.trust.pages import MAX_PAGE, fingerprints_on

LASTS = 3600.0
"""Seconds for which a keys page is not asked for again."""

_SHORT = 8
"""Digits of a short key id, by which people take one key for another."""


class Page(msgspec.Struct, frozen=True):
    """A keys page as it was read."""

    url: str
    """Where it is."""
    read: float
    """When, seconds since the epoch."""
    fingerprints: tuple[Fingerprint, ...]
    """The keys that it names."""


def opinions(
    mirror: Mirror, key: Fingerprint, pinned: dict[MirrorName, set[Fingerprint]], pages: Path
) -> tuple[SecondSource, ...]:
    """What the second sources say of a key that somebody offers for `mirror`.

    Args:
        mirror: the mirror.
        key: fingerprint of the primary key.
        pinned: the keys trusted for each of the other mirrors.
        pages: directory of the keys pages that were read lately.
    """
    return (
        _known(mirror, key),
        _keys_page(mirror, key, pages),
        _other_mirrors(key, pinned),
    )


def _known(mirror: Mirror, key: Fingerprint) -> SecondSource:
    name = "known to spackbin"
    expected = known_fingerprint(mirror.url)
    if key == SPACK_KEY:
        return SecondSource(name, Opinion.AGREES, "it is the key of the Spack project")
    if expected:
        return SecondSource(name, Opinion.DISAGREES, f"this mirror signs with {expected}")
    if key[-_SHORT:] == SPACK_KEY[-_SHORT:]:
        return SecondSource(
            name, Opinion.DISAGREES, f"it has the short id of Spack's {SPACK_KEY}, and is another"
        )
    return SecondSource(name, Opinion.NOT_CHECKED, "no key of this mirror is known")


def _keys_page(mirror: Mirror, key: Fingerprint, pages: Path) -> SecondSource:
    name, url = "keys page", mirror.keys_page or known_keys_page(mirror.url)
    if not url:
        return SecondSource(name, Opinion.NOT_CHECKED, "none is configured")
    try:
        named = _page(url, pages).fingerprints
    except SpackbinError as error:
        return SecondSource(
            name, Opinion.NOT_CHECKED, f"{shown(url)} cannot be read: {error.title}"
        )
    if not named:
        return SecondSource(name, Opinion.NOT_CHECKED, f"{shown(url)} names no key")
    if key not in named:
        others = ", ".join(named[:3]) + (" and more" if len(named) > 3 else "")
        return SecondSource(name, Opinion.DISAGREES, f"{shown(url)} names {others} instead")
    if _is_same_place(url, mirror.url):
        return SecondSource(
            name, Opinion.NOT_CHECKED, f"{shown(url)} names it, and is the mirror's own server"
        )
    return SecondSource(name, Opinion.AGREES, f"{shown(url)} names it")


def _other_mirrors(key: Fingerprint, pinned: dict[MirrorName, set[Fingerprint]]) -> SecondSource:
    name = "other mirrors"
    trusting = [mirror for mirror, keys in pinned.items() if key in keys]
    if trusting:
        return SecondSource(name, Opinion.AGREES, f"trusted for {', '.join(trusting)}")
    for mirror, keys in pinned.items():
        for other in keys:
            if other[-_SHORT:] == key[-_SHORT:]:
                return SecondSource(
                    name,
                    Opinion.DISAGREES,
                    f"it has the short id of {other}, trusted for {mirror}, and is another",
                )
    return SecondSource(name, Opinion.NOT_CHECKED, "it is trusted for no other mirror")


def _page(url: str, pages: Path) -> Page:
    path = pages / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"
    found = _kept(path, url)
    if found is None:
        transport = open_transport(url)
        try:
            data = transport.get(url, limit=MAX_PAGE)
        finally:
            transport.close()
        found = Page(url, time.time(), tuple(sorted(fingerprints_on(data))))
        write_atomically(path, msgspec.json.encode(found))
    return found


def _kept(path: Path, url: str) -> Page | None:
    """A page that was read lately; whatever is wrong with it, it can be had again."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Page)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    is_fresh = 0 <= time.time() - found.read < LASTS
    return found if is_fresh and found.url == url else None


def _is_same_place(page: str, mirror: str) -> bool:
    one, other = urlsplit(page), urlsplit(mirror)
    return one.hostname is not None and one.hostname == other.hostname
