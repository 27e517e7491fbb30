"""Which builds a text means, on offer or installed, and how many of each package there are."""

import re
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from core.catalog.groups import BuildCounts
from core.catalog.reader import Catalog, CatalogRow
from core.catalog.shelf import Shelf
from core.catalog.specs import by_release
from core.model.ident import DagHash
from core.model.installed import InstalledRecord
from core.model.plan import Disposition
from core.query.query import Query
from core.query.select import select
from core.session.snapshot import Snapshot, row_of

_PART_OF_A_NAME = re.compile(r"[A-Za-z0-9_.-]*")
USABLE = frozenset((Disposition.INSTALLED, Disposition.CACHED, Disposition.BLOCKED))
"""What can be used here, if need be after a key was trusted."""


def is_part_of_a_name(text: str) -> bool:
    """True if a text needs no parser: it holds nothing but letters of names."""
    return _PART_OF_A_NAME.fullmatch(text) is not None


def checked_query(now: Snapshot, text: str) -> Query:
    """The query that a text stands for.

    Raises:
        WrongUse: it cannot be parsed, or names a virtual package.
    """
    # Names, or parts of them, need no parser.
    from core.query.parse import parse_query

    query = parse_query(text)
    names = {*now.catalog.package_names(), *(item.name for item in now.records.values())}
    query.check_names(names, now.catalog.providers())
    return query


def rows_holding(now: Snapshot, part: str, name: str | None = None) -> list[CatalogRow]:
    """What is on offer or installed, of packages whose names hold `part`, in no order.

    Args:
        now: what is true.
        part: the part; empty for all packages.
        name: the only package that counts.
    """
    if name is not None:
        offered = now.catalog.rows(name) if part in name else []
    elif part:
        names = [found for found in now.catalog.package_names() if part in found]
        offered = [row for found in names for row in now.catalog.rows(found)]
    else:
        offered = now.catalog.rows()
    installed = only_installed(now, lambda it: part in it.name and name in (None, it.name))
    return [*offered, *installed]


def rows_matching(now: Snapshot, query: Query, name: str | None = None) -> list[CatalogRow]:
    """What is on offer or installed and satisfies a query, in no order.

    Args:
        now: what is true.
        query: what is asked for.
        name: the only package that counts.

    Raises:
        WrongUse: the answer stands in recipes alone.
    """
    if name is not None:
        fitting = [one for one in query.alternatives if one.name in ("", name)]
        query = Query(query.text, tuple(replace(one, name=name) for one in fitting))
    hashes = {
        hash_
        for shelf in now.catalog.shelves
        for hash_ in shelf.columns.hashes_of(specs_matching(now.catalog, shelf, query))
    }
    return [*now.catalog.rows_of(list(hashes)), *installed_matching(now, query)]


def offers_matching(now: Snapshot, query: Query) -> tuple[BuildCounts, frozenset[DagHash]] | None:
    """The builds on offer that satisfy a query, counted, and their hashes.

    `None` if there are several mirrors: what they have in common must be looked at.
    """
    if len(now.catalog.shelves) != 1:
        return None
    (shelf,) = now.catalog.shelves
    specs = specs_matching(now.catalog, shelf, query)
    columns = shelf.columns
    builds = by_release((columns.releases[spec], columns.machines[spec]) for spec in specs)
    offers = BuildCounts(shelf.releases, shelf.machines, (shelf.mirror,), builds)
    return offers, frozenset(columns.hashes_of(specs))


def installed_matching(now: Snapshot, query: Query) -> list[CatalogRow]:
    """What is installed, on offer nowhere, and satisfies a query."""
    graph = now.installed_graph()
    rows = only_installed(now, lambda it: query.admits_named(it.name, it.hash))
    return [row for row in rows if query.matches(graph[row.hash], graph)]


def specs_matching(catalog: Catalog, shelf: Shelf, query: Query) -> Sequence[int]:
    """Numbers of the builds of one mirror, which is in a catalog, that satisfy a query.

    Raises:
        WrongUse: the answer stands in recipes alone.
    """
    selection = select(query, shelf)
    if selection.is_exact:
        return selection.specs
    graph, hash_of = catalog.whole_graph(), shelf.columns.hash_of
    # A record can be listed and still not be understood as a whole.
    return [
        spec
        for spec in selection.specs
        if (hash_ := hash_of(spec)) in graph and query.matches(graph[hash_], graph)
    ]


def only_installed(now: Snapshot, is_meant: Callable[[InstalledRecord], bool]) -> list[CatalogRow]:
    """What is meant, installed, and on no mirror; but for externals."""
    records = {
        hash_: record
        for hash_, record in now.records.items()
        if record.installed and not record.is_external and is_meant(record)
    }
    offered = {row.hash for row in now.catalog.rows_of(list(records)) if row.mirrors}
    graph = now.installed_graph()
    return [row_of(item.spec, graph) for hash_, item in records.items() if hash_ not in offered]
