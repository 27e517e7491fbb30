"""What the browse screen knows: packages, filter, builds of the package under the cursor, marks."""

import re
from dataclasses import dataclass, field

from core.model.host import Host
from core.model.ident import DagHash, MirrorName
from core.model.plan import Disposition
from core.model.views import BuildDetails, BuildView, MirrorStatus, PackageView
from core.session import rank_names
from tui.commands import key_of
from tui.state.arrangement import Arrangement
from tui.text import listed

_PART_OF_A_NAME = re.compile(r"[A-Za-z0-9_.-]*")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_ANSWERS = {
    Disposition.INSTALLED: "It is installed already",
    Disposition.EXTERNAL: "The system provides it",
    Disposition.OTHER_HOST: "It does not run on this machine: {why} says why",
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
    shows_recipes: bool = False
    """True if packages are shown, too, that nobody has and that Spack could build."""
    recipes: tuple[PackageView, ...] = ()
    """Those packages, by name, once they were read."""
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
    arrangement: Arrangement = field(default_factory=Arrangement)
    """Which kinds of packages are listed, and in which order."""
    marked: dict[DagHash, BuildView] = field(default_factory=dict[DagHash, BuildView])
    """What is marked for install, in the order of marking."""

    _matched_from: object = None
    _matched: tuple[PackageView, ...] = ()

    @property
    def query(self) -> str:
        """What the session is asked for: the filter, if it is more than a part of a name."""
        return "" if is_part_of_a_name(self.filter) else self.filter.strip()

    @property
    def packages(self) -> tuple[PackageView, ...]:
        """What the list shows."""
        return self.arrangement.of(self.matching)

    @property
    def matching(self) -> tuple[PackageView, ...]:
        """What the filter leaves, of every kind; found anew only if something changed."""
        known = (self.filter, self.found, self.all_packages, self._recipes)
        if self._matched_from != known:
            self._matched_from, self._matched = known, self._match()
        return self._matched

    def _match(self) -> tuple[PackageView, ...]:
        if self.query:
            name = _NAME.match(self.query)
            recipes = [one for one in self._recipes if name and one.name == name[0]]
            return (*self.found, *recipes)
        part, known = self.filter.lower(), self.all_packages or ()
        if self._recipes:
            known = tuple(sorted((*known, *self._recipes), key=lambda package: package.name))
        if not part:
            return known
        by_name = {package.name: package for package in known}
        return tuple(by_name[name] for name in rank_names(part, by_name))

    @property
    def _recipes(self) -> tuple[PackageView, ...]:
        return self.recipes if self.shows_recipes else ()

    @property
    def total(self) -> int:
        """How many packages there are without a filter."""
        return len(self.all_packages or ()) + len(self._recipes)

    @property
    def why_empty(self) -> tuple[str, ...]:
        """Why no package is listed, and which keys list others, as sentences; nothing unread."""
        if self.all_packages is None or self.packages or (self.unread and not self.filter):
            return ()
        keys = {name: key_of("browse", name) for name in ("back", "all_targets", "kinds", "why")}
        said = [self._what_is_missing]
        if self.arrangement.is_narrow:
            said.append(f"{keys['kinds']} chooses the kinds.")
        if not self.all_targets:
            said.append(f"{keys['all_targets']} lists what runs on other machines, too.")
        if _NAME.match(self.filter):
            said.append(f"{keys['why']} says why there is none.")
        if self.filter:
            said.append(f"{keys['back']} clears the filter.")
        return tuple(said)

    @property
    def _what_is_missing(self) -> str:
        if self.arrangement.is_narrow and self.matching:
            return "No package is of the kinds that are listed."
        if self.filter:
            return "No package matches the filter."
        if self.all_targets:
            return "The mirrors offer nothing, and nothing is installed."
        return "Nothing on offer runs on this machine."

    def spec_to_build(self, package: PackageView) -> str:
        """What Spack is asked for: the filter, if it is a spec of this package, else its name."""
        name = _NAME.match(self.query)
        return self.query if name and name[0] == package.name else package.name

    @property
    def untrusted(self) -> tuple[MirrorStatus, ...]:
        """Signed mirrors for which no key is trusted: nothing of theirs can be installed."""
        return tuple(one for one in self.usable if one.signed and not one.trusted_keys)

    @property
    def notice(self) -> str:
        """The one thing that needs attention; empty if nothing does."""
        if self.unread and not self.refreshing:
            key, names = key_of("browse", "refresh"), listed([one.name for one in self.unread])
            return f"{key} reads what was not read yet: {names}"
        if self.untrusted:
            key, names = key_of("browse", "keys"), listed([one.name for one in self.untrusted])
            return f"{key} shows the keys: none is trusted for {names}, its builds are blocked"
        return ""

    @property
    def unread(self) -> tuple[MirrorStatus, ...]:
        """Mirrors whose index was never read."""
        return tuple(one for one in self.usable if one.refreshed is None)

    @property
    def usable(self) -> tuple[MirrorStatus, ...]:
        """Mirrors whose entry in the configuration can be read."""
        return tuple(one for one in self.mirrors or () if one.is_usable)

    def fills(self, name: MirrorName) -> bool:
        """True if what is read of the index of a mirror is shown before the whole of it is."""
        return any(
            one.name == name and (one.refreshed is None or one.is_partial or one.error)
            for one in self.usable
        )

    def has_grown(self, mirrors: tuple[MirrorStatus, ...]) -> bool:
        """True if more of an index that is read for the first time is there than was known."""
        known = {one.name: one.read for one in self.mirrors or ()}
        return any(one.is_partial and one.read != known.get(one.name) for one in mirrors)

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


def is_recipe(package: PackageView) -> bool:
    """True if there is no build of a package, only the way to make one."""
    return not package.builds and package.disposition is Disposition.BUILD


def why_not_installable(build: BuildView) -> str:
    """Why an install of a build makes no sense, as a sentence; empty if it does."""
    return _ANSWERS.get(build.disposition, "").format(why=key_of("browse", "why"))
