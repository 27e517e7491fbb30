"""A Spack environment as a value: what its user asked for, and what was decided."""

from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.value import Value


class EnvironmentRoot(Value, frozen=True):
    """One of the specs that the user asked for."""

    hash: DagHash
    """DAG hash of what was decided on."""
    spec: str
    """The spec as asked for, e.g. `hdf5+mpi`. Foreign text."""
    group: str = ""
    """Group of the environment that it belongs to (lock file version 7). Foreign text."""
    included_from: str = ""
    """The other environment that it was taken over from. Foreign text."""


class Environment(Value, frozen=True):
    """A concretized environment."""

    roots: tuple[EnvironmentRoot, ...]
    """What was asked for, in the order of the lock file; included environments come last."""
    graph: SpecGraph
    """Everything that was decided; its roots are those of the environment, each once."""
