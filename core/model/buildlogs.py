"""The kept output of builds."""

from enum import StrEnum

from core.model.ident import DagHash
from core.model.value import Value


class BuildState(StrEnum):
    """How a build stands, as far as the journal of its run says."""

    BUILDING = "building"
    DONE = "done"
    FAILED = "failed"


class BuildLog(Value, frozen=True):
    """Where the output of one build is."""

    run: str
    """Id of the run that ordered or took over the build."""
    hash: DagHash
    """DAG hash of the package."""
    name: str
    """Package name."""
    version: str
    """Version."""
    builder: str
    """Who built it."""
    path: str
    """The file. Foreign text inside."""
    state: BuildState
    """How the build stands, or ended."""

    @property
    def label(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"
