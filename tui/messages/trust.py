"""Requests and facts about trust: keys with their second sources, mirrors before they are added."""

from core.model.ident import MirrorName
from core.model.keycards import KeyCard, KeyReport
from core.model.mirror import Channel
from tui.messages.facts import Fact
from tui.messages.requests import Request


class CheckMirror(Request, frozen=True):
    """Find out what must be read before such a mirror is added. The mirror is not asked."""

    name: str
    """Name to give it."""
    url: str
    """Where it is."""
    signed: bool
    """True if its builds must be signed."""
    channel: Channel | None = None
    """What stands behind its builds; `None` for what its URL tells."""
    is_quiet = True


class ReadKeyReport(Request, frozen=True):
    """Ask the second sources about the keys of a mirror."""

    mirror: MirrorName
    """Which mirror."""
    is_quiet = True


class ReadSpackKeys(Request, frozen=True):
    """Look into the keyring of a Spack beside us."""

    mirror: MirrorName
    """For which mirror its keys could be trusted."""
    is_quiet = True


class MirrorChecked(Fact, frozen=True):
    """It is known what must be read before a mirror is added."""

    request: CheckMirror
    """What was asked."""
    badge: str
    """What to warn of: `PR`, `UNSIGNED`, both, or nothing."""
    warnings: tuple[str, ...]
    """Sentences; empty if the mirror can be added without more ado."""
    store: str
    """The quarantine store that its builds would go to, if there are warnings."""


class KeyReportRead(Fact, frozen=True):
    """The second sources have spoken."""

    report: KeyReport
    """The keys of the mirror, and what is said of them."""


class SpackKeysRead(Fact, frozen=True):
    """The keyring of a Spack beside us was read."""

    mirror: MirrorName
    """For which mirror its keys could be trusted."""
    cards: tuple[KeyCard, ...]
    """Its keys. None of them is trusted because Spack has it."""
