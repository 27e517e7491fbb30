"""What was done to the store: history, undo, uninstall."""

from core.errors import Interrupted
from tui.jobs.job import Job, perform
from tui.messages import facts, requests


@perform.register
def _read_history(_: requests.ReadHistory, job: Job) -> None:
    job.tell(facts.HistoryRead(job.session.history()))


@perform.register
def _plan_uninstall(request: requests.PlanUninstall, job: Job) -> None:
    plan = job.session.removal_plan(
        request.hashes, dependents=request.dependents, unused=request.unused
    )
    job.tell(facts.RemovalPlanned(request, plan))


@perform.register
def _plan_undo(request: requests.PlanUndo, job: Job) -> None:
    job.tell(facts.RemovalPlanned(request, job.session.undo_plan(request.number)))


@perform.register
def _remove(request: requests.Remove, job: Job) -> None:
    # Posted even if it was given up: it may have been too late for that, and what is gone is gone.
    try:
        done = job.session.remove(request.plan, job.token)
    except Interrupted:
        job.post(facts.RemovalGivenUp(request))
    else:
        job.post(facts.Removed(request, done))
