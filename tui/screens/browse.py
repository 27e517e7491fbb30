"""The commands of the first screen."""

from textual.widgets import Input

from core.model.views import BuildView
from tui.messages import requests
from tui.screens.browse_view import BrowseView
from tui.screens.dialogs import Dialog, paragraphs
from tui.screens.keys import KeysScreen
from tui.screens.mirrors import MirrorsScreen
from tui.screens.preview import PreviewScreen
from tui.screens.tree import TreeScreen
from tui.state.browse import why_not_installable
from tui.text import MARKS
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList

TYPING_SECONDS = 0.25
"""Typing must rest so long before a filter in spec syntax is asked for."""

OF_A_BUILD = ("mark", "install", "tree", "details", "why", "open")
"""Commands that are about a build."""


class BrowseScreen(BrowseView):
    """Find a build, look at it, mark it."""

    BINDINGS = bindings_of("browse")

    def why_not(self, command: str) -> str:
        """Most commands are about a build, some need a mirror."""
        state = self.state
        if command in ("keys", "refresh") and not state.mirrors:
            return "There is no mirror yet: M, then a, adds one"
        if command == "refresh" and state.refreshing:
            return "A refresh is going on"
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
            return self._why_no_build()
        if command == "install" or (command == "mark" and build.hash not in self.state.marked):
            return why_not_installable(build)
        return ""

    def _why_no_build(self) -> str:
        package = self.packages.row
        if package is None:
            return "There is no package under the cursor"
        if self.state.builds_of != package.name:
            return f"The builds of {package.name} are still being read"
        return "No build is shown: a shows all targets"

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
        """Show what an install would do."""
        builds = list(self.state.marked.values()) or [self.build]
        hashes = tuple(build.hash for build in builds if build)
        mirrors = tuple(mirror.name for mirror in self.state.mirrors or () if mirror.signed)
        self.app.push_screen(PreviewScreen(hashes, mirrors))

    def do_open(self) -> None:
        """From a package to its builds, from a build to its details."""
        if self.builds.has_focus:
            self.do_details()
        else:
            self.do_right()

    def do_details(self) -> None:
        """Show the build in full, as soon as it is read."""
        assert self.build is not None
        self.wanted = self.build.hash
        self.ask(requests.ReadDetails(self.build.hash))

    def do_tree(self) -> None:
        """Show the dependency tree."""
        assert self.build is not None
        self.app.push_screen(TreeScreen((self.build.hash,)))

    def do_why(self) -> None:
        """Say why the build is in its state."""
        assert self.build is not None
        untrusted = {mirror.name for mirror in self.state.untrusted}
        needs_key = not untrusted.isdisjoint(self.build.mirrors)
        self.app.push_screen(_why_dialog(self.build, needs_key=needs_key))

    def on_line_list_opened(self, _: LineList.Opened) -> None:
        """Two clicks open."""
        self.action_do("open")

    # The filter

    def do_filter(self) -> None:
        """Type a filter."""
        self.filter_line.field.focus()

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

    def do_all_targets(self) -> None:
        """Builds for all targets, or only those that run here."""
        self.state.all_targets = not self.state.all_targets
        self.read_all()
        self.filter_line.update(self.state)

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
        self.remove_class("-builds")
        self.packages.focus()

    def do_right(self) -> None:
        """Go to the builds; without room for both, they take the place of the packages."""
        self.add_class("-builds")
        self.builds.focus()

    def do_refresh(self) -> None:
        """Read the indexes of all mirrors anew."""
        names = tuple(mirror.name for mirror in self.state.mirrors or ())
        self.state.refreshing = "refreshing"
        self.show_bars()
        self.ask(requests.RefreshMirrors(names))

    def do_mirrors(self) -> None:
        """Show the mirrors."""
        self.app.push_screen(MirrorsScreen())

    def do_keys(self) -> None:
        """Show the keys of the mirrors, first of those that have no trusted one."""
        needy = [mirror.name for mirror in self.state.untrusted]
        others = [mirror.name for mirror in self.state.mirrors or () if mirror.name not in needy]
        self.app.push_screen(KeysScreen((*needy, *others)))

    def do_log(self) -> None:
        """Show the current install, or the last."""
        self.ask(requests.FindRun(shows=True))

    def do_quit(self) -> None:
        """Leave."""
        self.ask(requests.Quit())


def _why_dialog(build: BuildView, *, needs_key: bool) -> Dialog:
    mark = MARKS[build.disposition]
    source = f"Offered by {', '.join(build.mirrors)}." if build.mirrors else ""
    return Dialog(
        f"Why {mark.word}?",
        paragraphs(
            build.label,
            f"{mark.sign} {mark.word}: {mark.meaning}.",
            build.reason and f"{build.reason.rstrip('.')}.",
            source,
            "K, on the first screen, shows the keys on offer." if needs_key else "",
        ),
    )
