"""Which URL somebody may have meant who gave one without a build cache."""

import re
import threading
import time
from collections.abc import Iterator
from itertools import islice

from core.errors import SpackbinError
from core.mirror.client import probe
from core.net.urls import scheme_of

MAX_PROBES = 6
"""How many other URLs are asked."""
PATIENCE = 6.0
"""Seconds that all of them together may take."""

_INSIDE = re.compile(r"/(?:v3|build_cache|blobs)(?:/.*)?$")
_RELEASE = re.compile(r"v\d+\.\d+(?:\.\d+)?")


def nearby(url: str) -> tuple[str, ...]:
    """Up to `MAX_PROBES` other URLs, likeliest first: parents, releases, the branch develop."""
    others = (other for other in dict.fromkeys(_guesses(url)) if other != url)
    return tuple(islice(others, MAX_PROBES))


def build_caches_near(url: str) -> tuple[str, ...]:
    """Those of `nearby(url)` that have a build cache and say so within `PATIENCE` seconds."""
    answered: set[str] = set()

    def ask(other: str) -> None:
        try:
            probe(other)
        except SpackbinError:
            return
        answered.add(other)

    guesses = nearby(url)
    # Nobody waits for one that hangs, not even the end of the program.
    threads = [threading.Thread(target=ask, args=(other,), daemon=True) for other in guesses]
    for thread in threads:
        thread.start()
    end = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return tuple(other for other in guesses if other in answered)


def _guesses(url: str) -> Iterator[str]:
    cut = _INSIDE.sub("", url)
    if cut != url:
        yield cut
    parent, _, last = cut.rpartition("/")
    if _RELEASE.fullmatch(last):
        yield from _releases(parent, last)
    yield f"{cut}/develop"
    if not _is_root(cut):
        if last != "develop":
            yield f"{parent}/develop"
        yield parent


def _releases(parent: str, release: str) -> Iterator[str]:
    """Public mirrors name releases `v0.18.0`; people write `v0.18` and `releases/v0.18`."""
    above, _, below = parent.rpartition("/")
    full = release if release.count(".") == 2 else f"{release}.0"
    short = ".".join(release.split(".")[:2])
    yield f"{parent}/{full}"
    if below == "releases":
        yield from (f"{above}/{full}", f"{above}/{short}", f"{above}/develop")
    else:
        yield from (f"{parent}/{short}", f"{parent}/releases/{short}")


def _is_root(url: str) -> bool:
    return "/" not in url[len(scheme_of(url)) + 3 :]
