"""Requests and facts about trust: keys with their second sources, mirrors before they are added."""

from dataclasses import dataclass

from core.model.ident import MirrorName
from core.model.keycards import KeyCard, KeyReport
from tui.messages.facts import Fact
from tui.messages.requests import Request


@dataclass(frozen=True)
class CheckMirror(Request):
    """Find out what must be read before such a mirror is added. The mirror is not asked."""

    name: str
    """Name to give it."""
    url: str
    """Where it is."""
    signed: bool
    """True if its builds must be signed."""
    is_quiet = True


@dataclass(frozen=True)
class ReadKeyReport(Request):
    """Ask the second sources about the keys of a mirror."""

    mirror: MirrorName
    """Which mirror."""
    is_quiet = True


@dataclass(frozen=True)
class ReadSpackKeys(Request):
    """Look into the keyring of a Spack beside us."""

    mirror: MirrorName
    """For which mirror its keys could be trusted."""
    is_quiet = True


@dataclass(frozen=True)
class MirrorChecked(Fact):
    """It is known what must be read before a mirror is added."""

    request: CheckMirror
    """What was asked."""
    badge: str
    """What to warn of: `PR`, `UNSIGNED`, both, or nothing."""
    warnings: tuple[str, ...]
    """Sentences; empty if the mirror can be added without more ado."""
    store: str
    """The quarantine store that its builds would go to, if there are warnings."""


@dataclass(frozen=True)
class KeyReportRead(Fact):
    """The second sources have spoken."""

    report: KeyReport
    """The keys of the mirror, and what is said of them."""


@dataclass(frozen=True)
class SpackKeysRead(Fact):
    """The keyring of a Spack beside us was read."""

    mirror: MirrorName
    """For which mirror its keys could be trusted."""
    cards: tuple[KeyCard, ...]
    """Its keys. None of them is trusted because Spack has it."""
