"""What the screens have in common that show a plan: it is worked out when they open."""

from core.model.environment import Environment
from core.model.forecast import Forecast
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan
from tui.commands import key_of
from tui.messages import builds, facts, requests
from tui.messages.facts import Fact, Room
from tui.screens.base import CommandScreen

WORKING = " Working out what is needed: signatures of all packages are checked now"
FAILED = " The plan could not be made. {back} goes back"


class PlanScreen(CommandScreen):
    """A screen about a plan.

    Args:
        hashes: what is to be installed.
        plan: the plan, if it is known already.
        environment: the environment that describes it, if it is of one.
        builder: who builds what no mirror has; nobody if empty.
    """

    def __init__(
        self,
        hashes: tuple[DagHash, ...],
        plan: Plan | None = None,
        environment: Environment | None = None,
        builder: str = "",
    ) -> None:
        super().__init__()
        self._environment = environment
        self.builder = builder
        """Who builds what no mirror has; nobody if empty."""
        self.forecast: Forecast | None = None
        """How long the builds may take, if there are any and that was found out."""
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
            self._want_forecast(self.plan)

    def make_plan(self) -> None:
        """Want the plan, for the first time or anew."""
        self.ask(requests.MakePlan(self.hashes, self._environment, self.builder))

    def _want_forecast(self, plan: Plan) -> None:
        if plan.having(Disposition.BUILD):
            self.ask(builds.ForecastBuilds(plan))

    def show_plan(self, plan: Plan) -> None:
        """Draw the plan."""

    def show_message(self, message: str) -> None:
        """Say something in place of the plan."""

    def learn(self, fact: Fact) -> None:
        """The plan came, or must be made anew because trust or the store has changed."""
        match fact:
            case facts.PlanMade(request, plan, room) if self._is_ours(request):
                self.plan, self.room, self.forecast = plan, room, None
                self.show_plan(plan)
                self.footer.update()
                self._want_forecast(plan)
            case builds.BuildsForecast(plan, forecast) if plan is self.plan:
                self.forecast = forecast
                self.show_plan(plan)
                self.footer.update()
            case facts.RequestFailed(builds.ForecastBuilds(plan)) if plan is self.plan:
                self.forecast = Forecast(len(plan.having(Disposition.BUILD)))
                self.show_plan(plan)
            case facts.RequestFailed(requests.MakePlan()) if self.plan is None:
                self.show_message(FAILED.format(back=key_of(self.table_name, "back")))
            case facts.KeyTrusted() | facts.KeyDistrusted() | facts.Removed():
                self.make_plan()
            case facts.RunProgressed(has_ended=True):
                # What it installed is listed as installed.
                self.make_plan()
            case facts.MirrorsRead():
                # Now it is known whether there are keys to be shown.
                self.footer.update()
            case _:
                pass

    def _is_ours(self, request: requests.MakePlan) -> bool:
        return request.hashes == self.hashes and request.builder == self.builder

    def do_back(self) -> None:
        """Go back; a plan in the making is not wanted any more."""
        if self.plan is None:
            self.ask(requests.GiveUp(requests.MakePlan))
        self.dismiss()
