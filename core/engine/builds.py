"""The builds of a run: hands to-build nodes to a builder and follows each to its end.

A node is handed over once all that it needs is registered, because Spack must see it, or is itself
in the hands of a builder that waits for other jobs by itself. Spack registers what it has built.
Its prefix lock is Spack's as long as it builds. See docs/adr/0019.
"""

import contextlib
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.engine.builders import choice
from core.engine.builders.protocol import Builder, BuildTask, JobReport, JobState
from core.engine.buildlog import Steps
from core.engine.buildpause import BuildPause
from core.engine.buildsite import Site, left_alone, not_built, not_there
from core.engine.buildtasks import (
    dead_runs,
    earlier_job,
    task_in,
    write_task,
)
from core.engine.scheduler import Outcome
from core.errors import Interrupted, SpackbinError
from core.model.graph import TO_BUILD
from core.model.ident import DagHash
from core.model.installed import InstalledRecord
from core.model.spec import ConcreteSpec
from core.store.buildtimes import BuildTimes
from core.store.records import is_present

TICK = 0.1
"""Seconds between two looks at what can be handed over, and at the logs."""
SOON, SELDOM = 0.5, 5.0
"""Seconds between two questions to a builder: while something happens, and when nothing does for
long and it is a controller that is asked."""
GROWTH = 1.2
"""By how much the pause grows with each answer that has no news."""
LAG = 5.0
"""Seconds after which what another machine wrote into the store is seen here."""
SKEW = 60.0
"""Seconds by which the clocks of machines may differ: what is older was built by somebody else."""
GRACE = 30.0
"""Seconds that jobs have to end after they were cancelled; then they are left to themselves."""
INSISTENCE = 60.0
"""Seconds for which a builder that does not answer is asked to cancel; then they are, too."""
AGAIN = 2.0
"""Seconds between two such requests."""


@dataclass(slots=True)
class _Job:
    """A build in the hands of the builder."""

    task: BuildTask
    """What is built."""
    id: str
    """What the builder calls it."""
    log: str
    """Where its output is."""
    steps: Steps
    """Reads the output."""
    handed: float
    """When it was handed over, seconds since the epoch; 0 if by an earlier run."""
    since: float | None = None
    """When it began to run, on the monotonic clock."""
    reason: str = ""
    """Why it waits, as last told."""
    done_since: float | None = None
    """When Spack ended, if the store does not show yet what it has built."""


class Builds:
    """Works in one thread, which is the only one that talks with the builder.

    Args:
        site: what they work with.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._waiting = dict.fromkeys(site.request.builds)
        self._jobs: dict[DagHash, _Job] = {}
        self._ended: dict[DagHash, Outcome] = {}
        self._pause = SOON
        self._asked = 0.0
        self._held = BuildPause(site.reporter)
        self._cancelled_at: float | None = None
        self._heard_at: float | None = None
        self._insist_at = 0.0

    def work(self) -> None:
        """Carry them out; when it returns, all of them have ended."""
        request = self._site.request
        try:
            spack = Path(request.spack)
            builder = choice.choose_builder(request.settings(), request.builder, spack)
        except SpackbinError as error:
            self._break_off(error)
            return
        try:
            self._work(builder)
        except Exception as error:
            if not isinstance(error, SpackbinError):
                traceback.print_exc()
            self._leave(builder, error)
            self._break_off(error)

    def _break_off(self, error: Exception) -> None:
        for hash_ in list(self._waiting):
            with contextlib.suppress(SpackbinError):
                self._fail(hash_, error)

    def _work(self, builder: Builder) -> None:
        site = self._site
        self._reattach(builder)
        notes = builder.check([task_in(site.run, site.graph[hash_]) for hash_ in self._waiting])
        for note in notes:
            site.reporter.log(None, note)
        while self._waiting or self._jobs:
            self._heed_cancel(builder)
            self._heed_pause(builder)
            self._hand_over(builder)
            self._ask(builder)
            for hash_, job in self._jobs.items():
                self._read_log(hash_, job)
            if self._waiting or self._jobs:
                time.sleep(TICK)

    def _reattach(self, builder: Builder) -> None:
        """Take over the jobs of runs that died, so that nothing is built twice at a time."""
        site = self._site
        dead = dead_runs(site.request.settings(), site.request.builder, site.run.id)
        for hash_ in list(self._waiting):
            found = earlier_job(builder, site.graph[hash_], dead)
            if found:
                self._follow(builder, *found, reattached=True)

    def _hand_over(self, builder: Builder) -> None:
        for hash_ in list(self._waiting):
            cause = self._cause(hash_)
            if cause is not None:
                self._skip(hash_, cause)
            elif len(self._jobs) < builder.limit and not self._site.is_paused():
                try:
                    self._submit(builder, self._site.graph[hash_])
                except SpackbinError as error:
                    self._fail(hash_, error)

    def _submit(self, builder: Builder, spec: ConcreteSpec) -> None:
        """Hand over a node if all that it needs is there or, for some builders, on its way."""
        site = self._site
        needs = site.depends_on[spec.hash]
        after = [self._jobs[need].id for need in needs if need in self._jobs]
        if after and not builder.holds_dependencies:
            return
        # All are asked for: the registrar is to hear of each.
        are_there = [self._is_there(need) for need in needs if need not in self._jobs]
        if not all(are_there) or not self._hold(spec):
            return
        record = self._record(spec.hash)
        if record:
            self._finish(spec.hash, record, already=True)
            return
        # Spack wants a record of each, also of those that only builds need.
        externals = [needed for needed in self._needed(spec) if needed.external]
        site.database.register_externals(externals, cancel=site.cancel)
        task = task_in(site.run, spec)
        write_task(task, site.graph, site.database.read())
        self._follow(builder, task, builder.submit(task, after), reattached=False)

    def _follow(self, builder: Builder, task: BuildTask, job: str, *, reattached: bool) -> None:
        log = builder.log(task)
        del self._waiting[task.hash]
        handed = 0.0 if reattached else time.time()
        self._jobs[task.hash] = _Job(task, job, str(log), Steps(log), handed)
        self._site.reporter.queued(task.hash, builder.name, job, str(log), reattached=reattached)
        self._pause = SOON

    def _is_there(self, need: DagHash) -> bool:
        """True if a node of the run is registered; one that waits to be is hurried on."""
        outcome = self._ended.get(need) or self._site.outcome(need)
        if outcome is not Outcome.DONE:
            return False
        if self._record(need) is None:
            self._site.registrar.hurry()
            return False
        return True

    def _hold(self, spec: ConcreteSpec) -> bool:
        """Keep what a build needs from being removed; False if somebody else works on it."""
        site = self._site
        for needed in self._needed(spec):
            if needed.external or needed.hash in self._jobs or not self._record(needed.hash):
                continue
            if not site.holdings.share(needed.hash):
                site.waits.go_on(spec, needed)
                return False
            site.waits.over(spec, needed)
        return True

    def _needed(self, spec: ConcreteSpec) -> Sequence[ConcreteSpec]:
        """What a build needs: its dependencies of all types, and what those need to be used."""
        graph = self._site.graph
        return graph.order([child.hash for child in graph.children(spec.hash, TO_BUILD)])

    def _ask(self, builder: Builder) -> None:
        """Ask the builder how the jobs stand, if it is time."""
        now = time.monotonic()
        if not self._jobs or now - self._asked < self._pause:
            return
        longest = SELDOM if builder.holds_dependencies and not self._cancelled_at else SOON
        reports = builder.poll([job.id for job in self._jobs.values()])
        self._asked = time.monotonic()
        # In the order of the run: what failed is known before those whose jobs fail of that.
        news = [self._heed(builder, *item, reports) for item in self._ordered_jobs()]
        self._pause = SOON if any(news) else min(self._pause * GROWTH, longest)

    def _ordered_jobs(self) -> Iterator[tuple[DagHash, _Job]]:
        for hash_ in self._site.request.builds:
            if hash_ in self._jobs:
                yield hash_, self._jobs[hash_]

    def _heed(
        self, builder: Builder, hash_: DagHash, job: _Job, reports: Mapping[str, JobReport]
    ) -> bool:
        """Take in how a job stands; True if that is news."""
        report = reports[job.id]
        match report.state:
            case JobState.WAITING:
                return self._heed_waiting(builder, hash_, job, report)
            case JobState.RUNNING:
                return self._heed_running(hash_, job, report)
            case JobState.DONE:
                self._heed_running(hash_, job, report)
                return self._heed_done(hash_, job)
            case JobState.FAILED | JobState.CANCELLED:
                self._heed_bad_end(hash_, job, report)
                return True

    def _heed_waiting(self, builder: Builder, hash_: DagHash, job: _Job, report: JobReport) -> bool:
        cause = self._cause(hash_)
        if cause is not None:
            # If that cannot be said now, it is said again with the next answer.
            with contextlib.suppress(SpackbinError):
                builder.cancel([job.id])
                self._skip(hash_, cause)
            return True
        is_news = report.reason != job.reason
        if is_news and report.reason:
            self._site.reporter.held_up(hash_, report.reason)
        job.reason = report.reason
        return is_news

    def _heed_running(self, hash_: DagHash, job: _Job, report: JobReport) -> bool:
        if job.since is not None:
            return False
        job.since = time.monotonic()
        self._site.reporter.building(hash_, report.host)
        self._site.reporter.phase_started(hash_, "build")
        return True

    def _heed_done(self, hash_: DagHash, job: _Job) -> bool:
        """Spack has ended well: what it has built is in the store, or will be seen there soon."""
        record = self._record(hash_)
        now = time.monotonic()
        job.done_since = job.done_since or now
        if record:
            self._read_log(hash_, job)
            if job.handed and job.since:  # else nobody knows how long it took
                self._site.reporter.phase_finished(hash_, "build", now - job.since)
                times = BuildTimes(Path(self._site.request.state_dir))
                times.record(record.spec, now - job.since)
            self._finish(hash_, record, already=record.installation_time < job.handed - SKEW)
        elif now - job.done_since > LAG:
            self._fail(hash_, not_there(job.task, self._site.request.store))
        return True

    def _heed_bad_end(self, hash_: DagHash, job: _Job, report: JobReport) -> None:
        self._read_log(hash_, job)
        cause = self._cause(hash_)
        if cause is not None and job.since is None:
            self._skip(hash_, cause)
        elif self._cancelled_at:
            self._fail(hash_, Interrupted("Cancelled"))
        else:
            self._fail(hash_, not_built(job.task, report))

    def _read_log(self, hash_: DagHash, job: _Job) -> None:
        if job.since is not None:
            for step in job.steps.news():
                self._site.reporter.stepped(hash_, step)

    def _heed_cancel(self, builder: Builder) -> None:
        if not self._site.cancel.is_cancelled:
            return
        now = time.monotonic()
        if self._cancelled_at is None:
            self._cancelled_at = now
            for hash_ in list(self._waiting):
                self._skip(hash_, None)
            self._pause = SOON
        if self._heard_at is None:
            self._cancel_jobs(builder, now - self._cancelled_at)
        elif now - self._heard_at > GRACE:
            self._leave(builder, Interrupted("Cancelled", "It does not heed that"))

    def _cancel_jobs(self, builder: Builder, waited: float) -> None:
        """Have the jobs ended; if the builder does not hear that, it is told again for a while."""
        if time.monotonic() < self._insist_at:
            return
        try:
            builder.cancel([job.id for job in self._jobs.values()])
            self._heard_at = time.monotonic()
        except SpackbinError as error:
            if waited > INSISTENCE:
                self._leave(builder, Interrupted("Cancelled, in vain", str(error)))
            elif not self._insist_at:
                self._site.reporter.log(None, f"The builds are not cancelled yet. {error}")
            self._insist_at = time.monotonic() + AGAIN

    def _heed_pause(self, builder: Builder) -> None:
        if not self._site.cancel.is_cancelled:
            jobs = [job.id for job in self._jobs.values()]
            self._held.heed(builder, jobs, is_paused=self._site.is_paused())

    def _leave(self, builder: Builder, error: Exception) -> None:
        """Follow the jobs no longer, although they may go on; the history hears of them later."""
        for hash_, job in list(self._jobs.items()):
            with contextlib.suppress(SpackbinError):
                self._fail(
                    hash_, left_alone(job.task, builder.by_hand(job.id), error), is_left=True
                )

    def _cause(self, hash_: DagHash) -> DagHash | None:
        """A node that it needs and that will not be there, or none."""
        bad = (Outcome.FAILED, Outcome.SKIPPED)
        for need in self._site.depends_on[hash_]:
            if (self._ended.get(need) or self._site.outcome(need)) in bad:
                return need
        return None

    def _record(self, hash_: DagHash) -> InstalledRecord | None:
        """The record of what is registered and there, as of now."""
        record = self._site.database.read().records.get(hash_)
        return record if record and is_present(record) else None

    def _finish(self, hash_: DagHash, record: InstalledRecord, *, already: bool) -> None:
        site = self._site
        # What others of the run may need is not to be removed; if it is in use just now, they wait.
        site.holdings.share(hash_)
        if not already and hash_ in site.request.roots:
            site.database.mark_explicit([hash_], cancel=site.cancel)
        site.reporter.finished(hash_, record.prefix or "", already=already)
        self._end(hash_, Outcome.DONE)

    def _fail(self, hash_: DagHash, error: Exception, *, is_left: bool = False) -> None:
        job = self._jobs.get(hash_)
        try:
            self._site.failed(hash_, error, job.log if job else "", is_left)
        finally:
            # Whatever happened: others wait for the end of it.
            self._end(hash_, Outcome.FAILED)

    def _skip(self, hash_: DagHash, cause: DagHash | None) -> None:
        try:
            self._site.skipped(hash_, cause)
        finally:
            self._end(hash_, Outcome.SKIPPED)

    def _end(self, hash_: DagHash, outcome: Outcome) -> None:
        self._waiting.pop(hash_, None)
        self._jobs.pop(hash_, None)
        self._ended[hash_] = outcome
        self._site.ended(hash_, outcome)
