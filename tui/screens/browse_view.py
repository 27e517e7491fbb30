"""What the browse screen shows, wants and learns; its commands are in `tui.screens.browse`."""

import time
from functools import partial, singledispatchmethod

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer

from core.model.ident import DagHash
from core.model.views import BuildView
from tui.commands import key_of
from tui.messages import facts, requests
from tui.messages.builds import FindRecipes, RecipesFound
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.state.browse import BrowseState, is_recipe
from tui.text import Line, Part, counted, percent
from tui.widgets.bars import HostBar, MirrorBar, Notice
from tui.widgets.detail import full, recipe_lines, summary
from tui.widgets.filter_line import FilterLine
from tui.widgets.lines import LineList
from tui.widgets.packages import BuildTable, PackageList
from tui.widgets.paper import Paper, set_title
from tui.widgets.welcome import nothing_listed, welcome

REST_SECONDS = 0.08
"""The cursor must rest so long on a row before more is read about it."""
FIRST_SECONDS = 0.3
"""From the start until it is asked whether an install goes on: the first frame comes first."""
FIRST_KEYS = ("mirrors", "help", "quit")
"""What can be done before there is a mirror."""
NO_BINARY = "a recipe, no binary"
HOW_TO_BUILD = " {install}: let Spack find a way to build it"
FILL_SECONDS = 1.0
"""While an index is read for the first time, what was read is looked at so often."""


def _key(command: str) -> str:
    return key_of("browse", command)


class BrowseView(CommandScreen):
    """The first screen without its commands."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-high")]  # noqa: RUF012
    table_name = "browse"

    def __init__(self) -> None:
        super().__init__()
        self.state = BrowseState()
        """The facts behind the screen."""
        self.wanted: DagHash | None = None
        """The build whose details are to be shown in full as soon as they come."""
        self._pending: dict[str, Timer] = {}
        self._looked = 0.0

    def compose(self) -> ComposeResult:
        """Bars, filter, panes, keys."""
        yield HostBar()
        yield MirrorBar()
        yield Notice()
        yield FilterLine()
        yield Paper(welcome, id="welcome")
        with Horizontal(id="panes"):
            yield PackageList(self.state.is_marked)
            with Horizontal(id="right"):
                yield BuildTable(lambda build: build.hash in self.state.marked)
                yield Paper(id="detail", classes="pane")
        yield self.make_footer()

    def on_mount(self) -> None:
        """Want everything that the screen shows."""
        set_title(self.packages, "Packages")
        set_title(self.builds, "Builds")
        self.packages.focus()
        self.ask(requests.ReadHost())
        self.read_all()
        self.show_bars()
        self.filter_line.update(self.state)
        self.set_timer(FIRST_SECONDS, partial(self.ask, requests.FindRun()))

    @property
    def packages(self) -> PackageList:
        """The list at the left."""
        return self.query_one(PackageList)

    @property
    def builds(self) -> BuildTable:
        """The table at the right."""
        return self.query_one(BuildTable)

    @property
    def filter_line(self) -> FilterLine:
        """The line with the filter."""
        return self.query_one(FilterLine)

    @property
    def build(self) -> BuildView | None:
        """The build that commands are about: the row, or the best build of the package."""
        if self.builds.has_focus:
            return self.builds.row
        package = self.packages.row
        return self.state.best_build(package.name) if package else None

    # Wanting

    def read_all(self) -> None:
        """Want mirrors, packages and builds anew."""
        self.ask(requests.ReadMirrors())
        self.ask(requests.FindPackages("", self.state.all_targets))
        self.search()
        self.read_builds()
        if self.state.shows_recipes:
            self.ask(FindRecipes())

    def search(self) -> None:
        """Want what the query finds, if the filter is one."""
        if self.state.query:
            self.ask(requests.SearchPackages(self.state.query, self.state.all_targets))

    def read_builds(self) -> None:
        """Want the builds of the package under the cursor."""
        package = self.packages.row
        if package is not None and is_recipe(package):
            self.state.builds_of, self.state.builds = package.name, ()
            self.show_builds()
        elif package is not None:
            name = package.name
            self.ask(requests.FindBuilds(name, self.state.query, self.state.all_targets))

    def read_details(self) -> None:
        """Want the build under the cursor in full."""
        if self.builds.row is not None:
            self.ask(requests.ReadDetails(self.builds.row.hash))

    def soon(self, method: str, seconds: float) -> None:
        """Call a method when nothing asked for it again for some time."""
        if method in self._pending:
            self._pending[method].stop()
        self._pending[method] = self.set_timer(seconds, partial(self._do_now, method))

    def _do_now(self, method: str) -> None:
        # The program may have begun to end meanwhile.
        if self.has_widgets:
            getattr(self, method)()

    def on_line_list_moved(self, event: LineList.Moved) -> None:
        """What is shown beside and below depends on the row."""
        if event.sender is self.packages and not self.state.builds_of:
            # The first package: nobody is on the way to another one.
            self.read_builds()
        elif event.sender is self.packages:
            self.soon("read_builds", REST_SECONDS)
        elif event.by_user:
            self.show_detail()
            self.soon("read_details", REST_SECONDS)

    # Learning

    def learn(self, fact: Fact) -> None:
        """Something is so since a moment ago."""
        self._heed(fact)

    @singledispatchmethod
    def _heed(self, fact: Fact) -> None:
        """Other facts are of no interest here."""

    @_heed.register
    def _(self, fact: facts.HostRead) -> None:
        self.state.host, self.state.store = fact.host, fact.store
        self.show_bars()

    @_heed.register
    def _(self, fact: facts.MirrorsRead) -> None:
        has_grown = self.state.has_grown(fact.mirrors)
        self.state.mirrors = fact.mirrors
        if has_grown:
            self.ask(requests.FindPackages("", self.state.all_targets))
            self.search()
        self.set_class(not fact.mirrors, "-first-start")
        self.footer.offer(*(() if fact.mirrors else FIRST_KEYS))
        self.builds.badges = self.badges
        self.builds.repaint()
        if fact.mirrors and self.focused is None:
            self.call_after_refresh(self.packages.focus)
        self.show_bars()

    @_heed.register
    def _(self, fact: facts.PackagesFound) -> None:
        state, request = self.state, fact.request
        if request.all_targets != state.all_targets:
            return
        if isinstance(request, requests.SearchPackages):
            if request.query != state.query:
                return
            state.found, state.filter_error = fact.packages, ""
        else:
            state.all_packages = fact.packages
        self.show_packages()

    @_heed.register
    def _(self, fact: facts.BuildsFound) -> None:
        package, request = self.packages.row, fact.request
        if package is None or package.name != request.name:
            return
        self.state.builds_of, self.state.builds = request.name, fact.builds
        self.show_builds()

    @_heed.register
    def _(self, fact: facts.DetailsRead) -> None:
        found, row = fact.details.build, self.builds.row
        if row is not None and found.hash == row.hash:
            self.state.details = fact.details
            self.show_detail()
        if found.hash == self.wanted:
            from tui.screens.details import DetailsScreen

            self.wanted = None
            self.app.push_screen(DetailsScreen(fact.details))

    @_heed.register
    def _(self, fact: facts.RequestFailed) -> None:
        match fact.request:
            case requests.SearchPackages():
                self.state.filter_error = fact.error.title
                self.filter_line.update(self.state)
            case FindRecipes():
                self.state.shows_recipes = False
                self.show_packages()
                self.say(" ".join((f"{fact.error.title}.", fact.error.hint)))
            case requests.FindPackages() | requests.FindBuilds() | requests.ReadDetails():
                self.wanted = None
                self.show_detail()
                self.say(fact.error.title)
            case _:
                pass

    @_heed.register
    def _(self, fact: RecipesFound) -> None:
        self.state.recipes = fact.packages
        self.show_packages()
        self.say("" if fact.is_current else "Spack's recipes are being read")

    @_heed.register
    def _(self, fact: facts.MirrorAdded) -> None:
        self.read_all()
        self.ask(requests.RefreshMirrors((fact.mirror.name,)))

    @_heed.register(facts.MirrorRemoved)
    @_heed.register(facts.KeyTrusted)
    @_heed.register(facts.KeyDistrusted)
    @_heed.register(facts.Removed)
    def _(self, _: Fact) -> None:
        self.read_all()

    @_heed.register
    def _(self, fact: facts.RefreshProgressed) -> None:
        share = f" {percent(fact.done, fact.total)}" if fact.total else ""
        self.state.refreshing = f"{fact.mirror}: {fact.step}{share}"
        self.show_bars()
        if self.state.fills(fact.mirror) and self._looked + FILL_SECONDS <= time.monotonic():
            self._looked = time.monotonic()
            self.ask(requests.ReadMirrors())

    @_heed.register
    def _(self, fact: facts.RefreshFailed) -> None:
        why = f"{_key('mirrors')} says why"
        self.say(f"{fact.mirror} could not be refreshed, {why}: {fact.error.title}")

    @_heed.register
    def _(self, _: facts.MirrorsRefreshed) -> None:
        self.state.refreshing = ""
        self.read_all()

    @_heed.register
    def _(self, _: facts.InstallStarted) -> None:
        self.state.marked.clear()
        self.filter_line.update(self.state)
        self.packages.repaint()
        self.builds.repaint()

    @_heed.register
    def _(self, fact: facts.RunProgressed) -> None:
        doing = "paused at" if fact.is_paused else "installing"
        how_far = f"{doing} {fact.installed} of {fact.total}: {_key('log')}"
        self.state.installing = "" if fact.has_ended else how_far
        self.show_bars()
        if fact.has_ended:
            self.read_all()

    @_heed.register
    def _(self, fact: facts.RunFound) -> None:
        if fact.run is None and fact.request.shows:
            self.say("Nothing was installed from here yet")

    # Showing

    def show_bars(self) -> None:
        """The lines at the top."""
        state = self.state
        self.query_one(HostBar).update(state)
        self.query_one(MirrorBar).update(state.mirrors or (), _activity(state))
        self.query_one(Notice).say(state.notice)
        self.footer.update()

    def show_packages(self) -> None:
        """The list at the left, and how much the filter leaves."""
        is_narrow = self.state.filter or self.state.all_targets
        self.packages.empty = " None" if is_narrow else " None for this machine"
        self.packages.show(self.state.packages, key=lambda package: package.name)
        if self.packages.row is None:
            self._show_no_builds()
        self.filter_line.update(self.state)
        self.footer.update()

    def _show_no_builds(self) -> None:
        """Nothing is listed: what was shown last is not that of any row."""
        self.state.builds_of, self.state.builds = "", ()
        set_title(self.builds, "Builds")
        self.builds.empty = ""
        self.builds.show((), key=lambda build: build.hash)
        self.show_detail()

    def show_builds(self) -> None:
        """The table at the right, and the build in words."""
        package = self.packages.row
        assert package is not None
        offered = counted(package.builds, "build")
        words = f"{offered}, {package.runs_here} run here"
        set_title(self.builds, f"{package.name}: {NO_BINARY if is_recipe(package) else words}")
        how = HOW_TO_BUILD.format(install=_key("install"))
        self.builds.empty = how if is_recipe(package) else ""
        self.builds.show(self.state.builds, key=lambda build: build.hash)
        if self.packages.has_focus and self.builds.row is not None and not self._knows_details:
            # The cursor rests already, and the words are painted once, when all is known.
            self.read_details()
        else:
            self.show_detail()
            self.soon("read_details", REST_SECONDS)
        self.footer.update()

    @property
    def _knows_details(self) -> bool:
        """True if the build under the cursor was read in full."""
        details = self.state.details
        return details is not None and details.build == self.builds.row

    def show_detail(self) -> None:
        """The build in words."""
        pane, build = self.query_one("#detail", Paper), self.builds.row
        details = self.state.details
        is_known = self._knows_details
        package = self.packages.row
        recipe = package if package and is_recipe(package) else None

        def lines(width: int) -> list[Line]:
            if package is None:
                return nothing_listed(self.state.why_empty, width)
            if recipe:
                return recipe_lines(recipe.name, width)
            if is_known and details and self.has_class("-wide"):
                return full(details, width, self.badges)
            # The pane may have had no room when there was nothing to show yet.
            height = max(pane.content_size.height, 1)
            said = summary(build, details, width, height, self.badges) if build else []
            # Beside the builds it stands at the top, where all that is known will begin.
            return [line for line in said if line] if self.has_class("-wide") else said

        pane.write(lines)

    def on_resize(self) -> None:
        """Another size may have room for other panes."""
        self.call_after_refresh(self.show_detail)


def _activity(state: BrowseState) -> Line:
    if state.installing:
        return (Part(f"{state.installing} ", "running"),)
    if state.refreshing:
        return (Part(f"{state.refreshing} ", "running"),)
    return ()
