"""Everything about one build."""

from textual.app import ComposeResult

from core.model.views import BuildDetails
from tui.messages import facts, requests
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.screens.copying import copy
from tui.state.browse import why_not_installable
from tui.widgets.bindings import bindings_of
from tui.widgets.detail import full
from tui.widgets.lines import TextView


class DetailsScreen(CommandScreen):
    """One build in full, to scroll."""

    BINDINGS = bindings_of("details")
    table_name = "details"

    def __init__(self, details: BuildDetails) -> None:
        super().__init__()
        self._details = details

    def compose(self) -> ComposeResult:
        """A text to scroll."""
        yield TextView(id="details")
        yield self.make_footer()

    def on_mount(self) -> None:
        """Write the page."""
        self._write()

    def _write(self) -> None:
        self.query_one(TextView).read(lambda width: full(self._details, width, self.badges))
        self.footer.update()

    def learn(self, fact: Fact) -> None:
        """The build may be installed now, or no longer."""
        hash_ = self._details.build.hash
        match fact:
            case facts.RunProgressed(has_ended=True) | facts.Removed():
                self.ask(requests.ReadDetails(hash_))
            case facts.DetailsRead(details) if details.build.hash == hash_:
                self._details = details
                self._write()
            case _:
                pass

    def why_not(self, command: str) -> str:
        """What is installed needs no install."""
        return why_not_installable(self._details.build) if command == "install" else ""

    def do_install(self) -> None:
        """Show what an install of the build would do."""
        from tui.screens.preview import PreviewScreen  # which leads here, too

        self.app.push_screen(PreviewScreen((self._details.build.hash,)))

    def do_copy(self) -> None:
        """Copy the hash."""
        build = self._details.build
        copy(self.app, f"The hash of {build.label}", f"/{build.hash}")
