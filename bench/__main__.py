"""How long whole commands take: ours, real Spack's, and the floor.

`make bench` runs us and the floor. Where `SPACK_ROOT` names a Spack 1.x that can install from a
build cache, it takes part: same mirror, same closure, same file system, in turns. An install
begins with a warm index, and with an empty store unless its title says otherwise.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import catalog, site
from bench.contestants import (
    DEMO,
    LARGE,
    LARGE_CLOSURE,
    SMALL,
    SMALL_CLOSURE,
    BenchMirror,
    Ours,
    Spack,
    floors,
    made_mirror,
)
from bench.measure import Contestant, adopt_orphans, compare, print_table


class Bench:
    """One run of the benchmark."""

    def __init__(self, place: Path, checkout: Path | None, options: argparse.Namespace) -> None:
        self.place = place
        self.checkout = checkout
        self.options = options
        self.rounds: int = options.rounds

    def spack(self, name: str, mirror: BenchMirror) -> Spack | None:
        """The Spack to compare with, if there is one."""
        return Spack(self.place / name, self.checkout, mirror) if self.checkout else None

    def race(
        self, title: str, contestants: Sequence[Contestant | None], rounds: int | None = None
    ) -> None:
        """Run and print one table."""
        rounds = rounds or self.rounds
        taking_part = [found for found in contestants if found]
        print_table(title, compare(taking_part, rounds), rounds)

    def demo(self) -> None:
        """Start-up, and the packages of the demo mirror."""
        ours = Ours(self.place / "ours-demo")
        ours.use(DEMO)
        spack = self.spack("spack-demo", DEMO)
        self.race("--version", [ours.runs("--version"), spack and spack.runs("--version")])
        self.race(
            "list NAME",
            [ours.runs("list", "reef"), spack and spack.runs("buildcache", "list", "reef")],
        )
        for title, package in (
            ("Install of reef (6 small packages)", "reef"),
            ("Install of trawl (2,000 files)", "trawl"),
        ):
            hash_, archives = ours.plan(package, DEMO)
            floor = floors(self.place, archives)
            self.race(title, [ours.installs(hash_), spack and spack.installs(hash_), *floor])

    def site(self) -> None:
        """The packages of the demo mirror, and a store in which thousands are registered."""
        ours = Ours(self.place / "ours-site")
        ours.use(DEMO)
        spack = self.spack("spack-site", DEMO)
        hash_, _ = ours.plan("reef", DEMO)
        self.race(
            f"Install of reef beside {site.REGISTERED:,} other packages",
            [
                ours.installs(hash_, prepare=lambda: site.fill(ours.store, DEMO)),
                spack and spack.installs(hash_, prepare=lambda: site.fill(spack.store, DEMO)),
            ],
        )
        self.race(
            "Install of reef again, all there",
            [
                ours.runs("install", "--yes", f"/{hash_}"),
                spack and spack.runs("install", "--cache-only", f"/{hash_}"),
            ],
        )
        self.race(
            "What is installed of one name",
            [ours.runs("list", "--installed", "reef"), spack and spack.runs("find", "reef")],
        )

    def many(self) -> None:
        """Closures of 60 and of 200 small packages."""
        mirror = made_mirror(self.place / "mirror")
        ours = Ours(self.place / "ours-many")
        ours.use(mirror)
        spack = self.spack("spack-many", mirror)
        small, archives = ours.plan(SMALL, mirror)
        large, _ = ours.plan(LARGE, mirror)
        plan = ("plan", f"/{large}")
        self.race(
            f"Plan of {LARGE_CLOSURE} packages for the first time",
            [ours.runs(*plan, prepare=ours.forget)],
        )
        self.race(f"Plan of {LARGE_CLOSURE} packages again", [ours.runs(*plan)])
        self.race(
            f"Install of {SMALL_CLOSURE} small packages",
            [
                ours.installs(small),
                spack and spack.installs(small),
                *floors(self.place, archives),
            ],
            # The longest job by far.
            rounds=min(2, self.rounds) if spack else None,
        )
        again = ("install", "--yes", f"/{small}")
        self.race(
            f"Install of the same {SMALL_CLOSURE} packages again, all there",
            [ours.runs(*again), spack and spack.runs("install", "--cache-only", f"/{small}")],
        )
        ours.say("install", "--yes", f"/{large}")
        self.race(
            f"Install of {LARGE_CLOSURE} packages, all there",
            [ours.runs("install", "--yes", f"/{large}")],
        )
        self.race(f"Plan of {LARGE_CLOSURE} packages, all there", [ours.runs(*plan)])

    def catalog(self) -> None:
        """The catalog of a large index: made, opened, asked."""
        place = self.place / "catalog"
        place.mkdir()
        catalog.measure(self.options, place, self.checkout)

    def unpack(self) -> None:
        """One package unpacked and relocated, and `tar` with the same inflater."""
        from bench import unpack

        place = self.place / "unpack"
        place.mkdir()
        unpack.run(place, self.rounds)

    def terminal(self) -> None:
        """The screen with a large catalog."""
        from bench import terminal

        place = self.place / "terminal"
        place.mkdir()
        terminal.run(place, self.options.index, self.options.specs)


def main() -> None:
    """Measure and print."""
    jobs: dict[str, Callable[[Bench], None]] = {
        "demo": Bench.demo,
        "many": Bench.many,
        "site": Bench.site,
        "unpack": Bench.unpack,
        "catalog": Bench.catalog,
        "terminal": Bench.terminal,
    }
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("jobs", nargs="*", metavar="JOB", help=f"{' or '.join(jobs)}; all")
    options.add_argument("--rounds", type=int, default=5)
    catalog.add_options(options)
    options.add_argument("--directory", help="where to work: the file system that is measured")
    given = options.parse_args()
    unknown = set(given.jobs) - set(jobs)
    if unknown:
        options.error(f"there is no job {', '.join(sorted(unknown))}")
    adopt_orphans()
    checkout = os.environ.get("SPACK_ROOT")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="spackbin-bench-", dir=given.directory) as name:
        bench = Bench(Path(name), Path(checkout) if checkout else None, given)
        for job in given.jobs or jobs:
            jobs[job](bench)


if __name__ == "__main__":
    main()
