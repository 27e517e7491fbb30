"""The DAG hash of a node, computed anew.

A DAG hash is the SHA-1 of the JSON of a node, its dependencies named by their hashes (Spack 1.x
`spec.py:Spec.spec_hash`). What the JSON has in it, and how it is spaced, changed over the years;
docs/formats.md has the ways and where each was checked. Nodes are written again by newer Spacks,
which keep the hash and change the node: then the hash cannot be reproduced, and that is no sign
of a forgery. What proves where a node comes from is the signature alone.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from core.model.graph import LINK_RUN
from core.model.ident import DagHash, dag_hash
from core.model.nodes import NEWEST_SPEC_FORMAT
from core.model.spec import ConcreteSpec

KEPT_BY_SPLICES = 25
"""Characters of a spliced node's hash that are its own; the rest are those of its build spec, so
that its prefix ends as the one that was compiled in (Spack 0.19 and newer)."""

_NO_MODULES: tuple[object, ...] = (False, [])
_NOT_HASHED = ("hash", "full_hash", "build_hash")
_compact = json.JSONEncoder(separators=(",", ":"), check_circular=False)
_indented = json.JSONEncoder(indent=2, separators=(",", ": "), check_circular=False)


class HashCheck(Enum):
    """What came of computing a hash anew."""

    MATCHES = "matches"
    """The node is the one that the hash was made from."""
    NOT_REPRODUCIBLE = "not reproducible"
    """A newer Spack wrote the node, or it lacks something that Spack may leave out."""
    DIFFERS = "differs"
    """No Spack gives this hash to this node."""


def check_hash(spec: ConcreteSpec) -> HashCheck:
    """Whether the node of a spec has the hash that it claims.

    Args:
        spec: a spec with its node as it was read, key order kept.
    """
    if any(_agrees(spec, made) for made in _possible_hashes(spec)):
        return HashCheck.MATCHES
    return HashCheck.NOT_REPRODUCIBLE if _may_have_changed(spec) else HashCheck.DIFFERS


def recomputed_hash(spec: ConcreteSpec) -> DagHash:
    """The hash that the Spack which writes such nodes gives to this one."""
    made = next(_possible_hashes(spec))
    if spec.build_spec:
        made = made[:KEPT_BY_SPLICES] + spec.build_spec.hash[KEPT_BY_SPLICES:]
    return dag_hash(made)


def _agrees(spec: ConcreteSpec, made: str) -> bool:
    if made == spec.hash:
        return True
    own, tail = spec.hash[:KEPT_BY_SPLICES], spec.hash[KEPT_BY_SPLICES:]
    return (
        spec.build_spec is not None and made.startswith(own) and spec.build_spec.hash.endswith(tail)
    )


def _may_have_changed(spec: ConcreteSpec) -> bool:
    """True if the node shows that it need not be the one that was hashed."""
    node: Mapping[str, Any] = spec.node
    written_first: object = node.get("annotations", {}).get("original_specfile_version")
    return (
        # Before format 5, 0.18.1 for one left the package hash out of some nodes it had hashed.
        "package_hash" not in node
        or (written_first is not None and written_first != NEWEST_SPEC_FORMAT)
        # A target with all its properties is looked up anew in the archspec of the writer.
        or not isinstance(node["arch"]["target"], str)
    )


def _possible_hashes(spec: ConcreteSpec) -> Iterator[str]:
    """The hashes that one Spack or another gives to the node, likely ones first."""
    node: dict[str, Any] = {k: v for k, v in spec.node.items() if k not in _NOT_HASHED}
    for content in _as_hashed(node):
        yield from _hashes_of(content)
    if spec.external:
        # 1.1.0 knew the namespace of an external only after it had hashed it; the writers before
        # 1.0 had other signs for "no modules".
        yield _hash(_compact, {key: node[key] for key in node if key != "namespace"})
        if not spec.external.modules:
            for none in _NO_MODULES:
                yield from _hashes_of({**node, "external": {**node["external"], "module": none}})


def _as_hashed(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The node as it stands, and as older Spacks hashed it."""
    yield node
    edges: list[dict[str, Any]] = node.get("dependencies", [])
    if "annotations" in node or not edges:
        return
    if "package_hash" not in node:
        # 0.17: what is only needed to build is not in the hash.
        kept = [edge for edge in edges if set(edge.get("type", ())).intersection(LINK_RUN)]
        yield _with_edges(node, kept)
    if "parameters" in edges[0]:
        # A node of 0.18 to 0.20 that 0.21 to 0.23 wrote again.
        yield _with_edges(node, [_older(edge) for edge in edges])


def _with_edges(node: dict[str, Any], edges: list[dict[str, Any]]) -> dict[str, Any]:
    made = {**node, "dependencies": edges}
    if not edges:
        del made["dependencies"]
    return made


def _older(edge: dict[str, Any]) -> dict[str, Any]:
    deptypes = edge.get("parameters", {}).get("deptypes", [])
    return {"name": edge["name"], "hash": edge["hash"], "type": sorted(deptypes)}


def _hashes_of(node: dict[str, Any]) -> Iterator[str]:
    """0.21 and newer leave all blanks out; 0.17 to 0.20 indent."""
    if "annotations" in node:
        yield _hash(_compact, node)
        return
    edges = node.get("dependencies", [])
    is_older = bool(edges) and "type" in edges[0]
    for encoder in (_indented, _compact) if is_older else (_compact, _indented):
        yield _hash(encoder, node)


def _hash(encoder: json.JSONEncoder, node: dict[str, Any]) -> str:
    digest = hashlib.sha1(encoder.encode(node).encode("ascii"), usedforsecurity=False).digest()
    return base64.b32encode(digest).decode().lower()
