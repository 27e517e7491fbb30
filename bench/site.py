"""The install tree of a site: many packages are registered there already."""

import hashlib
import json
from base64 import b32encode
from pathlib import Path
from typing import Any

from bench.contestants import BenchMirror

REGISTERED = 3000
"""Packages that are registered."""


def fill(store: Path, mirror: BenchMirror) -> None:
    """Register copies of all packages of a mirror in an empty store, each under another hash."""
    known = mirror.index()
    installs: dict[str, dict[str, Any]] = {}
    copy = 0
    while len(installs) < REGISTERED:
        copy += 1
        other = {hash_: _another(hash_, copy) for hash_ in known}
        for hash_, record in known.items():
            text = json.dumps(record["spec"])
            for old, new in other.items():
                text = text.replace(old, new)
            spec = json.loads(text)
            prefix = store / "linux-x86_64" / f"{spec['name']}-{spec['version']}-{other[hash_]}"
            is_external = "external" in spec
            if not is_external:
                prefix.mkdir(parents=True)
            installs[other[hash_]] = {
                "spec": spec,
                "ref_count": 0,
                "path": spec["external"]["path"] if is_external else str(prefix),
                "installed": True,
                "explicit": True,
                "installation_time": 1.7e9,
                "deprecated_for": None,
            }
    for record in installs.values():
        for edge in record["spec"].get("dependencies", ()):
            installs[edge["hash"]]["ref_count"] += 1
    place = store / ".spack-db"
    place.mkdir()
    document = {"database": {"version": "8", "installs": installs}}
    (place / "index.json").write_text(json.dumps(document, separators=(",", ":")))
    (place / "index_verifier").write_text(str(copy) * 36)


def _another(hash_: str, copy: int) -> str:
    return b32encode(hashlib.sha256(f"{hash_}{copy}".encode()).digest())[:32].decode().lower()
