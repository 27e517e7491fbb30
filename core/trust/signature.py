"""What the status lines of GnuPG say about one signature (GnuPG `doc/DETAILS`)."""

import math
from collections import Counter
from collections.abc import Mapping
from enum import Enum

from core.model.value import Value
from core.trust.gpg import Said

STRONG_DIGESTS = frozenset({"8", "9", "10"})
"""SHA-256, SHA-384, SHA-512 by their OpenPGP numbers."""
_WEAK_DIGESTS = frozenset({"1", "2", "3"})
_NO_PUBLIC_KEY = "9"
_TEXT_CLASSES = ("00", "01")

_HARMLESS = frozenset(
    {
        "KEY_CONSIDERED",
        "KEYEXPIRED",
        "NOTATION_DATA",
        "NOTATION_FLAGS",
        "NOTATION_NAME",
        "PLAINTEXT_LENGTH",
        "POLICY_URL",
        "PROGRESS",
        "SIGEXPIRED",
        "SIG_ID",
        "TRUST_FULLY",
        "TRUST_MARGINAL",
        "TRUST_NEVER",
        "TRUST_ULTIMATE",
        "TRUST_UNDEFINED",
        "VERIFICATION_COMPLIANCE_MODE",
        "WARNING",
    }
)
"""Lines that change nothing. KEYEXPIRED also speaks of subkeys that did not sign."""
_ONCE = ("PLAINTEXT", "NEWSIG", "GOODSIG", "VALIDSIG")
"""Lines of which a good document has exactly one each."""


class Flaw(Enum):
    """Why a signature does not count. The value is the sentence after the name of the build."""

    SEVERAL = "has {count} signatures instead of one"
    UNKNOWN_KEY = "is signed by the key {key}, which is not trusted for mirror {mirror}"
    BAD = "has a bad signature: it was changed after it was signed"
    REVOKED_KEY = "is signed by the key {key}, which is revoked"
    EXPIRED_KEY = "is signed by the key {key}, which has expired"
    EXPIRED = "has a signature that has expired"
    WEAK_DIGEST = "has a signature made with a weak digest (MD5, SHA-1 or the like)"
    NOT_CHECKED = "has a signature that GnuPG cannot check"
    UNCLEAR = "has a signature about which GnuPG says something unexpected: {key}"


class Finding(Value, frozen=True):
    """What was found about the signature of one document."""

    flaw: Flaw | None
    """Why it does not count; `None` if it is good."""
    signer: str = ""
    """Fingerprint of the key that signed, or its id if GnuPG knows no more."""
    primary: str = ""
    """Fingerprint of the primary key; only of a good signature."""
    expires: float = math.inf
    """When a good signature expires, seconds since the epoch; long ago if that is not clear."""
    count: int = 1
    """How many signatures there are."""


_KEY_STATES = {
    "BADSIG": Flaw.BAD,
    "REVKEYSIG": Flaw.REVOKED_KEY,
    "EXPKEYSIG": Flaw.EXPIRED_KEY,
    "EXPSIG": Flaw.EXPIRED,
}


def find_signature(said: Said, *, detached: bool = False) -> Finding:
    """Judge what GnuPG said; good is only what is good without any doubt.

    Args:
        said: what it said.
        detached: whether it checked a detached signature, and wrote no text itself.
    """
    lines = {key: value.split() for key, value in said.status}
    counts = Counter(key for key, _ in said.status)
    if counts["NEWSIG"] > 1:
        return Finding(Flaw.SEVERAL, count=counts["NEWSIG"])
    if not counts["NEWSIG"]:
        return Finding(Flaw.NOT_CHECKED)
    signer = _signer(lines)
    flaw = _stated_flaw(lines)
    if flaw:
        return Finding(flaw, signer)
    doubt = _doubt(said, counts, {"PLAINTEXT": 0} if detached else {})
    if doubt:
        return Finding(Flaw.UNCLEAR, doubt)
    # Fields: fingerprint, date, time, expiry, version, reserved, algorithm, digest, class, primary.
    valid = lines["VALIDSIG"]
    if valid[7] not in STRONG_DIGESTS:
        return Finding(Flaw.WEAK_DIGEST, signer)
    return Finding(None, signer, valid[9], expires=_moment(valid[3]))


def _stated_flaw(lines: dict[str, list[str]]) -> Flaw | None:
    for key, flaw in _KEY_STATES.items():
        if key in lines:
            return flaw
    # Fields: key id, algorithm, digest, class, time, reason, fingerprint (or "-").
    error = lines.get("ERRSIG")
    if error is None:
        return None
    if error[2:3] and error[2] in _WEAK_DIGESTS:
        return Flaw.WEAK_DIGEST
    return Flaw.UNKNOWN_KEY if error[5:6] == [_NO_PUBLIC_KEY] else Flaw.NOT_CHECKED


def _doubt(said: Said, counts: Counter[str], expected: Mapping[str, int]) -> str:
    unexpected = sorted(set(counts) - _HARMLESS - set(_ONCE))
    if unexpected:
        return ", ".join(unexpected)
    for key in _ONCE:
        if counts[key] != expected.get(key, 1):
            return f"{counts[key]} times {key}"
    valid = dict(said.status)["VALIDSIG"].split()
    if len(valid) != 10 or valid[8] not in _TEXT_CLASSES:
        return " ".join(valid)
    return f"exit status {said.returncode}" if said.returncode else ""


def _moment(text: str) -> float:
    """Seconds since the epoch; without end if GnuPG names none."""
    if text == "0":
        return math.inf
    return float(text) if text.isdecimal() else 0.0


def _signer(lines: dict[str, list[str]]) -> str:
    if lines.get("VALIDSIG"):
        return lines["VALIDSIG"][0]
    error = lines.get("ERRSIG", [])
    if len(error) > 6 and error[6] != "-":
        return error[6]
    return next((lines[key][0] for key in (*_KEY_STATES, "ERRSIG") if lines.get(key)), "")
