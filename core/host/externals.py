"""Whether the system has the packages that builds expect of it."""

from pathlib import Path

from core.model.graph import SpecGraph
from core.model.ident import DagHash


def absent_externals(graph: SpecGraph) -> dict[DagHash, str]:
    """External nodes of the link/run closure whose prefix this machine does not have.

    Returns:
        A sentence for each, without a final full stop.
    """
    return {
        spec.hash: f"It expects {spec.label} of the system at {spec.external.path}, which is absent"
        for spec in graph.order()
        if spec.external and spec.external.path and not Path(spec.external.path).is_dir()
    }
