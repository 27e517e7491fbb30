"""What runs where, and why."""

from tui.jobs.job import Job, perform
from tui.messages import judging


@perform.register
def _explain(request: judging.Explain, job: Job) -> None:
    found = job.session.judge.explain(request.text, cancel=job.token, plan=request.plan)
    job.tell(judging.Explained(request, found))


@perform.register
def _count_builds(request: judging.CountBuilds, job: Job) -> None:
    job.tell(judging.BuildsCounted(request, job.session.judge.matrix(request.mirror)))


@perform.register
def _compare_builds(request: judging.CompareBuilds, job: Job) -> None:
    job.tell(judging.BuildsCompared(request, job.session.judge.variants(request.name)))


@perform.register
def _find_dependents(request: judging.FindDependents, job: Job) -> None:
    job.tell(judging.DependentsFound(request, job.session.judge.dependents(request.hash)))
