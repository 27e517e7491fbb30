"""What a plan means for the other machines of a cluster."""

from core.model.ident import DagHash
from core.model.value import Value


class FleetWarning(Value, frozen=True):
    """A recorded machine on which not everything would run that a plan installs."""

    name: str
    """The machine."""
    nodes: tuple[DagHash, ...]
    """What would not run there, dependencies first."""
    first: str
    """The first of them, `name@version`."""
    reason: str
    """Why that does not run there, as a sentence without a final full stop."""

    @property
    def sentence(self) -> str:
        """What to tell the user, without a final full stop."""
        more = len(self.nodes) - 1
        what = f"{self.first} and {more} more do" if more else f"{self.first} does"
        return f"On {self.name}, {what} not run: {self.reason}"
