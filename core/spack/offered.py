"""Builds on offer, as a document that Spack reads like the index of a mirror.

Source: Spack 0.20 to 1.x `database.py` (the form, and which version holds which format of specs).
"""

from collections.abc import Iterable, Mapping

from core.model.graph import ALL_DEPTYPES, SpecGraph
from core.model.ident import DagHash
from core.model.nodes import NEWEST_SPEC_FORMAT
from core.model.spec import ConcreteSpec
from core.spack.sections import fields_of

CURRENT_DATABASE = "8"
"""Version of the database of Spack 1.x, whose specs have format 5. Version 7 has format 4."""


def offers_document(
    graph: SpecGraph, builds: Iterable[DagHash], database: str
) -> Mapping[str, object]:
    """The index of `builds` for a Spack that writes databases of version `database`.

    Builds are left out that this Spack could not read or would not reuse, because they or
    something that they need were written in another format, or are not described.

    Args:
        graph: what is known of the builds and of what they need.
        builds: hashes of those that have a binary.
        database: version of the database that this Spack writes.
    """
    is_current = int(database) >= int(CURRENT_DATABASE)
    wanted = [hash_ for hash_ in builds if hash_ in graph]
    good: set[DagHash] = set()
    # Dependencies come first, so that one look at the children is enough.
    for spec in graph.order(wanted, ALL_DEPTYPES):
        if _has_format(spec, is_current=is_current) and all(
            edge.hash in good for edge in spec.dependencies
        ):
            good.add(spec.hash)
    offered = good.intersection(wanted)
    installs = {
        spec.hash: {"spec": spec.node, "ref_count": 0, "in_buildcache": spec.hash in offered}
        for spec in graph.order(sorted(offered), ALL_DEPTYPES)
    }
    return {"database": {"version": database, "installs": installs}}


def _has_format(spec: ConcreteSpec, *, is_current: bool) -> bool:
    """True if a node is of format 5 (`is_current`), or of format 4."""
    if "annotations" not in spec.node:
        return not is_current and "compiler" in spec.node
    first = fields_of(spec.node["annotations"]).get("original_specfile_version")
    return is_current and first == NEWEST_SPEC_FORMAT
