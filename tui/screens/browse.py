"""The commands of the first screen. The screens that they open are loaded by then."""

from textual.widgets import Input

from core.model.plan import Disposition
from core.model.views import PackageView
from tui.commands import key_of
from tui.messages import requests
from tui.messages.builds import FindRecipes
from tui.screens.browse_view import BrowseView
from tui.screens.copying import copy
from tui.state.browse import is_recipe, why_not_installable
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList
from tui.widgets.packages import BuildTable, PackageList

TYPING_SECONDS = 0.25
"""Typing must rest so long before a filter in spec syntax is asked for."""

OF_A_BUILD = (
    "mark",
    "install",
    "tree",
    "details",
    "why",
    "copy",
    "open",
    "uninstall",
    "dependents",
)
"""Commands that are about a build."""


class BrowseScreen(BrowseView):
    """Find a build, look at it, mark it."""

    BINDINGS = bindings_of("browse")

    def why_not(self, command: str) -> str:
        """Most commands are about a build, some need a mirror."""
        state = self.state
        if command in ("keys", "refresh") and not state.usable:
            first, then = key_of("browse", "mirrors"), key_of("mirrors", "add")
            return f"There is no mirror yet: {first}, then {then}, adds one"
        if command == "refresh" and state.refreshing:
            return "A refresh is going on"
        if command == "compare" and self.packages.row is None:
            return "There is no package under the cursor"
        if self._recipe and command in ("install", "open", "mark"):
            opens = f"{key_of('browse', 'install')} opens it"
            return f"Nothing is there to be marked: {opens}" if command == "mark" else ""
        is_for_rows = command == "open" and not self.builds.has_focus
        if is_for_rows or (command == "install" and state.marked):
            return ""
        return self._why_not_build(command) if command in OF_A_BUILD else ""

    def is_off(self, command: str) -> bool:
        """What is being read right now will most likely be a build: no flicker meanwhile."""
        package = self.packages.row
        is_read = package is None or self.state.builds_of == package.name
        return (is_read or command not in OF_A_BUILD) and super().is_off(command)

    def _why_not_build(self, command: str) -> str:
        build = self.build
        if build is None:
            return "" if command == "why" and self._asked else self._why_no_build()
        if command == "install" or (command == "mark" and build.hash not in self.state.marked):
            return why_not_installable(build)
        if command == "uninstall" and build.disposition is not Disposition.INSTALLED:
            return "It is not installed"
        return ""

    def _why_no_build(self) -> str:
        package = self.packages.row
        if package is None:
            return "There is no package under the cursor"
        if self.state.builds_of != package.name:
            return f"The builds of {package.name} are still being read"
        return f"No build is shown: {key_of('browse', 'all_targets')} shows all targets"

    @property
    def _recipe(self) -> PackageView | None:
        """The package under the cursor, if there is no build of it."""
        package = self.packages.row
        return package if package and is_recipe(package) else None

    # The row

    def do_mark(self) -> None:
        """Mark the build, or take the mark away; then go on to the next row."""
        assert self.build is not None
        self.state.toggle_mark(self.build)
        self.packages.repaint()
        self.builds.repaint()
        if self.builds.has_focus:
            self.builds.move(self.builds.cursor + 1)
        self.filter_line.update(self.state)

    def do_install(self) -> None:
        """Show what an install would do; of what nobody has, let Spack find a way to build it."""
        from tui.screens.preview import PreviewScreen

        if self._recipe and not self.state.marked:
            self._concretize(self._recipe)
            return
        builds = list(self.state.marked.values()) or [self.build]
        hashes = tuple(build.hash for build in builds if build)
        self.app.push_screen(PreviewScreen(hashes))

    def _concretize(self, package: PackageView) -> None:
        from tui.screens.concretizing import ConcretizingScreen

        spec = self.state.spec_to_build(package)
        self.app.push_screen(ConcretizingScreen(spec))

    def do_open(self) -> None:
        """From a package to its builds, from a build to its details."""
        if self._recipe:
            self._concretize(self._recipe)
        elif self.builds.has_focus:
            self.do_details()
        else:
            self.do_right()

    def do_uninstall(self) -> None:
        """Show what removing the build would do."""
        from tui.screens.uninstall import UninstallScreen

        assert self.build is not None
        self.app.push_screen(UninstallScreen((self.build.hash,)))

    def do_undo(self) -> None:
        """Show what taking back the last operation would do."""
        from tui.screens.undo import UndoScreen

        self.app.push_screen(UndoScreen(None))

    def do_details(self) -> None:
        """Show the build in full, as soon as it is read."""
        assert self.build is not None
        self.wanted = self.build.hash
        self.ask(requests.ReadDetails(self.build.hash))

    def do_tree(self) -> None:
        """Show the dependency tree."""
        from tui.screens.tree import TreeScreen

        assert self.build is not None
        self.app.push_screen(TreeScreen((self.build.hash,)))

    def do_why(self) -> None:
        """Say why the build can be used, or why there is none."""
        from tui.screens.why import WhyScreen

        self.app.push_screen(WhyScreen(self._asked))

    @property
    def _asked(self) -> str:
        """What there can be a why of: the build, else the package, else what was looked for."""
        if self.build is not None:
            return f"/{self.build.hash}"
        package = self.packages.row
        if package is None:
            return self.state.filter.strip()
        return package.name if self.state.builds_of == package.name else ""

    def do_dependents(self) -> None:
        """Show what needs the build."""
        from tui.screens.dependents import DependentsScreen

        assert self.build is not None
        self.app.push_screen(DependentsScreen(self.build.hash, self.build.label))

    def on_line_list_opened(self, _: LineList.Opened) -> None:
        """Two clicks open."""
        self.action_do("open")

    # The filter

    def do_filter(self) -> None:
        """Type a filter."""
        self.set_focus(self.filter_line.field)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Names are filtered at once; spec syntax needs the parser, when typing rests."""
        had_query = bool(self.state.query)
        self.state.filter, self.state.filter_error = event.value, ""
        if self.state.query:
            self.soon("search", TYPING_SECONDS)
            self.soon("read_builds", TYPING_SECONDS)
            return
        self.show_packages()
        if had_query:
            self.read_builds()

    def on_input_submitted(self) -> None:
        """Keep the filter, go to the list."""
        self.do_left()

    def do_back(self) -> None:
        """Clear the filter."""
        self.filter_line.field.value = ""
        self.do_left()

    def do_next_match(self) -> None:
        """To the next package, from whichever pane."""
        self.packages.move(self.packages.cursor + 1)

    def do_previous_match(self) -> None:
        """To the package before."""
        self.packages.move(self.packages.cursor - 1)

    def do_sort(self) -> None:
        """Sort the packages otherwise."""
        self.state.arrangement.sort_otherwise()
        self.show_packages()

    def do_kinds(self) -> None:
        """Choose which kinds of packages are listed."""
        from tui.screens.kinds import KindsDialog

        self.app.push_screen(KindsDialog(self.state, self.show_packages))

    def do_copy(self) -> None:
        """Copy the hash of the build."""
        assert self.build is not None
        copy(self.app, f"The hash of {self.build.label}", f"/{self.build.hash}")

    def do_all_targets(self) -> None:
        """Builds for all targets, or only those that run here."""
        self.state.all_targets = not self.state.all_targets
        self.read_all()
        self.filter_line.update(self.state)

    def do_recipes(self) -> None:
        """Show, or hide, what nobody has and Spack could build."""
        self.state.shows_recipes = not self.state.shows_recipes
        if self.state.shows_recipes:
            self.say("Looking for Spack's recipes")
            self.ask(FindRecipes())
        self.show_packages()

    def _find(self, query: str) -> None:
        """Show what a query finds among the builds for all targets."""
        self.state.all_targets = True
        self.filter_line.field.value = query
        self.read_all()
        self.do_left()

    # Elsewhere

    def do_next_pane(self) -> None:
        """From the packages to the builds, from elsewhere to the packages."""
        if self.packages.has_focus:
            self.do_right()
        else:
            self.do_left()

    def do_previous_pane(self) -> None:
        """There are two panes: the next one is the previous one."""
        self.do_next_pane()

    def do_left(self) -> None:
        """Go to the packages."""
        self._show_pane(self.packages)

    def do_right(self) -> None:
        """Go to the builds; without room for both, they take the place of the packages."""
        self._show_pane(self.builds)

    def _show_pane(self, pane: PackageList | BuildTable) -> None:
        # With room for both nothing looks different, and to find that out takes long.
        is_narrow = self.has_class("-narrow")
        self.set_class(pane is self.builds, "-builds", update=is_narrow)
        self.set_focus(pane)

    def do_refresh(self) -> None:
        """Read the indexes of all mirrors anew."""
        names = tuple(mirror.name for mirror in self.state.usable)
        self.state.refreshing = "refreshing"
        self.show_bars()
        self.ask(requests.RefreshMirrors(names))

    def do_mirrors(self) -> None:
        """Show the mirrors."""
        from tui.screens.mirrors import MirrorsScreen

        self.app.push_screen(MirrorsScreen())

    def do_targets(self) -> None:
        """Show for which systems and targets there are builds."""
        from tui.screens.matrix import MatrixScreen

        names = tuple(mirror.name for mirror in self.state.usable)
        self.app.push_screen(MatrixScreen(names, self._find))

    def do_compare(self) -> None:
        """Show in what all builds of the package differ."""
        from tui.screens.variants import VariantsScreen

        assert self.packages.row is not None
        self.app.push_screen(VariantsScreen(self.packages.row.name))

    def do_keys(self) -> None:
        """Show the keys of the mirrors, first of those that have no trusted one."""
        from tui.screens.keys import KeysScreen

        needy = [mirror.name for mirror in self.state.untrusted]
        others = [mirror.name for mirror in self.state.usable if mirror.name not in needy]
        self.app.push_screen(KeysScreen((*needy, *others)))

    def do_history(self) -> None:
        """Show what was done to the store."""
        from tui.screens.history import HistoryScreen

        self.app.push_screen(HistoryScreen())

    def do_environment(self) -> None:
        """Ask for a Spack environment, and show how its roots stand."""
        from tui.screens.open_environment import OpenEnvironmentDialog

        self.app.push_screen(OpenEnvironmentDialog())

    def do_log(self) -> None:
        """Show the current install, or the last."""
        self.ask(requests.FindRun(shows=True))

    def do_quit(self) -> None:
        """Leave."""
        self.ask(requests.Quit())
