"""The dialog that adds a mirror."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from core.model.mirror import Channel, KnownMirror
from tui.messages import facts, requests, trust
from tui.messages.facts import Fact
from tui.screens.dialogs import Answers
from tui.screens.form import FormDialog
from tui.screens.trust import doubtful_mirror_dialog
from tui.state.badges import CHANNEL_WORDS
from tui.text import Line, Part, fingerprint, fitted
from tui.widgets.choices import Choice, Switch
from tui.widgets.field import Field
from tui.widgets.lines import LineList
from tui.widgets.paper import Paper, one_line, set_title

UNSAID = "as its URL tells"
KEYS_PAGE = "URL of a page apart from the mirror that names its keys, if any"
SIGNED = "its builds must be signed by a key that you trust"
KNOWN = "Well-known mirrors: Tab goes there, Enter copies one into the fields"


CHANNELS: tuple[Channel | None, ...] = (None, *Channel)
"""What can be said of a mirror's builds; nothing is said first."""


class KnownList(LineList[KnownMirror]):
    """The public mirrors that we know of, to choose from."""

    def draw(self, row: KnownMirror, width: int) -> Line:  # noqa: ARG002
        """Name and what it holds."""
        return (Part(f"  {fitted(row.name, 15)} "), Part(row.summary, "quiet"))


def words_of(channel: Channel | None) -> str:
    """What a choice stands for; nothing if none is made."""
    return CHANNEL_WORDS[channel] if channel else ""


class AddMirrorDialog(FormDialog):
    """Name, URL, signed, channel, keys page. Stays open until the mirror answered."""

    def __init__(self) -> None:
        super().__init__()
        self._check: trust.CheckMirror | None = None
        self._request: requests.AddMirror | None = None

    def compose(self) -> ComposeResult:
        """What it is, what could be copied into that, room for what went wrong."""
        asked = (
            ("Name", Field(id="name", placeholder="a short name of your choice")),
            ("URL", Field(id="url", placeholder="https://..., file:///... or a directory")),
            ("Signed", Switch(SIGNED, is_on=True)),
            ("Channel", Choice([(one or UNSAID, words_of(one)) for one in CHANNELS])),
            ("Keys page", Field(id="keys-page", placeholder=KEYS_PAGE)),
        )
        with Vertical(classes="box") as box:
            set_title(box, "Add a mirror")
            for label, field in asked:
                with Horizontal(classes="row"):
                    yield Paper(one_line(Part(label)), classes="label")
                    yield field
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
        name, url = self._typed("name"), self._typed("url")
        for wanted, field in ((name, "#name"), (url, "#url")):
            if not wanted:
                self.tell("A mirror needs a name and a URL")
                self.query_one(field).focus()
                return
        channel = CHANNELS[self.query_one(Choice).chosen]
        self._check = trust.CheckMirror(name, url, self.query_one(Switch).is_on, channel)
        self.ask(self._check)

    def _typed(self, field: str) -> str:
        return self.query_one(f"#{field}", Field).value.strip()

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
        self._request = requests.AddMirror(
            checked.name,
            checked.url,
            checked.signed,
            confirmed,
            checked.channel,
            self._typed("keys-page"),
        )
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
