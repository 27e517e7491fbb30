"""What a mirror lists."""

import json
from pathlib import Path

from core.mirror.client import MirrorClient
from core.model.ident import dag_hash
from core.model.spec import ConcreteSpec, spec_from_node


def listed_builds(client: MirrorClient, directory: Path) -> list[ConcreteSpec]:
    """The specs of which the index of a mirror says that there is a binary.

    Args:
        client: the mirror.
        directory: where the index is laid down.
    """
    place = directory / "listed.json"
    client.fetch_index(client.index_record(), place, progress=lambda *_: None)
    installs = json.loads(place.read_bytes())["database"]["installs"]
    return [
        spec_from_node(record["spec"], dag_hash(key))
        for key, record in installs.items()
        if record["in_buildcache"]
    ]
