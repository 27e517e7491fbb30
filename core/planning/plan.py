"""The plan of an install: what happens with every node, and why."""

from collections.abc import Collection, Container, Mapping

from msgspec import field

from core.errors import NotAvailable
from core.host.verdict import libc_suffices, node_runs_here
from core.model.graph import LINK_RUN, TO_BUILD, SpecGraph
from core.model.host import Host, Verdict
from core.model.ident import DagHash
from core.model.plan import Blocker, Disposition, Plan, PlanNode, Source
from core.model.spec import ConcreteSpec
from core.model.value import Value


class Refusal(Value, frozen=True):
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
    installed: Container[DagHash],
    offers: Mapping[DagHash, Offer],
    listed: Collection[DagHash] = (),
    absent_externals: Mapping[DagHash, str] | None = None,
    from_source: bool = False,
) -> Plan:
    """What an install of the roots of `graph` into `store` would do. Pure.

    The plan has the link/run closure of the roots, dependencies first. What is only needed to
    build something is not in it, unless that something may be built.

    Args:
        store: root of the install tree.
        graph: the roots and everything that they need, as far as it is known.
        host: the machine on which the packages are to run.
        installed: hashes of what is in the store already.
        offers: what came of asking the mirrors, for every node that was asked for.
        listed: hashes of which a mirror says that it has a binary, even if none was asked.
        absent_externals: externals that the system does not have after all, and why that is
            thought, as a sentence. C libraries are judged by their version instead.
        from_source: True if Spack may build what no mirror has.

    Raises:
        NotAvailable: no index describes one of the roots.
    """
    for root in graph.roots:
        if root not in graph:
            raise NotAvailable(
                f"No mirror describes /{root[:7]}", hint="Refresh the mirrors, or check the hash"
            )
    planner = _Planner(graph, host, installed, offers, listed, absent_externals or {}, from_source)
    return Plan(store, graph, planner.nodes(), from_source=from_source)


class _Planner(Value, frozen=True):
    graph: SpecGraph
    host: Host
    installed: Container[DagHash]
    offers: Mapping[DagHash, Offer]
    listed: Collection[DagHash]
    absent_externals: Mapping[DagHash, str]
    from_source: bool
    judged: dict[DagHash, PlanNode] = field(default_factory=dict[DagHash, PlanNode])
    """The packages that were looked at so far."""

    def nodes(self) -> tuple[PlanNode, ...]:
        """The closure, each node with what happens with it."""
        closure = self._closure()
        # Nobody is troubled by what only installed packages need: they are there.
        edges = [
            edge
            for spec in closure
            if spec.hash not in self.installed
            for edge in spec.edges(*self._deptypes(spec))
        ]
        needed = {edge.hash for edge in edges}.union(self.graph.roots)
        libcs = {edge.hash for edge in edges if "libc" in edge.virtuals}
        return tuple(
            self._external(spec, is_needed=spec.hash in needed, is_libc=spec.hash in libcs)
            if spec.external
            else self._package(spec)
            for spec in closure
        )

    def _closure(self) -> list[ConcreteSpec]:
        """What the roots need, and what building needs, dependencies first."""
        if not self.from_source:
            return self.graph.order()
        at_run_time = {spec.hash for spec in self.graph.order()}

        def children(hash_: DagHash) -> list[ConcreteSpec]:
            # What only helps to build is taken as it is, if it is installed.
            if hash_ in self.installed and hash_ not in at_run_time:
                return []
            return self.graph.children(hash_, self._deptypes(self.graph[hash_]))

        return self.graph.order_by(children)

    def _deptypes(self, spec: ConcreteSpec) -> tuple[str, ...]:
        """Over which edges what a package needs is found."""
        return TO_BUILD if self._is_built(spec) else LINK_RUN

    def _is_built(self, spec: ConcreteSpec) -> bool:
        is_asked = self.from_source and spec.external is None
        return is_asked and self._package(spec).disposition is Disposition.BUILD

    def _external(self, spec: ConcreteSpec, *, is_needed: bool, is_libc: bool) -> PlanNode:
        obstacle = None
        if is_libc:
            verdict = libc_suffices(self.host, spec)
            obstacle = None if verdict.runs else Refusal(Blocker.HOST, _all_of(verdict))
        elif is_needed and (reason := self.absent_externals.get(spec.hash)):
            obstacle = Refusal(Blocker.EXTERNAL, reason)
        return _blocked(spec, obstacle) if obstacle else PlanNode(spec, Disposition.EXTERNAL)

    def _package(self, spec: ConcreteSpec) -> PlanNode:
        if spec.hash not in self.judged:
            self.judged[spec.hash] = self._judge(spec)
        return self.judged[spec.hash]

    def _judge(self, spec: ConcreteSpec) -> PlanNode:
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
        """A dependency that is neither described nor installed, or nothing."""
        is_built = self.from_source and self.offers.get(spec.hash) is None
        for edge in spec.edges(*(TO_BUILD if is_built else LINK_RUN)):
            if edge.hash not in self.graph and edge.hash not in self.installed:
                return f"{edge.name}/{edge.hash[:7]}"
        return ""

    def _reason_to_build(self, spec: ConcreteSpec) -> str:
        if self.from_source:
            return "no mirror has it"
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
