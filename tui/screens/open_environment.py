"""The dialog that opens a Spack environment."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.messages import facts, requests
from tui.messages.facts import Fact
from tui.screens.dialogs import Answers
from tui.screens.environment import EnvironmentScreen
from tui.screens.form import FormDialog
from tui.text import Part
from tui.widgets.field import Field
from tui.widgets.paper import Paper, one_line, set_title


class OpenEnvironmentDialog(FormDialog):
    """A path. Stays open until the environment was read."""

    def __init__(self) -> None:
        super().__init__()
        self._request: requests.ReadEnvironment | None = None

    def compose(self) -> ComposeResult:
        """A field, and room for what went wrong."""
        with Vertical(classes="box") as box:
            set_title(box, "Open a Spack environment")
            with Horizontal(classes="row"):
                yield Paper(one_line(Part("Path")), classes="label")
                yield Field(id="path", placeholder="a directory, spack.lock or spack.yaml")
            yield Paper(id="outcome")
            yield Answers("Esc Cancel", ("Enter", "Open"))

    def on_mount(self) -> None:
        """There is one field."""
        self.query_one("#path").focus()

    def action_agree(self) -> None:
        """Read it."""
        path = self.query_one("#path", Field).value.strip()
        if not path:
            self.tell("Name the directory of an environment, or its spack.lock")
            return
        self._request = requests.ReadEnvironment(path)
        self.tell("Reading it")
        self.ask(self._request)

    def learn(self, fact: Fact) -> None:
        """It was read, or cannot be."""
        match fact:
            case facts.EnvironmentRead(request, environment) if request is self._request:
                screen = EnvironmentScreen(request.path, environment)
                self.when_on_top(lambda: self.app.switch_screen(screen))
            case facts.RequestFailed(request, error) if request is self._request:
                self.tell(*error.sentences(), role="bad")
            case _:
                pass
