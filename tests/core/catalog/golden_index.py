"""The indices of the golden mirrors, and small ones made up on the spot."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.spec import spec_from_node

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


VERSIONS = ("dev", "v1.1.0", "v0.23.1", "v0.18.1")
"""The Spacks that made the golden data, newest first."""


def index_of(golden: Path, mirror: str = "mirror-signed", version: str = "dev") -> Path:
    """The index of a golden mirror."""
    root = golden / version / mirror
    if (root / "build_cache").is_dir():
        return root / "build_cache" / "index.json"
    manifest = json.loads((root / "v3/manifests/index/index.manifest.json").read_text())
    checksum = manifest["data"][0]["checksum"]
    return root / "blobs" / "sha256" / checksum[:2] / checksum


def records_of(golden: Path, mirror: str = "mirror-signed", version: str = "dev") -> dict[str, Any]:
    """The records of a golden mirror's index, by hash."""
    return json.loads(index_of(golden, mirror, version).read_text())["database"]["installs"]


def graph_of(golden: Path, *roots: str, version: str = "dev") -> SpecGraph:
    """All nodes of the signed golden mirror; roots by the beginning of their hashes."""
    nodes = {
        DagHash(hash_): spec_from_node(record["spec"], hash_)
        for hash_, record in records_of(golden, version=version).items()
    }
    return SpecGraph(
        tuple(next(hash_ for hash_ in nodes if hash_.startswith(root)) for root in roots), nodes
    )


def made_up_hash(number: int) -> DagHash:
    """A well-formed DAG hash."""
    digits = ""
    for _ in range(32):
        digits += LETTERS[number % 32]
        number //= 32
    return DagHash(digits)


def record(
    name: str, number: int, needs: tuple[int, ...] = (), /, **node: object
) -> dict[str, Any]:
    """A record of a made-up build that needs others at link time."""
    return {
        "spec": {
            "name": name,
            "version": "1.0",
            "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64"},
            "namespace": "made.up",
            "parameters": {"build_system": "generic", "cflags": []},
            "dependencies": [
                {
                    "name": f"p{need}",
                    "hash": made_up_hash(need),
                    "parameters": {"deptypes": ["link"], "virtuals": []},
                }
                for need in needs
            ],
            "hash": made_up_hash(number),
            **node,
        },
        "ref_count": 0,
        "in_buildcache": True,
    }


def index_text(records: Mapping[str, object], version: str = "8") -> str:
    """An index document."""
    return json.dumps({"database": {"version": version, "installs": records}})
