"""The plan of an install: what happens with every node, and why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from core.errors import NotAvailable
from core.host.verdict import libc_suffices, node_runs_here
from core.model.graph import LINK_RUN, SpecGraph
from core.model.host import Host, Verdict
from core.model.ident import DagHash
from core.model.plan import Blocker, Disposition, Plan, PlanNode, Source
from core.model.spec import ConcreteSpec


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a binary that a mirror lists will not be used."""

    blocker: Blocker
    """What is in the way."""
    reason: str
    """Why, as a sentence without a final full stop."""


Offer = Source | Refusal
"""What came of asking the mirrors for the binary of a node."""


def make_plan(
    *,
    store: str,
    graph: SpecGraph,
    host: Host,
    installed: Collection[DagHash],
    offers: Mapping[DagHash, Offer],
    listed: Collection[DagHash] = (),
    absent_externals: Mapping[DagHash, str] | None = None,
) -> Plan:
    """What an install of the roots of `graph` into `store` would do. Pure.

    The plan has the link/run closure of the roots, dependencies first. What is only needed to
    build something is not in it.

    Args:
        store: root of the install tree.
        graph: the roots and everything that they need, as far as it is known.
        host: the machine on which the packages are to run.
        installed: hashes of what is in the store already.
        offers: what came of asking the mirrors, for every node that was asked for.
        listed: hashes of which a mirror says that it has a binary, even if none was asked.
        absent_externals: externals that the system does not have after all, and why that is
            thought, as a sentence. C libraries are judged by their version instead.

    Raises:
        NotAvailable: no index describes one of the roots.
    """
    for root in graph.roots:
        if root not in graph:
            raise NotAvailable(
                f"No mirror describes /{root[:7]}", hint="Refresh the mirrors, or check the hash"
            )
    planner = _Planner(graph, host, installed, offers, listed, absent_externals or {})
    return Plan(store, graph, planner.nodes())


@dataclass(frozen=True, slots=True)
class _Planner:
    graph: SpecGraph
    host: Host
    installed: Collection[DagHash]
    offers: Mapping[DagHash, Offer]
    listed: Collection[DagHash]
    absent_externals: Mapping[DagHash, str]

    def nodes(self) -> tuple[PlanNode, ...]:
        """The closure, each node with what happens with it."""
        closure = self.graph.order()
        # Nobody is troubled by what only installed packages need: they are there.
        edges = [
            edge
            for spec in closure
            if spec.hash not in self.installed
            for edge in spec.edges(*LINK_RUN)
        ]
        needed = {edge.hash for edge in edges}.union(self.graph.roots)
        libcs = {edge.hash for edge in edges if "libc" in edge.virtuals}
        return tuple(
            self._external(spec, is_needed=spec.hash in needed, is_libc=spec.hash in libcs)
            if spec.external
            else self._package(spec)
            for spec in closure
        )

    def _external(self, spec: ConcreteSpec, *, is_needed: bool, is_libc: bool) -> PlanNode:
        obstacle = None
        if is_libc:
            verdict = libc_suffices(self.host, spec)
            obstacle = None if verdict.runs else Refusal(Blocker.HOST, _all_of(verdict))
        elif is_needed and (reason := self.absent_externals.get(spec.hash)):
            obstacle = Refusal(Blocker.EXTERNAL, reason)
        return _blocked(spec, obstacle) if obstacle else PlanNode(spec, Disposition.EXTERNAL)

    def _package(self, spec: ConcreteSpec) -> PlanNode:
        if spec.hash in self.installed:
            return PlanNode(spec, Disposition.INSTALLED)
        if obstacle := self._obstacle(spec):
            return _blocked(spec, obstacle)
        offer = self.offers.get(spec.hash)
        if isinstance(offer, Source):
            return PlanNode(spec, Disposition.CACHED, offer.passed_over, source=offer)
        return PlanNode(spec, Disposition.BUILD, self._reason_to_build(spec))

    def _obstacle(self, spec: ConcreteSpec) -> Refusal | None:
        """What is in the way of a package that is not installed."""
        offer = self.offers.get(spec.hash)
        if isinstance(offer, Refusal):
            return offer
        verdict = node_runs_here(self.host, spec, self.graph)
        if not verdict.runs:
            return Refusal(Blocker.HOST, _all_of(verdict))
        if unknown := self._unknown_need(spec):
            return Refusal(Blocker.MIRROR, f"needs {unknown}, which no index describes")
        if offer is None and spec.hash in self.listed:
            return Refusal(Blocker.MIRROR, "a mirror lists it, and none has answered for it")
        return None

    def _unknown_need(self, spec: ConcreteSpec) -> str:
        """A link or run dependency that is neither described nor installed, or nothing."""
        for edge in spec.edges(*LINK_RUN):
            if edge.hash not in self.graph and edge.hash not in self.installed:
                return f"{edge.name}/{edge.hash[:7]}"
        return ""

    def _reason_to_build(self, spec: ConcreteSpec) -> str:
        tools = {
            edge.hash
            for edge in spec.edges("build")
            if not edge.deptypes.intersection(LINK_RUN)
            and edge.hash not in self.installed
            and not (edge.hash in self.graph and self.graph[edge.hash].external)
        }
        if not tools:
            return "no mirror has it"
        packages = "1 more package" if len(tools) == 1 else f"{len(tools)} more packages"
        return f"no mirror has it; to build it, {packages} would be needed"


def _blocked(spec: ConcreteSpec, obstacle: Refusal) -> PlanNode:
    return PlanNode(spec, Disposition.BLOCKED, obstacle.reason, obstacle.blocker)


def _all_of(verdict: Verdict) -> str:
    return "; ".join(verdict.reasons)
