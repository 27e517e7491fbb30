"""Copying: into the clipboard, and onto the screen for terminals that do not take it."""

from textual.app import App

from tui import text
from tui.screens.dialogs import Dialog, paragraphs

COPIED = (
    "It is in the clipboard, if this terminal lets programs fill it; if not, Shift and the mouse"
    " select it here."
)


def copy(app: App[int], title: str, copied: str) -> None:
    """Put a text into the clipboard (OSC 52 of xterm), and show it in full."""
    copied = text.clean(copied)
    app.copy_to_clipboard(copied)
    app.push_screen(Dialog(title, paragraphs(copied, COPIED)))
