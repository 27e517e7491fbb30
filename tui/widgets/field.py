"""Fields to type into."""

from textual.widgets import Input

LONGEST = 400
"""Characters that a field takes: a pasted book is cut."""


class Field(Input):
    """One line to type into, without frame and without a blinking cursor."""

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:  # noqa: A002
        super().__init__(
            placeholder=placeholder,
            id=id,
            compact=True,
            max_length=LONGEST,
            select_on_focus=False,
        )
        self.cursor_blink = False
