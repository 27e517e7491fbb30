"""Names: the only place where raw text becomes a name.

Each function takes text from outside (a mirror, a user, a file), checks its form and returns
it as its own type; anything else raises `WrongUse` with the offending text quoted.
"""

import re
from typing import NewType

from core.errors import WrongUse

PackageName = NewType("PackageName", str)
"""Name of a package as Spack spells it: lower-case words, digits, `-`, `_`."""
VersionText = NewType("VersionText", str)
"""A concrete version, e.g. `1.14.6` or `git.abc=1.2`."""
DagHash = NewType("DagHash", str)
"""Full DAG hash: 32 characters of lower-case base32 (Spack 1.x `spec.py:Spec.dag_hash`)."""
Sha256 = NewType("Sha256", str)
"""SHA-256 digest as 64 lower-case hex digits."""
Fingerprint = NewType("Fingerprint", str)
"""OpenPGP fingerprint of a primary key: 40 (v4) or 64 (v5) upper-case hex digits."""
MirrorName = NewType("MirrorName", str)
"""Name of a mirror in the configuration."""

_PACKAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=/-]{0,199}")
_HASH = re.compile(r"[a-z2-7]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FINGERPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")
_MIRROR = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,99}")


def _checked(pattern: re.Pattern[str], text: object, what: str) -> str:
    if isinstance(text, str) and pattern.fullmatch(text):
        return text
    shown = ascii(text)
    if len(shown) > 80:
        shown = shown[:77] + "..."
    raise WrongUse(f"{shown} is not {what}")


def package_name(text: object) -> PackageName:
    """`text` as a package name."""
    return PackageName(_checked(_PACKAGE, text, "a package name"))


def version_text(text: object) -> VersionText:
    """`text` as a concrete version; `..` as a path component is refused."""
    checked = _checked(_VERSION, text, "a version")
    if ".." in checked.split("/"):
        raise WrongUse(f"{text!a} is not a version")
    return VersionText(checked)


def dag_hash(text: object) -> DagHash:
    """`text` as a full DAG hash."""
    return DagHash(_checked(_HASH, text, "a DAG hash (32 characters a-z, 2-7)"))


def sha256(text: object) -> Sha256:
    """`text` as a SHA-256 digest."""
    return Sha256(_checked(_SHA256, text, "a SHA-256 digest (64 lower-case hex digits)"))


def fingerprint(text: object) -> Fingerprint:
    """`text` as a fingerprint; blanks between groups and lower case are accepted."""
    if isinstance(text, str):
        text = "".join(text.split()).upper()
    return Fingerprint(_checked(_FINGERPRINT, text, "a full key fingerprint (40 hex digits)"))


def mirror_name(text: object) -> MirrorName:
    """`text` as a mirror name."""
    return MirrorName(_checked(_MIRROR, text, "a mirror name (letters, digits, . _ @ + -)"))
