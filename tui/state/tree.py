"""The tree of a plan as lines: every node once, then as a reference."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from core.model.branches import branch_counts
from core.model.graph import LINK_RUN, TO_BUILD
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan, PlanNode
from core.model.spec import ConcreteSpec
from core.model.value import Value
from tui.state.badges import NO_BADGES, Badges, badge_part
from tui.text import MARKS, Line, Part, counted, plain, size, variants

if TYPE_CHECKING:
    # Of plans in which something is to be built.
    from core.model.forecast import Forecast

REFERENCE = "↑"
"""Says that a node stands further above."""
WIDEST_GUIDES = 90
"""Cells of guides that are kept, so that a hostile graph of any depth stays small."""


class TreeRow(Value, frozen=True):
    """One visible line of the tree."""

    depth: int
    """How many nodes stand between it and the left edge."""
    guides: str
    """Lines that lead to it, e.g. `│  ├─ `; of very deep ones the last."""
    parent: DagHash | None
    """The node above, `None` for a root. With `hash` it names the row."""
    hash: DagHash
    """Which node."""
    name: str
    """Package name, as the edge tells it if the node is not known."""
    node: PlanNode | None
    """The node, `None` if no mirror describes it."""
    is_reference: bool
    """True if the node stands, with its children, further above."""
    has_children: bool
    """True if it can be folded."""
    is_folded: bool
    """True if its children are hidden."""


class _Step(NamedTuple):
    depth: int
    guides: str
    below: str
    parent: DagHash | None
    hash: DagHash
    name: str


class TreeState(msgspec.Struct):
    """A plan, and which of its branches are folded."""

    plan: Plan
    """The plan."""
    folded: set[DagHash] = msgspec.field(default_factory=set[DagHash])
    """Nodes whose children are hidden."""
    badges: Badges = NO_BADGES
    """The warnings that mirrors wear."""
    forecast: "Forecast | None" = None
    """How long the builds may take, if that was found out."""
    _nodes: dict[DagHash, PlanNode] = msgspec.field(default_factory=dict[DagHash, PlanNode])
    _counts: Mapping[DagHash, Counter[Disposition]] | None = None

    def __post_init__(self) -> None:
        self._nodes = {node.spec.hash: node for node in self.plan.nodes}

    def rows(self) -> list[TreeRow]:
        """The visible lines, from top to bottom."""
        return list(self._walk())

    def _walk(self) -> Iterator[TreeRow]:
        seen: set[DagHash] = set()
        # An explicit stack, because a hostile graph may be deep.
        stack = [
            _Step(0, "", "", None, hash_, self._nodes[hash_].spec.name)
            for hash_ in self.plan.roots
            if hash_ in self._nodes
        ][::-1]
        while stack:
            step = stack.pop()
            is_reference = step.hash in seen
            seen.add(step.hash)
            children = [] if is_reference else self._children(step.hash)
            row = TreeRow(
                depth=step.depth,
                guides=step.guides,
                parent=step.parent,
                hash=step.hash,
                name=step.name,
                node=self._nodes.get(step.hash),
                is_reference=is_reference,
                has_children=bool(children),
                is_folded=bool(children) and step.hash in self.folded,
            )
            yield row
            if not row.is_folded:
                stack += reversed(_steps_below(step, children))

    def _children(self, hash_: DagHash) -> list[tuple[DagHash, str]]:
        """(hash, name) of the children over link and run edges, each once; of what Spack is to
        build, those over build edges too.
        """
        if hash_ not in self.plan.graph:
            return []
        node = self._nodes.get(hash_)
        is_built = self.plan.from_source and node and node.disposition is Disposition.BUILD
        edges = self.plan.graph[hash_].edges(*(TO_BUILD if is_built else LINK_RUN))
        return list({edge.hash: (edge.hash, str(edge.name)) for edge in edges}.values())

    def toggle(self, hash_: DagHash) -> None:
        """Fold an unfolded branch, unfold a folded one."""
        self.folded ^= {hash_}

    def counts(self, hash_: DagHash) -> Counter[Disposition]:
        """How many nodes below a node, each counted once, have which disposition."""
        if self._counts is None:
            self._counts = branch_counts(self.plan)
        return self._counts.get(hash_, Counter())

    def label(self, row: TreeRow) -> Line:
        """What stands behind the guides of a row, at most as long as it needs to be."""
        if row.node is None:
            return (
                Part("? ", "blocked"),
                Part(f"{row.name} /{row.hash[:7]}"),
                Part("  no mirror describes it", "quiet"),
            )
        mark = MARKS[row.node.disposition]
        name = (Part(f"{mark.sign} ", row.node.disposition.value), Part(row.node.spec.label))
        if row.is_reference:
            return (*name, Part(f" {REFERENCE}", "quiet"))
        if row.is_folded:
            return (*name, Part(f"  ▸ {self._below(row.hash)}", "quiet"))
        source = row.node.source
        badge = badge_part(self.badges.of(source.mirror) if source else "")
        return (*name, badge, Part(_remark(row.node), "quiet"))

    def _below(self, hash_: DagHash) -> str:
        counts = self.counts(hash_)
        marks = "  ".join(
            f"{mark.sign} {counts[kind]}" for kind, mark in MARKS.items() if counts[kind]
        )
        return f"{counted(sum(counts.values()), 'package')} below: {marks}"

    def amount(self, row: TreeRow) -> str:
        """What is to be fetched for a row, or how long its build may take; empty for neither."""
        is_built = row.node is not None and row.node.disposition is Disposition.BUILD
        if self.forecast and is_built and not row.is_reference:
            from tui.state.forecast import estimate_words

            return estimate_words(self.forecast.estimates.get(row.hash))
        return size_of(row)

    def text_lines(self) -> list[str]:
        """All rows as text, for the command line."""
        labels = ((row, plain(self.label(row)).rstrip()) for row in self.rows())
        return [f"{row.guides}{label}{self._behind(row)}" for row, label in labels]

    def _behind(self, row: TreeRow) -> str:
        amount = self.amount(row)
        return f"  {amount}" if amount else ""


def _steps_below(step: _Step, children: list[tuple[DagHash, str]]) -> list[_Step]:
    last = len(children) - 1
    return [
        _Step(
            depth=step.depth + 1,
            guides=step.below + ("└─ " if at == last else "├─ "),
            below=(step.below + ("   " if at == last else "│  "))[-WIDEST_GUIDES:],
            parent=step.hash,
            hash=hash_,
            name=name,
        )
        for at, (hash_, name) in enumerate(children)
    ]


def size_of(row: TreeRow) -> str:
    """What is to be fetched for a row, `14.2 MB`; empty for nothing."""
    if row.node is None or row.node.source is None or row.is_reference:
        return ""
    return size(row.node.source.archive_size)


def _remark(node: PlanNode) -> str:
    """Why it is not there, where the system has it, or which variants it has."""
    if node.disposition in (Disposition.BUILD, Disposition.BLOCKED, Disposition.OTHER_HOST):
        return f"   {node.disposition.value}: {node.reason}"
    if node.spec.external is not None:
        return f"   external, {node.spec.external.path or 'from a module'}"
    return f" {variants(variant_pairs(node.spec))}"


def variant_pairs(spec: ConcreteSpec) -> list[tuple[str, str]]:
    """(name, value) of the variants, as rows of builds have them."""
    pairs: list[tuple[str, str]] = []
    for name, value in sorted(spec.variants.items()):
        if isinstance(value, bool):
            pairs.append((name, "+" if value else "~"))
        else:
            pairs.append((name, value if isinstance(value, str) else ",".join(value)))
    return pairs
