"""Dialogs with fields: they stay open until what was typed has been tried."""

from textual.screen import ModalScreen

from tui.messages import Asked
from tui.messages.requests import Request
from tui.screens.base import Patient
from tui.screens.dialogs import Answers, paragraphs
from tui.widgets.paper import Paper


class FormDialog(Patient, ModalScreen[None]):
    """Fields, room for what went wrong (`#outcome`), and two answers."""

    ALLOW_SELECT = False
    BINDINGS = [  # noqa: RUF012
        ("escape", "decline", "Cancel"),
        ("enter", "agree", "Go on"),
        ("down", "app.focus_next", "Next"),
        ("up", "app.focus_previous", "Previous"),
    ]

    def ask(self, request: Request) -> None:
        """Want something done."""
        self.post_message(Asked(request))

    def tell(self, *sentences: str, role: str = "") -> None:
        """Say what goes on, or what went wrong."""
        self.query_one("#outcome", Paper).write(paragraphs("", *sentences, role=role))

    def on_input_submitted(self) -> None:
        """Enter agrees, from every field."""
        self.action_agree()

    def on_answers_given(self, event: Answers.Given) -> None:
        """An answer was clicked."""
        if event.confirms:
            self.action_agree()
        else:
            self.action_decline()

    def action_agree(self) -> None:
        """Try what was typed."""

    def action_decline(self) -> None:
        """Close; if something was being asked and is answered, nothing is shown of it here."""
        self.dismiss()
