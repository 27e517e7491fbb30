"""The dialog that saves a plan."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from core.model.plan import Plan
from tui.messages import facts, plans
from tui.messages.facts import Fact
from tui.screens.dialogs import Answers, Dialog, paragraphs
from tui.screens.form import FormDialog
from tui.text import Part
from tui.widgets.field import Field
from tui.widgets.paper import Paper, one_line, set_title

WHAT = "As one JSON document, the one that spackbin plan --json prints"


class SavePlanDialog(FormDialog):
    """A path. Stays open until the plan is saved.

    Args:
        plan: what is saved.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._request: plans.SavePlan | None = None

    def compose(self) -> ComposeResult:
        """A field with a name in the current directory, and room for what went wrong."""
        root = self._plan.node(self._plan.roots[0]).spec
        with Vertical(classes="box") as box:
            set_title(box, "Save the plan")
            yield Paper(one_line(Part(WHAT, "quiet")))
            with Horizontal(classes="row"):
                yield Paper(one_line(Part("File")), classes="label")
                field = Field(id="path", placeholder="a path; ~ is your home")
                field.value = f"plan-{root.name}.json"
                yield field
            yield Paper(id="outcome")
            yield Answers("Esc Cancel", ("Enter", "Save"))

    def on_mount(self) -> None:
        """There is one field."""
        self.query_one(Field).focus()

    def action_agree(self) -> None:
        """Save it, unless there is a file of that name."""
        path = self.query_one(Field).value.strip()
        if path:
            self._save(plans.SavePlan(self._plan, path))
        else:
            self.tell("Name a file")

    def _save(self, request: plans.SavePlan) -> None:
        self._request = request
        self.tell("Saving it")
        self.ask(request)

    def learn(self, fact: Fact) -> None:
        """It is saved, cannot be, or would replace a file."""
        match fact:
            case plans.PlanSaved(request) if request is self._request:
                self.when_on_top(self.dismiss)
            case plans.PlanFileFound(request, path) if request is self._request:
                self.tell("")
                self._ask_to_replace(request, path)
            case facts.RequestFailed(request, error) if request is self._request:
                self.tell(*error.sentences(), role="bad")
            case _:
                pass

    def _ask_to_replace(self, request: plans.SavePlan, path: str) -> None:
        dialog = Dialog(
            "Replace the file?",
            paragraphs("There is a file of this name:", path),
            safe="Keep it",
            confirm="Replace it",
        )

        def decide(replaces: bool | None) -> None:
            if replaces:
                self._save(plans.SavePlan(self._plan, request.path, replaces=True))

        self.app.push_screen(dialog, decide)
