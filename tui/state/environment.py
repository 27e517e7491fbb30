"""How the roots of a Spack environment stand."""

from collections.abc import Collection

from msgspec.structs import replace

from core.model.environment import Environment, EnvironmentRoot
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan, PlanNode
from core.model.value import Value
from tui.text import counted, size_in_all

WORST_FIRST = (
    Disposition.BLOCKED,
    Disposition.OTHER_HOST,
    Disposition.BUILD,
    Disposition.CACHED,
)
"""A root stands like the worst of what it needs."""


class RootStand(Value, frozen=True):
    """One root and how it stands."""

    root: EnvironmentRoot
    """What was asked for."""
    label: str
    """`name@version/hash7` of what was decided on."""
    disposition: Disposition | None = None
    """How it stands with all that it needs; `None` while that is worked out."""
    words: str = ""
    """What is to be done for it, or what keeps it from being installed."""
    obstacles: tuple[PlanNode, ...] = ()
    """What keeps it from being installed."""


def stands_of(environment: Environment, plan: Plan | None) -> list[RootStand]:
    """The roots in the order of the environment; without a plan only what they are."""
    return [_stand(root, environment, plan) for root in environment.roots]


def _stand(root: EnvironmentRoot, environment: Environment, plan: Plan | None) -> RootStand:
    spec = environment.graph[root.hash]
    bare = RootStand(root, f"{spec.label}/{spec.hash[:7]}")
    if plan is None:
        return bare
    needed = plan.graph.closure(root.hash)
    nodes = [node for node in plan.nodes if node.spec.hash in needed]
    for kind in WORST_FIRST:
        found = tuple(node for node in nodes if node.disposition is kind)
        if found and kind is Disposition.CACHED:
            return replace(bare, disposition=kind, words=_to_fetch(found))
        if found:
            return replace(bare, disposition=kind, words=_why(found), obstacles=found)
    return replace(bare, disposition=Disposition.INSTALLED)


def _to_fetch(nodes: tuple[PlanNode, ...]) -> str:
    sizes = [node.source.archive_size if node.source else None for node in nodes]
    known = [number for number in sizes if number is not None]
    total = size_in_all(sum(known), is_whole=len(known) == len(sizes))
    return f"{counted(len(nodes), 'package')} to fetch, {total}"


def _why(nodes: tuple[PlanNode, ...]) -> str:
    first, *others = nodes
    more = f" and {len(others)} more" if others else ""
    return f"{first.spec.label}{more}: {first.reason}"


def number_of(stands: Collection[RootStand], *kinds: Disposition) -> int:
    """How many roots stand so."""
    return sum(stand.disposition in kinds for stand in stands)


def ready_roots(stands: Collection[RootStand]) -> tuple[DagHash, ...]:
    """The roots that can be installed as they are, each once."""
    ready = (one.root.hash for one in stands if one.disposition is Disposition.CACHED)
    return tuple(dict.fromkeys(ready))


def narrowed(environment: Environment, roots: tuple[DagHash, ...]) -> Environment:
    """The environment as if only some of its roots had been asked for."""
    kept = tuple(root for root in environment.roots if root.hash in roots)
    return Environment(kept, SpecGraph(roots, environment.graph.nodes))


def part_of(plan: Plan, root: DagHash) -> Plan:
    """What a plan says about one root and what it needs."""
    needed = plan.graph.closure(root)
    nodes = tuple(node for node in plan.nodes if node.spec.hash in needed)
    return replace(plan, graph=SpecGraph((root,), plan.graph.nodes), nodes=nodes)
