"""What the user should know before an install, in words."""

from core.model.plan import Plan
from tui.commands import key_of
from tui.text import counted, wrapped

MOST_LINES = 3
"""Lines of notes in the preview."""


def notes_of(plan: Plan) -> tuple[str, ...]:
    """Unsigned mirrors, machines on which not all would run, what may go wrong, each once."""
    return tuple(dict.fromkeys((*plan.notes, *plan.preflight.warnings)))


def note_lines(plan: Plan, width: int) -> list[str]:
    """The notes in few lines; if they are cut, the last names the key that shows all."""
    notes = notes_of(plan)
    lines = [line for note in notes for line in wrapped(note, width)]
    if len(lines) <= MOST_LINES:
        return lines
    more = f"... {key_of('preview', 'notes')} shows all of {counted(len(notes), 'note')}"
    return [*lines[: MOST_LINES - 1], more]
