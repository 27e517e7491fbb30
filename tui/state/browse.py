"""What the browse screen knows: packages, filter, builds of the package under the cursor, marks."""

import re
from dataclasses import dataclass, field

from core.model.host import Host
from core.model.ident import DagHash, MirrorName
from core.model.plan import Disposition
from core.model.views import BuildDetails, BuildView, MirrorStatus, PackageView
from tui.text import listed

_PART_OF_A_NAME = re.compile(r"[A-Za-z0-9_.-]*")
_ANSWERS = {
    Disposition.INSTALLED: "It is installed already",
    Disposition.EXTERNAL: "The system provides it",
    Disposition.OTHER_HOST: "It does not run on this machine: w says why",
}


def is_part_of_a_name(text: str) -> bool:
    """True if a filter needs no parser: it holds nothing but letters of names."""
    return _PART_OF_A_NAME.fullmatch(text) is not None


@dataclass(slots=True)
class BrowseState:
    """The facts behind the browse screen."""

    host: Host | None = None
    """This machine, once it was looked at."""
    store: str = ""
    """Root of the install tree."""
    mirrors: tuple[MirrorStatus, ...] | None = None
    """The mirrors, once they were read."""
    all_packages: tuple[PackageView, ...] | None = None
    """What no filter hides, once it was read."""
    found: tuple[PackageView, ...] = ()
    """What the query of the filter found, if it needs a parser."""
    filter: str = ""
    """The text of the filter."""
    filter_error: str = ""
    """Why the filter cannot be understood; empty if it can."""
    all_targets: bool = False
    """True if builds for other hosts are shown, too."""
    builds_of: str = ""
    """The package whose builds are known."""
    builds: tuple[BuildView, ...] = ()
    """Its builds, the best for this host first."""
    details: BuildDetails | None = None
    """The build that was last read in full."""
    refreshing: str = ""
    """What a refresh is doing; empty if there is none."""
    installing: str = ""
    """How far the current install is; empty if there is none."""
    marked: dict[DagHash, BuildView] = field(default_factory=dict[DagHash, BuildView])
    """What is marked for install, in the order of marking."""

    @property
    def query(self) -> str:
        """What the session is asked for: the filter, if it is more than a part of a name."""
        return "" if is_part_of_a_name(self.filter) else self.filter.strip()

    @property
    def packages(self) -> tuple[PackageView, ...]:
        """What the list shows."""
        if self.query:
            return self.found
        part = self.filter.lower()
        known = self.all_packages or ()
        return (
            tuple(package for package in known if part in package.name.lower()) if part else known
        )

    @property
    def total(self) -> int:
        """How many packages there are without a filter."""
        return len(self.all_packages or ())

    @property
    def untrusted(self) -> tuple[MirrorStatus, ...]:
        """Signed mirrors for which no key is trusted: nothing of theirs can be installed."""
        return tuple(one for one in self.usable if one.signed and not one.trusted_keys)

    @property
    def notice(self) -> str:
        """The one thing that needs attention; empty if nothing does."""
        if self.unread and not self.refreshing:
            return f"u reads what was not read yet: {listed([one.name for one in self.unread])}"
        if self.untrusted:
            names = listed([mirror.name for mirror in self.untrusted])
            return f"K shows the keys: none is trusted for {names}, its builds are blocked"
        return ""

    @property
    def unread(self) -> tuple[MirrorStatus, ...]:
        """Mirrors whose index was never read."""
        return tuple(one for one in self.usable if one.refreshed is None)

    @property
    def usable(self) -> tuple[MirrorStatus, ...]:
        """Mirrors whose entry in the configuration can be read."""
        return tuple(one for one in self.mirrors or () if one.is_usable)

    @property
    def signed(self) -> tuple[MirrorName, ...]:
        """Mirrors whose builds must be signed, by name."""
        return tuple(one.name for one in self.usable if one.signed)

    def best_build(self, name: str) -> BuildView | None:
        """The best build of a package, if its builds are known."""
        return self.builds[0] if self.builds_of == name and self.builds else None

    def toggle_mark(self, build: BuildView) -> None:
        """Mark a build for install, or take the mark away."""
        if self.marked.pop(build.hash, None) is None:
            self.marked[build.hash] = build

    def is_marked(self, name: str) -> bool:
        """True if a build of the package is marked."""
        return any(build.name == name for build in self.marked.values())


def why_not_installable(build: BuildView) -> str:
    """Why an install of a build makes no sense, as a sentence; empty if it does."""
    return _ANSWERS.get(build.disposition, "")
