"""What a list says of one build, and which build of several fits a machine best."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from core.host.microarch import present_name
from core.model.host import Host, Verdict
from core.model.ident import MirrorName
from core.model.plan import Disposition
from core.model.version import VersionKey, version_key

_PREFERENCE = (
    Disposition.OTHER_HOST,
    Disposition.BLOCKED,
    Disposition.BUILD,
    Disposition.EXTERNAL,
    Disposition.CACHED,
    Disposition.INSTALLED,
)


class RowDisposition(NamedTuple):
    """What a list says of one build."""

    disposition: Disposition
    """What could be done with it."""
    reason: str = ""
    """Why it is blocked, for another host, or to be built, as a sentence."""


class Fitness(NamedTuple):
    """How well a build fits a machine; the greater the better."""

    preference: int
    """Installed before usable before everything else."""
    closeness: int
    """Builds for the machine's own processor before those for its ancestors; never positive."""
    version: VersionKey
    """Newer before older."""
    hash: str
    """So that the order never depends on chance."""


def row_kind(
    *, installed: bool, runs: bool, mirrors: Sequence[MirrorName], trusted: Collection[MirrorName]
) -> Disposition:
    """What can be done with a build, by what is known without asking a mirror.

    Args:
        installed: True if it is in the store.
        runs: True if it runs on this machine.
        mirrors: mirrors that have a binary of it.
        trusted: mirrors that have a trusted key, or may be unsigned.
    """
    if installed:
        return Disposition.INSTALLED
    if not runs:
        return Disposition.OTHER_HOST
    if not mirrors:
        return Disposition.BUILD
    is_trusted = any(mirror in trusted for mirror in mirrors)
    return Disposition.CACHED if is_trusted else Disposition.BLOCKED


def row_disposition(
    *,
    installed: bool,
    verdict: Verdict,
    mirrors: Sequence[MirrorName],
    trusted: Collection[MirrorName],
) -> RowDisposition:
    """The same with the reason, from the verdict whether it runs on this machine."""
    kind = row_kind(installed=installed, runs=verdict.runs, mirrors=mirrors, trusted=trusted)
    if kind is Disposition.OTHER_HOST:
        return RowDisposition(kind, "; ".join(verdict.reasons))
    if kind is Disposition.BUILD:
        return RowDisposition(kind, "no mirror has it")
    if kind is Disposition.BLOCKED:
        return RowDisposition(kind, f"no key is trusted for {' or '.join(mirrors)} yet")
    return RowDisposition(kind)


def fitness(
    host: Host, *, disposition: Disposition, target: str, version: str, hash_: str
) -> Fitness:
    """How well a build fits `host`, as a key: the best build has the greatest.

    What is installed comes first, then what runs here; among those the closest target, then the
    newest version.
    """
    present = present_name(target)
    distance = host.targets.index(present) if present in host.targets else len(host.targets)
    return Fitness(_PREFERENCE.index(disposition), -distance, version_key(version), hash_)
