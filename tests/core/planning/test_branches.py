"""Counts below the nodes of a plan."""

import random
from collections import Counter
from pathlib import Path

from core.model.branches import branch_counts
from core.model.graph import SpecGraph
from core.model.plan import Disposition, Plan, PlanNode
from core.model.spec import spec_from_node
from core.planning.plan import make_plan
from tests.core.catalog.golden_index import graph_of, record
from tests.core.host.machines import ICELAKE


def test_a_golden_plan(golden: Path) -> None:
    graph = graph_of(golden, "pgxfx3b")
    plan = make_plan(store="/s", graph=graph, host=ICELAKE, installed=(), offers={})
    counts = branch_counts(plan)
    for node in plan.nodes:
        below = graph.closure(node.spec.hash) - {node.spec.hash}
        expected = Counter(plan.node(hash_).disposition for hash_ in below)
        assert counts[node.spec.hash] == expected
    reef = counts[plan.roots[0]]
    assert reef[Disposition.EXTERNAL] >= 1
    assert reef.total() == len(plan.nodes) - 1


def test_any_plan() -> None:
    chance = random.Random(1)
    needs = {
        number: tuple(chance.sample(range(number), min(number, chance.randrange(4))))
        for number in range(60)
    }
    nodes = [spec_from_node(record(f"p{n}", n, needs[n])["spec"]) for n in needs]
    graph = SpecGraph((nodes[-1].hash,), {spec.hash: spec for spec in nodes})
    kinds = {spec.hash: chance.choice(list(Disposition)) for spec in nodes}
    plan = Plan("/s", graph, tuple(PlanNode(spec, kinds[spec.hash]) for spec in graph.order()))
    counts = branch_counts(plan)
    assert set(counts) == {node.spec.hash for node in plan.nodes}
    for hash_, counted in counts.items():
        assert counted == Counter(kinds[other] for other in graph.closure(hash_) - {hash_})


def test_a_very_deep_plan() -> None:
    nodes = [spec_from_node(record(f"p{n}", n, (n - 1,) if n else ())["spec"]) for n in range(3000)]
    graph = SpecGraph((nodes[-1].hash,), {spec.hash: spec for spec in nodes})
    plan = Plan("/s", graph, tuple(PlanNode(spec, Disposition.CACHED) for spec in nodes))
    assert branch_counts(plan)[nodes[-1].hash] == Counter({Disposition.CACHED: 2999})
