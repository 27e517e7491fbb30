"""Public mirrors that we know of. Nothing is ever fetched from them unless somebody adds them.

Source: https://cache.spack.io and https://binaries.spack.io, run by the Spack project; a path is a
branch or a release of Spack, below it are its stacks.
"""

from core.model.ident import Fingerprint, MirrorName
from core.model.mirror import KnownMirror

SPACK_KEY = Fingerprint("2C8DD3224EF3573A42BD221FA8E0CA3C1C2ADA2F")
"""The key of the Spack project, which signs all of these."""

_URL = "https://binaries.spack.io"


def _spack(ref: str, summary: str) -> KnownMirror:
    return KnownMirror(MirrorName(f"spack-{ref}"), f"{_URL}/{ref}", SPACK_KEY, summary)


KNOWN = (
    _spack("develop", "what the Spack project builds from its branch develop, renewed daily"),
    _spack("v1.1.0", "the builds of the release Spack 1.1.0"),
    _spack("v0.18.0", "the builds of the release Spack 0.18.0"),
)
"""Offered, newest first."""
