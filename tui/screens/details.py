"""Everything about one build."""

from textual.app import ComposeResult

from core.model.views import BuildDetails
from tui.screens.base import CommandScreen
from tui.screens.copying import copy
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
        self.query_one(TextView).read(lambda width: full(self._details, width, self.badges))

    def do_copy(self) -> None:
        """Copy the hash."""
        build = self._details.build
        copy(self.app, f"The hash of {build.label}", f"/{build.hash}")
