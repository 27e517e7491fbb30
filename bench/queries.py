"""Recorded queries, asked of our catalog and, where there is one, of a real Spack in turns.

Spack needs recipes to compare names with those of virtual packages; half a minute and a gigabyte to
read an index of 50,000 specs; and on the first query, as it reads the recipes, some seconds more.
What is compared is what each query takes after that, in seconds of processor.
"""

import json
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.contestants import clean_environment

PASSES = 2
_SPACK = """
import pathlib
import sys
import time
import spack.database
import spack.spec_parser
database = spack.database.Database(sys.argv[1])
database._read_from_file(pathlib.Path(sys.argv[2]))
records = database._data.values()
specs = [record.spec for record in records if record.in_buildcache or record.spec.external]
any(spec.satisfies("no-such-package") for spec in specs)
for line in sys.stdin:
    began = time.process_time()
    wanted = spack.spec_parser.parse(line.rstrip())
    found = [spec for spec in specs if any(spec.satisfies(one) for one in wanted)]
    spent = time.process_time() - began
    print(spent, *(spec.dag_hash() for spec in found), flush=True)
"""

Answer = tuple[float, frozenset[str]]
"""Seconds of processor, and the hashes that were found."""


class SpackAnswers:
    """A Spack that has read an index and is asked over a pipe."""

    def __init__(self, checkout: Path, recipes: Path, index: Path, place: Path) -> None:
        scope = place / "scope"
        scope.mkdir(parents=True)
        (scope / "repos.yaml").write_text(json.dumps({"repos:": {"builtin": str(recipes)}}))
        (scope / "config.yaml").write_text(
            json.dumps({"config": {"misc_cache": str(place / "misc")}})
        )
        script = place / "ask.py"
        script.write_text(_SPACK)
        spack = [f"{checkout}/bin/spack", "-C", str(scope), "python"]
        self._process = subprocess.Popen(
            [*spack, str(script), str(place / "database"), str(index)],
            env=clean_environment(place)
            | {
                "SPACK_DISABLE_LOCAL_CONFIG": "1",
                "SPACK_USER_CACHE_PATH": str(place / "user"),
                # What belongs to the recipes stays as it is.
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, text: str) -> Answer:
        """What it answers to a query."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()
        spent, *hashes = self._process.stdout.readline().split()
        return float(spent), frozenset(hashes)

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def our_answers(catalog: Path) -> tuple[Callable[[str], Answer], frozenset[str]]:
    """What answers queries, and the names of virtual packages, of which only recipes know."""
    from core.catalog.reader import Catalog
    from core.model.ident import MirrorName
    from core.query.parse import parse_query
    from core.query.select import select

    (shelf,) = Catalog({MirrorName("bench"): catalog}).shelves

    def ask(text: str) -> Answer:
        began = time.process_time()
        selection = select(parse_query(text), shelf)
        hashes = shelf.columns.hashes_of(selection.specs)
        spent = time.process_time() - began
        return spent, frozenset(hashes if selection.is_exact else ())

    virtuals = Catalog({MirrorName("bench"): catalog}).providers()
    return ask, frozenset(virtuals)


def compare_queries(catalog: Path, recorded: Path, spack: SpackAnswers | None) -> None:
    """Ask everything, the whole list again, and print the ratios.

    Args:
        catalog: our catalog of the index.
        recorded: the queries of that index, with what Spack answered and how long it took.
        spack: the Spack to ask as well.
    """
    ask, virtuals = our_answers(catalog)
    queries: dict[str, Answer] = {
        query["query"]: (query["match_cpu_s"], frozenset(query["hashes"]))
        for query in json.loads(recorded.read_text())["queries"]
        if query["query"] not in virtuals
    }
    whose = "asked in turns" if spack else "as recorded"
    print(f"\n### {len(queries)} queries, Spack {whose} (CPU seconds)\n")
    print("| pass | spackbin | Spack | ratio | median | least | same answers |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for number in range(PASSES):
        pairs = [
            (spack.ask(text) if spack else answer, ask(text)) for text, answer in queries.items()
        ]
        print(f"| {number + 1} | {_line(pairs)} |", flush=True)


def _line(pairs: Sequence[tuple[Answer, Answer]]) -> str:
    theirs, ours = sum(pair[0][0] for pair in pairs), sum(pair[1][0] for pair in pairs)
    ratios = sorted(spack[0] / own[0] for spack, own in pairs)
    same = sum(spack[1] == own[1] for spack, own in pairs)
    cells = (
        f"{ours:.3f}",
        f"{theirs:.2f}",
        f"{theirs / ours:.0f}",
        f"{statistics.median(ratios):.0f}",
        f"{ratios[0]:.0f}",
        f"{same}",
    )
    return " | ".join(cells)
