"""Public mirrors that we know of. Nothing is ever fetched from them unless somebody adds them.

Source: https://cache.spack.io and https://binaries.spack.io, run by the Spack project; a path is a
branch or a release of Spack, below it are its stacks.
"""

from urllib.parse import urlsplit

from core.model.ident import Fingerprint, MirrorName
from core.model.mirror import KnownMirror

SPACK_KEY = Fingerprint("2C8DD3224EF3573A42BD221FA8E0CA3C1C2ADA2F")
"""The key of the Spack project, which signs all of these (Spack 1.x
`share/spack/bootstrap/fingerprints/public.txt`)."""
SPACK_KEYS_PAGE = "https://spack.github.io/keys/spack-public-binary-key.pub"
"""Where the project publishes it, apart from its mirrors."""

_URL = "https://binaries.spack.io"


def _spack(ref: str, summary: str) -> KnownMirror:
    return KnownMirror(MirrorName(f"spack-{ref}"), f"{_URL}/{ref}", SPACK_KEY, summary)


KNOWN = (
    _spack("develop", "what the Spack project builds from its branch develop, renewed daily"),
    _spack("v1.1.0", "the builds of the release Spack 1.1.0"),
    _spack("v0.18.0", "the builds of the release Spack 0.18.0"),
)
"""Offered, newest first."""

_HOSTS = ("binaries.spack.io", "cache.spack.io")


def known_fingerprint(url: str) -> Fingerprint | None:
    """The key that must sign what is at `url`; `None` if we know nothing of the place."""
    return SPACK_KEY if _is_spacks(url) else None


def known_keys_page(url: str) -> str:
    """The keys page of who runs the mirror at `url`; empty if we know none."""
    return SPACK_KEYS_PAGE if _is_spacks(url) else ""


def _is_spacks(url: str) -> bool:
    parts = urlsplit(url)
    in_bucket = parts.scheme == "s3" and parts.netloc == "spack-binaries"
    return in_bucket or (parts.scheme in ("http", "https") and parts.hostname in _HOSTS)
