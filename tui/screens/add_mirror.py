"""The dialog that adds a mirror."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from core.model.mirror import KnownMirror
from tui.messages import facts, requests, trust
from tui.messages.facts import Fact
from tui.screens.dialogs import Answers
from tui.screens.form import FormDialog
from tui.screens.trust import doubtful_mirror_dialog
from tui.text import Line, Part, fingerprint, fitted
from tui.widgets.field import Field, Switch
from tui.widgets.lines import LineList
from tui.widgets.paper import Paper, one_line, set_title

SIGNED = "its builds must be signed by a key that you trust"
KNOWN = "Well-known mirrors: Tab goes there, Enter copies one into the fields"


class KnownList(LineList[KnownMirror]):
    """The public mirrors that we know of, to choose from."""

    def draw(self, row: KnownMirror, width: int) -> Line:  # noqa: ARG002
        """Name and what it holds."""
        return (Part(f"  {fitted(row.name, 15)} "), Part(row.summary, "quiet"))


class AddMirrorDialog(FormDialog):
    """Name, URL, signed. Stays open until the mirror answered."""

    def __init__(self) -> None:
        super().__init__()
        self._check: trust.CheckMirror | None = None
        self._request: requests.AddMirror | None = None

    def compose(self) -> ComposeResult:
        """Two fields, a switch, what could be copied into them, room for what went wrong."""
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
            yield Paper(one_line(Part(KNOWN, "quiet")), id="known-title")
            yield KnownList(id="known")
            yield Paper(id="outcome")
            yield Answers("Esc Cancel", ("Enter", "Add"))

    def on_mount(self) -> None:
        """Begin with the name."""
        self.ask(requests.ReadKnownMirrors())
        self.query_one("#name").focus()

    @property
    def _known(self) -> KnownList:
        return self.query_one(KnownList)

    def action_agree(self) -> None:
        """Copy the mirror under the cursor, or ask the mirror whether it is there and add it."""
        if self._known.has_focus:
            self._copy(self._known.row)
            return
        name = self.query_one("#name", Field).value.strip()
        url = self.query_one("#url", Field).value.strip()
        for wanted, field in ((name, "#name"), (url, "#url")):
            if not wanted:
                self.tell("A mirror needs a name and a URL")
                self.query_one(field).focus()
                return
        self._check = trust.CheckMirror(name, url, self.query_one(Switch).is_on)
        self.ask(self._check)

    def _warn(self, checked: trust.MirrorChecked) -> None:
        """A mirror that nobody vouches for is not even asked before its name was typed again."""
        if not checked.warnings:
            self._add(checked.request, "")
            return
        self.tell("")
        self.app.push_screen(
            doubtful_mirror_dialog(checked),
            lambda typed: self._add(checked.request, typed) if typed else None,
        )

    def _add(self, checked: trust.CheckMirror, confirmed: str) -> None:
        self._request = requests.AddMirror(checked.name, checked.url, checked.signed, confirmed)
        self.tell("Asking the mirror")
        self.ask(self._request)

    def _copy(self, mirror: KnownMirror | None) -> None:
        """Nothing is added by that: the user still has to say so."""
        if mirror is None:
            return
        self.query_one("#name", Field).value = mirror.name
        self.query_one("#url", Field).value = mirror.url
        self.query_one("#name").focus()
        self.tell(f"Those who run it say that they sign with {fingerprint(mirror.fingerprint)}")

    def on_line_list_opened(self, _: LineList.Opened) -> None:
        """Two clicks copy."""
        self._copy(self._known.row)

    def learn(self, fact: Fact) -> None:
        """The mirror answered, or could not be added."""
        match fact:
            case facts.KnownMirrorsRead(mirrors):
                self._known.styles.height = len(mirrors)
                self._known.show(mirrors)
            case trust.MirrorChecked(request) if request is self._check:
                self._check = None
                self._warn(fact)
            case facts.MirrorAdded() if self._request is not None:
                self.when_on_top(self.dismiss)
            case facts.RequestFailed(request, error) if request in (self._check, self._request):
                self.tell(*error.sentences(), role="bad")
            case _:
                pass
