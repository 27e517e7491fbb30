"""The dialog that adds a mirror."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen

from tui.messages import Asked, facts, requests
from tui.messages.facts import Fact
from tui.screens.dialogs import Answers, paragraphs
from tui.text import Part
from tui.widgets.field import Field, Switch
from tui.widgets.paper import Paper, one_line, set_title

SIGNED = "its builds must be signed by a key that you trust"


class AddMirrorDialog(ModalScreen[None]):
    """Name, URL, signed. Stays open until the mirror answered."""

    ALLOW_SELECT = False
    BINDINGS = [  # noqa: RUF012
        ("escape", "decline", "Cancel"),
        ("enter", "add", "Add"),
        ("down", "app.focus_next", "Next"),
        ("up", "app.focus_previous", "Previous"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._request: requests.AddMirror | None = None

    def compose(self) -> ComposeResult:
        """Two fields, a switch, and room for what went wrong."""
        with Vertical(classes="box") as box:
            set_title(box, "Add a mirror")
            with Horizontal(classes="row"):
                yield Paper(one_line(Part("Name")), classes="label")
                yield Field(id="name", placeholder="a short name of your choice")
            with Horizontal(classes="row"):
                yield Paper(one_line(Part("URL")), classes="label")
                yield Field(id="url", placeholder="https://..., file:///... or a directory")
            with Horizontal(classes="row"):
                yield Paper(one_line(Part("Signed")), classes="label")
                yield Switch(SIGNED, is_on=True)
            yield Paper(id="outcome")
            yield Answers("Esc Cancel", ("Enter", "Add"))

    def on_mount(self) -> None:
        """Begin with the name."""
        self.query_one("#name").focus()

    def on_input_submitted(self) -> None:
        """Enter adds, from every field."""
        self.action_add()

    def action_add(self) -> None:
        """Ask the mirror whether it is there, and add it."""
        name = self.query_one("#name", Field).value.strip()
        url = self.query_one("#url", Field).value.strip()
        for wanted, field in ((name, "#name"), (url, "#url")):
            if not wanted:
                self._tell("A mirror needs a name and a URL")
                self.query_one(field).focus()
                return
        self._request = requests.AddMirror(name, url, self.query_one(Switch).is_on)
        self._tell("Asking the mirror")
        self.post_message(Asked(self._request))

    def _tell(self, *sentences: str, role: str = "") -> None:
        self.query_one("#outcome", Paper).write(paragraphs("", *sentences, role=role))

    def learn(self, fact: Fact) -> None:
        """The mirror answered, or could not be added."""
        match fact:
            case facts.MirrorAdded() if self._request is not None:
                self.dismiss()
            case facts.RequestFailed(request, error) if request is self._request:
                self._tell(*error.sentences(), role="bad")
            case _:
                pass

    def on_answers_given(self, event: Answers.Given) -> None:
        """An answer was clicked."""
        if event.confirms:
            self.action_add()
        else:
            self.action_decline()

    def action_decline(self) -> None:
        """Close; if the mirror was being asked and answers, the list of mirrors says so."""
        self.dismiss()
