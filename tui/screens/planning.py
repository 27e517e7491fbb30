"""What the screens have in common that show a plan: it is worked out when they open."""

from core.model.environment import Environment
from core.model.ident import DagHash
from core.model.plan import Plan
from tui.messages import facts, requests
from tui.messages.facts import Fact, Room
from tui.screens.base import CommandScreen

WORKING = " Working out what is needed: signatures of all packages are checked now"
FAILED = " The plan could not be made. Esc goes back"


class PlanScreen(CommandScreen):
    """A screen about a plan.

    Args:
        hashes: what is to be installed.
        plan: the plan, if it is known already.
        environment: the environment that describes it, if it is of one.
    """

    def __init__(
        self,
        hashes: tuple[DagHash, ...],
        plan: Plan | None = None,
        environment: Environment | None = None,
    ) -> None:
        super().__init__()
        self._environment = environment
        self.hashes = hashes
        """What is to be installed."""
        self.plan = plan
        """The plan, `None` while it is worked out."""
        self.room: Room | None = None
        """What is left in the store, if it is known."""

    def on_mount(self) -> None:
        """Want the plan."""
        if self.plan is None:
            self.make_plan()
        else:
            self.show_plan(self.plan)

    def make_plan(self) -> None:
        """Want the plan, for the first time or anew."""
        self.ask(requests.MakePlan(self.hashes, self._environment))

    def show_plan(self, plan: Plan) -> None:
        """Draw the plan."""

    def show_message(self, message: str) -> None:
        """Say something in place of the plan."""

    def learn(self, fact: Fact) -> None:
        """The plan came, or must be made anew because trust or the store has changed."""
        match fact:
            case facts.PlanMade(request, plan, room) if request.hashes == self.hashes:
                self.plan, self.room = plan, room
                self.show_plan(plan)
                self.footer.update()
            case facts.RequestFailed(requests.MakePlan()) if self.plan is None:
                self.show_message(FAILED)
            case facts.KeyTrusted() | facts.KeyDistrusted() | facts.Removed():
                self.make_plan()
            case _:
                pass

    def do_back(self) -> None:
        """Go back; a plan in the making is not wanted any more."""
        if self.plan is None:
            self.ask(requests.GiveUp(requests.MakePlan))
        self.dismiss()
