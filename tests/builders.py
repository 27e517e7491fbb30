"""A builder of real processes that stand for Spack, and what such a process does.

`python tests/builders.py TASK STORE` builds one package: a file, registered in the store. What it
is told is in `orders.json` beside the store: by package name the `seconds` that it takes, a file
`after` which it goes on, and `fail` or `forget` (to register it).
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from core.engine.builders.choice import choose_builder
from core.engine.builders.protocol import Builder, BuildTask, JobReport, JobState
from core.errors import NotAvailable, SpackbinError
from core.model.graph import SpecGraph
from core.model.spec import spec_from_node
from core.settings import Settings
from core.store.database import Database
from core.store.paths import StorePaths

PID, STATUS, LOG, AFTER = "pid", "status", "build.log", "after"
HELD, BEGUN = "held", "begun"
_children: list[subprocess.Popen[bytes]] = []


class ProcessBuilder:
    """Its jobs are called by the directories of their tasks."""

    name = "process"

    def __init__(self, store: Path, *, limit: int = 2, holds_dependencies: bool = False) -> None:
        self._store = store
        self.limit = limit
        self.holds_dependencies = holds_dependencies
        self.ails = ""
        """`deaf`: hears no cancel; `frail`: fails as soon as something runs."""

    def check(self, tasks: Collection[BuildTask]) -> tuple[str, ...]:
        if any(task.label.startswith("huge@") for task in tasks):
            raise NotAvailable("huge is too large for this builder")
        return ()

    def submit(self, task: BuildTask, after: Sequence[str]) -> str:
        (task.directory / AFTER).write_text("\n".join(after))
        script = [sys.executable, __file__, str(task.directory), str(self._store)]
        with self.log(task).open("wb") as log:
            child = subprocess.Popen(script, stdout=log, stderr=log, start_new_session=True)
        _children.append(child)
        (task.directory / PID).write_text(str(child.pid))
        return str(task.directory)

    def poll(self, jobs: Collection[str]) -> Mapping[str, JobReport]:
        reports = {job: _report(Path(job)) for job in jobs}
        if self.ails == "frail" and any(one.state is JobState.RUNNING for one in reports.values()):
            raise RuntimeError("the builder has a fault")
        return reports

    def cancel(self, jobs: Collection[str]) -> None:
        if self.ails == "deaf":
            raise SpackbinError("Nobody answers")
        for job in jobs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int((Path(job) / PID).read_text()), signal.SIGKILL)

    def hold(self, jobs: Collection[str]) -> None:
        if self.holds_dependencies:  # the other one begins all at once
            for job in jobs:
                (Path(job) / HELD).touch()

    def release(self, jobs: Collection[str]) -> None:
        for job in jobs:
            (Path(job) / HELD).unlink(missing_ok=True)

    def by_hand(self, job: str) -> str:
        return f"kill -9 -- -$(cat {job}/{PID})"

    def log(self, task: BuildTask) -> Path:
        return task.directory / LOG

    def reattach(self, task: BuildTask) -> str | None:
        if not (task.directory / PID).exists():
            return None
        state = _report(task.directory).state
        return str(task.directory) if state in (JobState.WAITING, JobState.RUNNING) else None


def _report(job: Path) -> JobReport:
    # So that those of our children that have ended are no processes any more.
    for child in _children:
        child.poll()
    if (job / STATUS).exists():
        is_good = (job / STATUS).read_text() == "0"
        return JobReport(JobState.DONE if is_good else JobState.FAILED, "here", "it said so")
    try:
        os.kill(int((job / PID).read_text()), 0)
    except ProcessLookupError:
        return JobReport(JobState.CANCELLED, "here")
    if _awaited(job):
        return JobReport(JobState.WAITING, reason="Dependency")
    if not (job / BEGUN).exists():
        return JobReport(JobState.WAITING, reason="Held" if (job / HELD).exists() else "")
    return JobReport(JobState.RUNNING, "here")


def _awaited(job: Path) -> list[Path]:
    """The jobs that are to succeed before this one, and have not."""
    named = map(Path, (job / AFTER).read_text().split())
    return [
        one for one in named if not (one / STATUS).exists() or (one / STATUS).read_text() != "0"
    ]


def build(task: Path, store: Path) -> int:
    nodes = json.loads((task / "spec.json").read_text())["spec"]["nodes"]
    specs = [spec_from_node(node) for node in nodes]
    graph, spec = SpecGraph((specs[0].hash,), {one.hash: one for one in specs}), specs[0]
    orders = json.loads((store.parent / "orders.json").read_text()).get(spec.name, {})
    database = Database(StorePaths(store))
    records = database.read().records
    for child in graph.children(spec.hash, ("build", "link", "run")):
        if not child.external and not records[child.hash].installed:
            print(f"{child.label} is not there")
            return 1
    for phase in ("stage", "install"):
        print(f"==> {spec.name}: Executing phase: '{phase}'", flush=True)
        time.sleep(orders.get("seconds", 0.1) / 2)
    while "after" in orders and not Path(orders["after"]).exists():
        time.sleep(0.02)
    if orders.get("fail"):
        print("\x1b[31mno such tide\x1b[0m")
        return 1
    prefix = database.paths.prefix_of(spec)
    (prefix / "share").mkdir(parents=True)
    (prefix / "share" / spec.name).write_text(f"built for {prefix}\n")
    if not orders.get("forget"):
        database.register(spec, prefix, graph, explicit=False)
    return 0


def choose_process_builder(settings: Settings, name: str, spack: Path) -> Builder:
    """For `choice.choose_builder`: the name of the Spack says which kind is meant."""
    if name != "process":
        return choose_builder(settings, name, spack)
    made = ProcessBuilder(
        settings.store,
        limit=1 if spack.name == "one" else 8,
        holds_dependencies=spack.name == "holding",
    )
    made.ails = spack.name
    return made


if __name__ == "__main__":
    directory, store_root = map(Path, sys.argv[1:])
    while _awaited(directory) or (directory / HELD).exists():
        time.sleep(0.01)
    (directory / BEGUN).touch()
    status = build(directory, store_root)
    temporary = directory / "status.new"
    temporary.write_text(str(status))
    temporary.rename(directory / STATUS)
    sys.exit(status)
