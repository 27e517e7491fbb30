"""Whether a mirror's builds must be signed."""

from dataclasses import dataclass, replace

from core.model.mirror import Mirror


@dataclass(frozen=True, slots=True)
class Policy:
    """What is accepted from a mirror."""

    accepts_unsigned: bool
    """True if builds without a signature by a trusted key are accepted."""
    announcement: str
    """What to tell the user before anything is installed under it; empty if nothing."""


REQUIRE_SIGNATURES = Policy(accepts_unsigned=False, announcement="")
"""Every build must have a good signature by a key that is pinned for its mirror."""

ACCEPT_UNSIGNED_BINARIES = Policy(
    accepts_unsigned=True,
    announcement="Its builds need no signature: whoever can write to it, or to the way here, can"
    " run programs as you",
)
"""The unsafe one, for mirrors that the user has configured as unsigned, and for no other."""


def policy_of(mirror: Mirror) -> Policy:
    """The policy that the configuration of `mirror` asks for."""
    if mirror.signed:
        return REQUIRE_SIGNATURES
    unsafe = ACCEPT_UNSIGNED_BINARIES
    return replace(unsafe, announcement=f"Mirror {mirror.name} is unsigned. {unsafe.announcement}")
