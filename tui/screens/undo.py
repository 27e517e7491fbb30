"""What taking back an operation would do."""

from core.model.plan import Plan
from tui.messages import facts, requests
from tui.messages.facts import Fact
from tui.screens.preview import PreviewScreen
from tui.screens.removal import RemovalScreen
from tui.widgets.bindings import bindings_of


class UndoScreen(RemovalScreen):
    """Before an operation is taken back; the preview of an install, if it had removed something.

    Args:
        number: which operation; `None` for the last that can be taken back.
    """

    BINDINGS = bindings_of("undo")
    table_name = "undo"

    def __init__(self, number: int | None) -> None:
        super().__init__()
        self._request = requests.PlanUndo(number)

    @property
    def request(self) -> requests.PlanUndo:
        """What is to be worked out."""
        return self._request

    def learn(self, fact: Fact) -> None:
        """Besides a plan to remove something: one to install something."""
        super().learn(fact)
        match fact:
            case facts.RemovalPlanned(request, Plan() as plan) if request is self._request:
                preview = PreviewScreen(plan.roots, plan)
                self.when_on_top(lambda: self.app.switch_screen(preview))
            case _:
                pass
