"""JSON documents for other programs: the command line prints them, the screen saves them."""

from pathlib import Path

import msgspec

from core.atomic import write_atomically
from core.errors import StoreError, WrongUse
from core.model.forecast import Forecast
from core.model.plan import Disposition, Plan, PlanNode

SCHEMA = 1
"""Version of the documents; rises when a field changes its meaning or goes."""


def document(kind: str, **fields: object) -> bytes:
    """One document: schema version and kind first, then `fields`; a newline at its end."""
    made = msgspec.json.encode({"schema": SCHEMA, "kind": kind, **fields})
    return msgspec.json.format(made, indent=2) + b"\n"


def plan_document(plan: Plan, forecast: Forecast | None) -> bytes:
    """The document of a plan; `forecast` says how long its builds may take, if there are any."""
    return document("plan", **plan_fields(plan), forecast=forecast)


def plan_fields(plan: Plan) -> dict[str, object]:
    """What documents say of a plan."""
    return {
        "store": plan.store,
        "roots": plan.roots,
        "is_ready": plan.is_ready,
        "bytes_to_fetch": plan.bytes_to_fetch if plan.sizes_are_known else None,
        "builder": plan.builder,
        "spack": plan.spack,
        "counts": {kind.value: len(plan.having(kind)) for kind in Disposition},
        "notes": plan.notes,
        "signers": [{"fingerprint": key, "user_id": name} for key, name in plan.signers],
        "preflight": plan.preflight,
        "nodes": [_node_fields(node) for node in plan.nodes],
    }


def _node_fields(node: PlanNode) -> dict[str, object]:
    spec = node.spec
    return {
        "hash": spec.hash,
        "name": spec.name,
        "version": spec.version,
        "target": spec.target,
        "os": spec.os,
        "disposition": node.disposition,
        "reason": node.reason,
        "blocker": node.blocker,
        "source": node.source,
        "depends_on": [edge.hash for edge in spec.edges("link", "run")],
        "build_depends_on": [edge.hash for edge in spec.edges("build")],
    }


def save_document(path: Path, made: bytes, *, replaces: bool) -> bool:
    """Write a document to a file, all of it or nothing.

    Args:
        path: of the file; its directory is there.
        made: the document.
        replaces: whether a file that is there may be replaced.

    Returns:
        False if there is one, and it may not.

    Raises:
        WrongUse: there is something else than a file.
        StoreError: it cannot be written.
    """
    if path.exists() and not path.is_file():
        what = "a directory" if path.is_dir() else "no ordinary file"
        raise WrongUse(f"This is {what}", str(path), "Name a file")
    if replaces:
        write_atomically(path, made)
        return True
    try:
        # Takes the name, so that nobody's file of that name is ever replaced.
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError as error:
        raise StoreError(
            f"The file cannot be written: {error.strerror}", str(path), "Name another file"
        ) from error
    try:
        write_atomically(path, made)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return True
