"""What an explanation is about: from a spec or a hash to a build, and to the nearest other one."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

from msgspec.structs import replace

from core.catalog.reader import CatalogRow
from core.errors import WrongUse
from core.model.explanation import Nearest, Statement, StatementKind
from core.model.graph import LINK_RUN, SpecGraph
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan
from core.model.spec import ConcreteSpec
from core.model.value import Value
from core.model.views import BuildView
from core.planning.difference import difference, row_difference
from core.planning.explain import READY, USABLE, weight
from core.planning.unmet import unmet
from core.query.parse import parse_query
from core.query.pattern import NodePattern
from core.session.snapshot import Snapshot, row_of
from core.store.records import is_present

_HASH = re.compile(r"/([A-Za-z0-9]+)|([a-z2-7]{32})")
_COMPARED = 5
"""Builds that are compared in full to find the nearest."""
_MEASURED = 50
"""Builds of which the dependencies are looked at to find the nearest to a spec."""
_HASHES_SAID = 5


class Subject(Value, frozen=True):
    """One build, and what is known of it."""

    spec: ConcreteSpec
    """What it is."""
    row: CatalogRow
    """What a list knows of it."""
    graph: SpecGraph
    """What it needs; it is the root."""
    is_listed: bool
    """True if an index lists it."""


def hash_in(asked: str) -> str:
    """The beginning of a hash, if that is what was asked about, else nothing."""
    found = _HASH.fullmatch(asked)
    return (found[1] or found[2]) if found else ""


def full_hash(now: Snapshot, prefix: str, plan: Plan | None) -> DagHash | None:
    """The hash that begins so, of anything that is known; `None` if there is none.

    Raises:
        WrongUse: there are several.
    """
    planned = list(plan.graph.nodes) if plan else []
    known = [hash_ for hash_ in (*now.records, *planned) if hash_.startswith(prefix)]
    found = sorted({*now.catalog.find_hash(prefix, only_builds=False), *known})
    if len(found) > 1:
        hashes = ", ".join(f"/{hash_}" for hash_ in found[:_HASHES_SAID])
        raise WrongUse(f"/{prefix} matches {len(found)} builds", hashes, "Give more of the hash")
    return found[0] if found else None


def one_pattern(now: Snapshot, asked: str) -> NodePattern:
    """The pattern of a query for one package.

    Raises:
        WrongUse: it cannot be parsed, names no package, several, or a virtual one.
    """
    query = parse_query(asked)
    pattern, *others = query.alternatives
    if others or not pattern.name:
        raise WrongUse(
            "One package has to be named", f"In {asked!a}", "Ask as in: spackbin why hdf5@1.14+mpi"
        )
    names = {*now.catalog.package_names(), *(str(item.name) for item in now.records.values())}
    query.check_names(names, now.catalog.providers())
    return pattern


def rows_named(now: Snapshot, name: str) -> list[CatalogRow]:
    """All that is known by this name, with a binary or not."""
    rows = {row.hash: row for row in now.catalog.rows(name, only_builds=False)}
    for hash_, record in now.records.items():
        if record.name == name and hash_ not in rows and is_present(record):
            rows[hash_] = now.installed_row(record)
    return list(rows.values())


def measured(now: Snapshot, pattern: NodePattern, rows: list[CatalogRow]) -> list[Nearest]:
    """The builds of the rows, each with what is asked for and what it has not.

    Of builds that are something else already, only the nearest are looked at for what they need.

    Raises:
        WrongUse: the answer stands in recipes alone.
    """
    offered, installed = now.catalog.whole_graph(), now.installed_graph()
    itself = replace(pattern, edges=())
    found: list[tuple[Nearest, SpecGraph]] = []
    for row in rows:
        graph = offered if row.hash in offered else installed
        # A record can be listed and still not be understood as a whole.
        if row.hash in graph:
            build = Nearest(now.view(row), unmet(itself, graph[row.hash], graph))
            found.append((build, graph))
    if not pattern.edges:
        return [item for item, _ in found]
    found.sort(key=lambda pair: (not is_usable(pair[0].build), weight(pair[0].differences)))
    return [
        Nearest(item.build, unmet(pattern, graph[item.build.hash], graph))
        for at, (item, graph) in enumerate(found)
        if at < _MEASURED or not item.differences
    ]


def subject_of(now: Snapshot, hash_: DagHash, plan: Plan | None = None) -> Subject | None:
    """What is known of a build, by the plan, the mirrors and the database; `None` if nothing."""
    found = plan.graph if plan and hash_ in plan.graph else now.graph([hash_])
    if hash_ not in found:
        return None
    graph = SpecGraph((hash_,), found.nodes)
    row = now.catalog.row(hash_)
    return Subject(graph[hash_], row or row_of(graph[hash_], graph), graph, row is not None)


def said_of_name(name: str, names: list[str]) -> Statement:
    """That no index has a package of this name, and which names are close to it."""
    close = get_close_matches(name, names, n=3)
    also = f"; close to it are {', '.join(close)}" if close else ""
    return Statement(StatementKind.NOT_INDEXED, f"No index lists a package called {name}{also}")


def is_usable(view: BuildView) -> bool:
    """True if the build can be used here, if need be after a key was trusted."""
    return view.disposition in USABLE


def nearest_of(now: Snapshot, found: list[Nearest]) -> Nearest | None:
    """The nearest of the builds that can be used here, or else of all."""
    pool = [item for item in found if is_usable(item.build)] or found
    best = now.best_first([item.build for item in pool])
    order = {view.hash: at for at, view in enumerate(best)}
    return min(
        pool, key=lambda item: (weight(item.differences), order[item.build.hash]), default=None
    )


def nearest_to(now: Snapshot, subject: Subject) -> Nearest | None:
    """The build of the same package that is nearest to this one."""
    others = _others(now, subject)
    pool = [item for item in others if is_usable(item.build)] or others
    return nearest_of(now, _compared(now, subject, pool[:_COMPARED]))


def nearest_whole(now: Snapshot, subject: Subject) -> Nearest | None:
    """The nearest build of the same package that can be had without building anything."""
    ready = [item for item in _others(now, subject) if item.build.disposition in READY]
    whole = (item for item in ready[:_MEASURED] if _is_whole(now, item.build.hash))
    return nearest_of(now, _compared(now, subject, islice(whole, _COMPARED)))


def _others(now: Snapshot, subject: Subject) -> list[Nearest]:
    """The other builds of the package that are there or on offer, roughly the nearest first."""
    view = now.view(subject.row)
    others = [
        Nearest(other, row_difference(view, other))
        for other in map(now.view, rows_named(now, subject.spec.name))
        if other.hash != subject.spec.hash
        and (other.mirrors or other.disposition is Disposition.INSTALLED)
    ]
    return sorted(others, key=lambda item: weight(item.differences))


def _compared(now: Snapshot, subject: Subject, pool: Iterable[Nearest]) -> list[Nearest]:
    compared: list[Nearest] = []
    for item in pool:
        if other := subject_of(now, item.build.hash):
            found = difference(subject.spec, other.spec, subject.graph, other.graph)
            compared.append(Nearest(item.build, found))
    return compared


def _is_whole(now: Snapshot, hash_: DagHash) -> bool:
    """True if all that a build needs is there or on offer."""
    graph = now.graph([hash_])
    needed = graph.order((hash_,))
    rows = [now.row(spec.hash) for spec in needed]
    are_known = all(edge.hash in graph for spec in needed for edge in spec.edges(*LINK_RUN))
    return are_known and all(
        row is not None and (row.external or now.view(row).disposition in READY) for row in rows
    )
