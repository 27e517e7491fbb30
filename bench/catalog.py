"""The catalog of a large index: made, opened, asked. Spack, where SPACK_ROOT names one, beside it.

    python -m bench.catalog [--index FILE] [--queries FILE [--recipes DIRECTORY]] [--specs N]
        [--spack-specs N]

Without `--index` the index is made up: copies of the index of the demo mirror, each with hashes of
its own, so that there are about as many specs as `--specs` says. Spack takes part with one of as
many as `--spack-specs` says: it needs minutes and gigabytes for a large one.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.contestants import DEMO, ROOT, Ours, clean_environment, nothing
from bench.measure import Contestant, adopt_orphans, compare, print_table
from bench.queries import SpackAnswers, compare_queries

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_QUERIES = (
    "libtide",
    "libtide@2:",
    "libtide+shared",
    "target=x86_64_v3",
    "reef ^libtide",
    "%gcc@12",
    "^[virtuals=wave-api] libtide",
    "no-such-package",
)
_BUILD = """
import sys
from pathlib import Path
from core.catalog.build import build_catalog
build_catalog(Path(sys.argv[1]), Path(sys.argv[2]), checksum="00")
"""
_SPACK_LOAD = """
import pathlib
import sys
import spack.database
database = spack.database.Database(sys.argv[1])
database._read_from_file(pathlib.Path(sys.argv[2]))
"""


def made_up(count: int) -> Iterator[str]:
    """The text of an index of about `count` specs, piece by piece."""
    records = DEMO.index()
    text = json.dumps(records)[1:-1]
    hashes = re.compile("|".join(records))
    yield '{"database": {"version": "8", "installs": {'
    for number in range(max(1, count // len(records))):
        head = "".join(_LETTERS[number >> shift & 31] for shift in (20, 15, 10, 5, 0))
        separator = ", " if number else ""
        yield separator + hashes.sub(lambda found, head=head: head + found[0][5:], text)
    yield "}}}"


def timed(job: Callable[[], object]) -> tuple[float, object]:
    """Milliseconds of processor that a job takes in this process, and what it answers."""
    began = time.process_time()
    answer = job()
    return (time.process_time() - began) * 1000, answer


def asked(catalog: Path, queries: Sequence[str]) -> None:
    """How long the catalog takes to answer, the first time and later."""
    from core.catalog.reader import Catalog
    from core.model.ident import MirrorName
    from core.query.parse import parse_query
    from core.query.select import select

    opened = Catalog({MirrorName("bench"): catalog})
    (shelf,) = opened.shelves
    names = opened.package_names()
    jobs: dict[str, Callable[[], object]] = {
        "counts of all builds": lambda: opened.groups(),
        f"rows of {names[len(names) // 2]}": lambda: opened.rows(names[len(names) // 2]),
    }
    for text in queries:
        jobs[text] = lambda text=text: select(parse_query(text), shelf).specs
    print("\n### Questions (ms of CPU in one process)\n\n| what | answers | first | again |")
    print("| --- | ---: | ---: | ---: |")
    for name, job in jobs.items():
        (first, answer), (again, _) = timed(job), timed(job)
        print(f"| `{name}` | {len(answer)} | {first:.2f} | {again:.2f} |", flush=True)  # type: ignore[arg-type]


def written(count: int, index: Path) -> Path:
    """A made-up index in a file."""
    with index.open("w") as stream:
        stream.writelines(made_up(count))
    return index


def mirror_of(index: Path, place: Path) -> Path:
    """A mirror that has an index and nothing else."""
    with index.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    record = {
        "contentLength": index.stat().st_size,
        "mediaType": "application/vnd.spack.db.v8+json",
        "compression": "none",
        "checksumAlgorithm": "sha256",
        "checksum": digest,
    }
    blob = place / "blobs" / "sha256" / digest[:2] / digest
    manifest = place / "v3" / "manifests" / "index" / "index.manifest.json"
    for path in (blob, manifest):
        path.parent.mkdir(parents=True)
    blob.symlink_to(index.absolute())
    manifest.write_text(json.dumps({"version": 3, "data": [record]}))
    (place / "v3" / "layout.json").write_text('{"signing": "gpg"}')
    return place


def opens(index: Path, place: Path, checkout: Path | None, rounds: int) -> Path:
    """Measure the way from an index to what can be searched; the catalog."""
    catalog = place / "catalog.sqlite"
    environment = clean_environment(place) | {"PYTHONPATH": str(ROOT)}
    build = [sys.executable, "-c", _BUILD, str(index), str(catalog)]
    contestants = [Contestant("spackbin", build, environment, nothing)]
    if checkout:
        script = place / "load.py"
        script.write_text(_SPACK_LOAD)
        scope = place / "scope"
        scope.mkdir()
        (scope / "repos.yaml").write_text("repos:: {}\n")
        spack = [f"{checkout}/bin/spack", "-C", str(scope), "python"]
        load = [*spack, str(script), str(place), str(index)]
        own = clean_environment(place) | {
            "SPACK_PYTHON": sys.executable,
            "SPACK_DISABLE_LOCAL_CONFIG": "1",
            "SPACK_USER_CACHE_PATH": str(place / "user"),
        }
        contestants.append(Contestant("Spack, into memory", load, own, nothing))
    title = f"First open of an index of {index.stat().st_size / 1e6:.0f} MB"
    print_table(title, compare(contestants, rounds), rounds)
    return catalog


def measure(given: argparse.Namespace, place: Path, checkout: Path | None) -> None:
    """Measure and print all of it.

    Args:
        given: see `add_options`.
        place: an empty directory.
        checkout: the Spack to compare with.
    """
    rounds = min(3, given.rounds)
    if checkout:
        small = written(given.spack_specs, place / "small.json")
        opens(small, place, checkout, rounds)
    index: Path = given.index or written(given.specs, place / "index.json")
    catalog = opens(index, place, None, rounds)
    print(f"\nThe catalog has {catalog.stat().st_size / 1e6:.0f} MB.")
    asked(catalog, _QUERIES)
    if given.queries:
        recipes: Path | None = given.recipes
        spack = None
        if checkout and recipes:
            spack = SpackAnswers(checkout, recipes, index, place / "asked")
        compare_queries(catalog, given.queries, spack)
        if spack:
            spack.close()
    ours = Ours(place / "ours")
    ours.say("mirror", "add", "bench", str(mirror_of(index, place / "mirror")))
    ours.say("mirror", "refresh", "bench")
    name = "libtide" if given.index is None else "zlib-ng"
    title = f"list {name}, as a whole process, with that index"
    print_table(title, compare([ours.runs("list", name)], given.rounds), given.rounds)


def add_options(options: argparse.ArgumentParser) -> None:
    """What `measure` wants to know."""
    options.add_argument("--index", type=Path, help="an index document, in place of a made-up one")
    options.add_argument(
        "--queries", type=Path, help="queries of that index as Spack answered them"
    )
    options.add_argument(
        "--recipes", type=Path, help="repository with which the Spack of SPACK_ROOT is asked, too"
    )
    options.add_argument("--specs", type=int, default=200_000, help="size of the made-up index")
    options.add_argument(
        "--spack-specs", type=int, default=10_000, help="size of the one that Spack reads, too"
    )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m bench.catalog", description=__doc__)
    add_options(options)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    adopt_orphans()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
    checkout = os.environ.get("SPACK_ROOT")
    with tempfile.TemporaryDirectory(prefix="spackbin-bench-") as name:
        measure(given, Path(name), Path(checkout) if checkout else None)


if __name__ == "__main__":
    main()
