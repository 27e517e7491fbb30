"""The engine alone: requests without a session, in processes that start within milliseconds."""

import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from core.engine.journal import Run, new_run
from core.engine.request import REQUEST_VERSION, Fetch, Request
from core.events import Event, NodeFailed, NodeFinished, RunFinished
from core.model.ident import DagHash, MirrorName, Sha256
from core.settings import Settings
from core.store.paths import StorePaths
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.packages import Package
from tests.trees import entries_of

ROOT = Path(__file__).parents[1]

CHAIN = (
    Package("system-libc", "2.36", external="/usr"),
    Package("sand", files={"share/sand": b"grains\n"}),
    Package("rock", depends_on=("sand",), files={"share/rock": b"@PREFIX:sand@\n"}),
    Package(
        "crab",
        depends_on=("rock", "sand", "system-libc"),
        files={"bin/crab": b"#!/bin/sh\ncat @PREFIX:sand@/share/sand\n"},
        links={"bin/claw": "crab"},
    ),
    Package("gull", files={"share/gull": b"cry\n" * 500}),
)
"""Four tiny packages: a chain of three, and one beside it."""


@dataclass
class EngineWorld:
    """A store and all that belongs to it, and requests for the packages of one mirror."""

    directory: Path
    mirror: SimulatedMirror
    jobs: int = 2
    mirrors: Sequence[Any] = field(default_factory=list)
    """Instead of the simulated one, which must be unsigned then."""
    builder: str = "here"
    """Which kind of the builder of `tests.builders` builds what was not pushed."""

    def clear(self) -> None:
        """As if nothing had ever been done in it."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()

    @property
    def settings(self) -> Settings:
        place = self.directory
        return Settings(place / "store", place / "config", place / "cache", place / "state")

    @property
    def store(self) -> StorePaths:
        return StorePaths(self.settings.store)

    def fetch(self, name: str, mirror: str = "simulated") -> Fetch:
        record = self.mirror.records(name)[0]
        digest, size = str(record["checksum"]), record["contentLength"]
        assert isinstance(size, int)
        hash_ = DagHash(self.mirror.builds[name].hash)
        return Fetch(hash_, MirrorName(mirror), Sha256(digest), size)

    def request(self, *roots: str, fetches: Sequence[Fetch] = ()) -> Request:
        """A request for all packages of the mirror, dependencies first."""
        built = [one for one in self.mirror.builds.values() if not one.package.external]
        missing = [one for one in built if not one.package.is_pushed]
        pushed = [one for one in built if one.package.is_pushed]
        return Request(
            version=REQUEST_VERSION,
            store=str(self.settings.store),
            config_dir=str(self.settings.config_dir),
            cache_dir=str(self.settings.cache_dir),
            state_dir=str(self.settings.state_dir),
            jobs=self.jobs,
            roots=tuple(DagHash(self.mirror.builds[name].hash) for name in roots),
            fetches=tuple(fetches) or tuple(self.fetch(one.package.name) for one in pushed),
            mirrors=tuple(self.mirrors) or (self.mirror.mirror(),),
            nodes={DagHash(one.hash): dict(one.node) for one in self.mirror.builds.values()},
            builds=tuple(DagHash(one.hash) for one in missing),
            builder="process" if missing else "",
            spack=self.builder,
        )

    def run(self, *roots: str, fetches: Sequence[Fetch] = ()) -> Run:
        return new_run(self.settings, self.request(*roots, fetches=fetches))

    def tree(self) -> dict[str, dict[str, Any]]:
        """All in the store but databases, history and locks, and what holds time stamps."""
        found = entries_of(self.store.root) if self.store.root.exists() else {}
        return {
            path: entry
            for path, entry in found.items()
            if not path.startswith((".spack-db/", ".spackbin"))
            and not path.endswith("/install_manifest.json")
        }

    def records(self) -> dict[str, Any]:
        """The install database without its times."""
        document = msgspec.json.decode(self.store.database.read_bytes())
        for record in document["database"]["installs"].values():
            assert record.pop("installation_time") > 0
        return document


class Zygote:
    """A process that has the engine loaded and becomes one, once for every directory it is told."""

    def __init__(self, *prefix: str, environment: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [*prefix, sys.executable, str(Path(__file__).with_name("zygote.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        )

    def start(self, run: Run, upset: str = "") -> int:
        """Start the engine on a run; its process id.

        `upset` says what happens to it: `event:5` it kills itself after its fifth event, `rename:3`
        before its third rename, `register:1` before it replaces the database for the first time;
        from the fourth call on that would change the store, `quota:4` and `readonly:4` refuse
        them as such a file system does.
        """
        return int(self._ask(f"start {upset or 'never:0'} {run.directory}"))

    def wait(self, pid: int) -> int:
        """Wait for its end; the exit status, negative for a signal."""
        return int(self._ask(f"wait {pid}"))

    def work(self, run: Run, upset: str = "") -> int:
        """Run the engine to its end."""
        return self.wait(self.start(run, upset))

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()

    def _ask(self, text: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(text + "\n")
        return self._process.stdout.readline()


@contextmanager
def zygote() -> Generator[Zygote]:
    """One that ends with the block."""
    opened = Zygote()
    try:
        yield opened
    finally:
        opened.close()


def ended(run: Run) -> RunFinished:
    """The last event of a run that came to its end."""
    event = run.history()[-1]
    assert isinstance(event, RunFinished), (event, run.last_words())
    return event


def failures(run: Run) -> list[NodeFailed]:
    return [event for event in run.history() if isinstance(event, NodeFailed)]


def finished(events: Sequence[Event]) -> list[DagHash]:
    return [event.node for event in events if isinstance(event, NodeFinished)]
