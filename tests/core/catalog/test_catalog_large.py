"""An index of very many specs: read in pieces, in bounded memory.

SPACKBIN_TEST_SPECS says how many; a million takes a minute.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from core.catalog.reader import Catalog
from core.model.ident import MirrorName
from tests.core.catalog.golden_index import made_up_hash, record

SPECS = int(os.environ.get("SPACKBIN_TEST_SPECS", "20000"))
BUILD = """
import resource, sys
from pathlib import Path
from core.catalog.build import build_catalog
build_catalog(Path(sys.argv[1]), Path(sys.argv[2]), checksum="00")
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
CLOSURE = 1000
FIXED_KIB, SPEC_BYTES = 80 << 10, 700
"""Memory whatever the index is, and for each spec; a record below has 2,000 bytes."""


def test_memory_does_not_grow_with_the_records(tmp_path: Path) -> None:
    index, catalog = tmp_path / "index.json", tmp_path / "catalog.sqlite"
    with index.open("w") as stream:
        stream.write('{"database": {"version": "8", "installs": {')
        for number in range(SPECS):
            needs = tuple(child for child in (number - 1, number // 2) if 0 <= child < number)
            item = record(f"p{number % 1000}", number, needs, note="x" * 1500)
            for edge, child in zip(item["spec"]["dependencies"], needs, strict=True):
                edge["name"] = f"p{child % 1000}"
            separator = ", " if number else ""
            stream.write(f'{separator}"{made_up_hash(number)}": {json.dumps(item)}')
        stream.write("}}}")
    command = [sys.executable, "-c", BUILD, str(index), str(catalog)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert int(done.stdout) < FIXED_KIB + SPECS * SPEC_BYTES // 1024
    opened = Catalog({MirrorName("large"): catalog})
    assert opened.counts[MirrorName("large")].records == SPECS
    assert opened.dependents(made_up_hash(SPECS // 4))
    (last,) = opened.rows_of([made_up_hash(SPECS - 1)])
    assert last.name == f"p{(SPECS - 1) % 1000}"
    # Each needs all before it, and specs as such take kilobytes.
    closure = opened.graph([made_up_hash(CLOSURE - 1)])
    assert len(closure.nodes) == CLOSURE
