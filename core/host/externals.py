"""Whether the system has the packages that builds expect of it."""

import os
from collections.abc import Iterable

from core.model.graph import LINK_RUN, SpecGraph
from core.model.ident import DagHash


def absent_externals(graph: SpecGraph, deptypes: Iterable[str] = LINK_RUN) -> dict[DagHash, str]:
    """External nodes that the roots need over `deptypes` and whose prefix this machine lacks.

    Returns:
        A sentence for each, without a final full stop.
    """
    return {
        spec.hash: f"It expects {spec.label} of the system at {spec.external.path}, which is absent"
        for spec in graph.order(deptypes=deptypes)
        if spec.external and spec.external.path and not os.path.isdir(spec.external.path)
    }
