"""What an uninstall would do, with what needs the packages and what only they needed."""

from msgspec.structs import replace

from core.model.ident import DagHash
from tui.messages import requests
from tui.screens.removal import RemovalScreen
from tui.widgets.bindings import bindings_of


class UninstallScreen(RemovalScreen):
    """Before packages are removed by name.

    Args:
        hashes: which.
    """

    BINDINGS = bindings_of("uninstall")
    table_name = "uninstall"

    def __init__(self, hashes: tuple[DagHash, ...]) -> None:
        super().__init__()
        self._request = requests.PlanUninstall(hashes)

    @property
    def request(self) -> requests.PlanUninstall:
        """What is to be worked out."""
        return self._request

    @property
    def options(self) -> list[str]:
        """What was chosen besides."""
        chosen = (("--dependents", self._request.dependents), ("--unused", self._request.unused))
        return [name for name, is_chosen in chosen if is_chosen]

    def why_not(self, command: str) -> str:
        """The options need something to be about."""
        if command not in ("dependents", "unused"):
            return super().why_not(command)
        reason = self.why_not_ready()
        if reason or self.plan is None:
            return reason
        if command == "dependents":
            has_more = self._request.dependents or self.plan.refused
            return "" if has_more else "Nothing else needs it"
        has_more = self._request.unused or self.plan.unused
        return "" if has_more else "Nothing becomes unused by that"

    def do_dependents(self) -> None:
        """Take what needs it, too; or not."""
        self._replan(replace(self._request, dependents=not self._request.dependents))

    def do_unused(self) -> None:
        """Take what only it needed, too; or not."""
        self._replan(replace(self._request, unused=not self._request.unused))

    def _replan(self, request: requests.PlanUninstall) -> None:
        self._request, self.plan = request, None
        self.ask(request)
        self.regrey()
