"""What hangs below each node of a plan, counted."""

from collections import Counter
from collections.abc import Mapping

from core.model.graph import LINK_RUN
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan


def branch_counts(plan: Plan) -> Mapping[DagHash, Counter[Disposition]]:
    """How many nodes below each node of a plan, every one counted once, have which disposition.

    A node itself is not counted. One pass over the plan, whose nodes stand dependencies first.
    """
    places = {node.spec.hash: at for at, node in enumerate(plan.nodes)}
    # Sets of nodes as the bits of numbers: a closure is then a handful of quick operations.
    kinds = dict.fromkeys(Disposition, 0)
    below: dict[DagHash, int] = {}
    for at, node in enumerate(plan.nodes):
        kinds[node.disposition] |= 1 << at
        reached = 0
        for edge in node.spec.edges(*LINK_RUN):
            if edge.hash in places:
                reached |= below.get(edge.hash, 0) | 1 << places[edge.hash]
        below[node.spec.hash] = reached
    return {
        hash_: Counter(
            {kind: count for kind, all_ in kinds.items() if (count := (all_ & reached).bit_count())}
        )
        for hash_, reached in below.items()
    }
