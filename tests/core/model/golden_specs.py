"""Every spec document, index and lock file among the golden data, as parsed JSON."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SIGNED = re.compile(rb"-----BEGIN PGP SIGNED MESSAGE-----\n.*?\n\n(.*)-----BEGIN PGP SIG", re.S)


def documents(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """(file, document) of everything below `root` that holds nodes of specs."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.name.endswith((".spack", ".pub")):
            document = _read(path.read_bytes())
            if isinstance(document, dict) and {"spec", "database", "concrete_specs"} & {*document}:
                yield path, document


def nodes_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes of a document, each with its hash."""
    if "database" in document:
        records = document["database"]["installs"].items()
        return [{**record["spec"], "hash": hash_} for hash_, record in records]
    if "concrete_specs" in document:
        return list(document["concrete_specs"].values())
    return document["spec"]["nodes"]


def _read(data: bytes) -> Any:
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    if signed := _SIGNED.match(data):
        # Lines that begin with a dash are escaped in a signed text; none of JSON's does.
        data = signed[1]
    try:
        return json.loads(data)
    except ValueError:
        return None
