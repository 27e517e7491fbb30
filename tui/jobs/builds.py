"""Builds from source: how long they may take, and what they write."""

from core.model.plan import Disposition
from core.model.spackfacts import RecipeView
from core.model.views import PackageView
from tui.jobs.job import Job, perform
from tui.messages import builds
from tui.state.logfile import FileState, find_line, line_starts, look_at, read_tail
from tui.text import of_log

LOOK_SECONDS = 1.0
"""Between two looks at a file that grows: what is new goes over the wire each time."""


@perform.register
def _forecast_builds(request: builds.ForecastBuilds, job: Job) -> None:
    job.tell(builds.BuildsForecast(request.plan, job.session.judge.forecast(request.plan)))


@perform.register
def _tail_log(request: builds.TailLog, job: Job) -> None:
    known: FileState | None = None
    while not job.token.is_cancelled:
        found = look_at(request.path)
        if found != known:
            known = found
            job.tell(builds.LogTailed(request.path, read_tail(request.path)))
        if not request.follows:
            return
        job.token.wait(LOOK_SECONDS)


@perform.register
def _index_log(request: builds.IndexLog, job: Job) -> None:
    known, read, is_anew = look_at(request.path), 0, True
    while not job.token.is_cancelled:
        found = look_at(request.path)
        if found.inode != known.inode or found.size < read:
            read, is_anew = 0, True
        known = found
        while read < known.size and not job.token.is_cancelled:
            starts, end = line_starts(request.path, read)
            if end == read:
                break
            job.tell(builds.LogIndexed(request.path, starts, end, is_anew))
            read, is_anew = end, False
        job.token.wait(LOOK_SECONDS)


@perform.register
def _search_log(request: builds.SearchLog, job: Job) -> None:
    path, needle = request.path, request.text.encode("utf-8", "replace")
    found = find_line(path, needle, request.offset, request.end)
    if found is None:
        found = find_line(path, needle, 0, min(request.offset + len(needle), request.end))
    job.tell(builds.LogSearched(request, found))


@perform.register
def _find_recipes(_: builds.FindRecipes, job: Job) -> None:
    desk = job.session.spack
    is_current = desk.found is not None and desk.recipes_are_current()
    if not is_current:
        job.tell(builds.RecipesFound(_packages(desk.source_only()), is_current=False))
        desk.refresh_recipes(job.token)
    job.tell(builds.RecipesFound(_packages(desk.source_only()), is_current=True))


def _packages(recipes: tuple[RecipeView, ...]) -> tuple[PackageView, ...]:
    names = sorted(str(recipe.name) for recipe in recipes)
    return tuple(PackageView(name, "", Disposition.BUILD, 0, 0) for name in names)


@perform.register
def _concretize(request: builds.Concretize, job: Job) -> None:
    last = ""

    def waiting(_: float, line: str) -> None:
        nonlocal last
        if line != last:
            last = line
            job.tell(builds.ConcretizingGoesOn(request, of_log(line.encode("utf-8", "replace"))))

    found = job.session.spack.concretize((request.spec,), job.token, waiting=waiting)
    job.tell(builds.Concretized(request, found))
