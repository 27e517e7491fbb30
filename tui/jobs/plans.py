"""Plans as files."""

from core.model.plan import Disposition
from core.session.documents import plan_document, save_document
from tui.jobs.job import Job, perform
from tui.jobs.paths import typed_path
from tui.messages import plans


@perform.register
def _save_plan(request: plans.SavePlan, job: Job) -> None:
    path, plan = typed_path(request.path).absolute(), request.plan
    has_builds = bool(plan.having(Disposition.BUILD))
    forecast = job.session.judge.forecast(plan) if has_builds else None
    made = plan_document(plan, forecast)
    if save_document(path, made, replaces=request.replaces):
        job.tell(plans.PlanSaved(request, str(path)))
    else:
        job.tell(plans.PlanFileFound(request, str(path)))
