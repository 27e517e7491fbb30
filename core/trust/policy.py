"""Whether a mirror's builds must be signed, and what was let in against the rules."""

from msgspec.structs import replace

from core.model.mirror import Channel, Mirror
from core.model.value import Value


class Policy(Value, frozen=True):
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


def exceptions(mirror: Mirror, *, is_signed: bool, against_key: str) -> str:
    """What would have kept a build of `mirror` out, had the user not decided otherwise.

    Args:
        mirror: where it came from.
        is_signed: whether it has a good signature.
        against_key: what spoke against the key when it was pinned all the same; may be empty.

    Returns:
        A sentence without its full stop; empty if there is no exception.
    """
    found: list[str] = []
    if not is_signed:
        found.append(f"Mirror {mirror.name} may be unsigned: no signature was asked for")
    if mirror.channel is Channel.PR:
        found.append(f"Mirror {mirror.name} holds builds of a pull request")
    if mirror.is_doubtful and mirror.shares_store:
        found.append(f"Mirror {mirror.name} is not kept in quarantine")
    if against_key:
        found.append(f"The key was trusted although second sources disagree ({against_key})")
    return "; ".join(found)
