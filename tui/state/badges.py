"""The warnings that mirrors wear wherever they are named."""

from collections.abc import Iterable

from core.model.ident import MirrorName
from core.model.mirror import Channel
from core.model.value import Value
from core.model.views import MirrorStatus
from tui.text import Part

CHANNEL_WORDS = {
    Channel.RELEASE: "the builds of a release, which do not change",
    Channel.ROLLING: "a branch, built anew again and again",
    Channel.SNAPSHOT: "a branch as it was on one day",
    Channel.SITE: "a mirror of somebody's own",
    Channel.PR: "builds of a pull request, which nobody has accepted yet",
}
"""What stands behind the builds of a mirror, in words."""


class Badges(Value, frozen=True):
    """Which mirrors are of a pull request, signed or unsigned, and where their builds go."""

    mirrors: tuple[MirrorStatus, ...] = ()
    """All mirrors, as far as they were read."""

    @property
    def signed(self) -> tuple[MirrorName, ...]:
        """The mirrors whose keys can be shown: usable ones whose builds must be signed."""
        return tuple(one.name for one in self.mirrors if one.is_usable and one.signed)

    def of(self, name: str) -> str:
        """`PR`, `UNSIGNED`, `PR, UNSIGNED`, or nothing."""
        return next((mirror.badge for mirror in self.mirrors if mirror.name == name), "")

    def named(self, name: str) -> str:
        """`prbot [PR]`; the name alone of a mirror that wears none."""
        return named(name, self.of(name))

    def all_named(self, names: Iterable[str]) -> str:
        """`harbor, prbot [PR]`."""
        return ", ".join(map(self.named, names))

    def all_marked(self, names: Iterable[str]) -> str:
        """`harbor,prbot⚠`: the same where there is no room for words."""
        return ",".join(f"{name}⚠" if self.of(name) else name for name in names)

    def worst(self, names: Iterable[MirrorName]) -> str:
        """The badge of builds that any of these mirrors offers; nothing if one wears none."""
        found = [self.of(name) for name in names]
        return found[0] if found and all(found) else ""

    def quarantined(self, store: str) -> MirrorStatus | None:
        """The mirror whose quarantine store this is, `None` if it is another store."""
        return next((one for one in self.mirrors if store and one.quarantine == store), None)


NO_BADGES = Badges()
"""No mirror wears one."""


def named(name: str, badge: str) -> str:
    """`prbot [PR]`."""
    return f"{name} [{badge}]" if badge else name


def badge_part(badge: str) -> Part:
    """` [PR]` in the colour of warnings; nothing for no badge."""
    return Part(f" [{badge}]" if badge else "", "warning")
