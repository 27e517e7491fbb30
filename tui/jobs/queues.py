"""The jobs at work and those that wait."""

from collections import defaultdict
from functools import partial

from textual.app import App

from core.errors import SpackbinError
from core.model.structs import prepare_structs
from core.session import Session
from tui.jobs.job import Job, perform
from tui.messages import JobEnded, Learned, facts, requests


class Jobs:
    """The jobs at work and those that wait, by kind of request."""

    def __init__(self, app: App[int], session: Session) -> None:
        self._app = app
        self._session = session
        self._queues: dict[type[requests.Request], list[Job]] = defaultdict(list)

    def start(self, request: requests.Request) -> None:
        """Work on a request as soon as those of its kind before it are done."""
        if isinstance(request, requests.GiveUp):
            self._drop(request.kind)
            return
        if request.latest_wins:
            self._drop(type(request))
        queue = self._queues[type(request)]
        queue.append(Job(request, self._session, self._learn))
        if len(queue) == 1:
            self._run(queue[0])

    def ended(self, request: requests.Request) -> None:
        """The thread of a job is done: begin the next of its kind."""
        queue = self._queues[type(request)]
        del queue[0]
        if queue:
            self._run(queue[0])

    def stop(self) -> None:
        """Cancel everything: the program is about to end."""
        for kind in self._queues:
            self._drop(kind)

    def _drop(self, kind: type[requests.Request]) -> None:
        queue = self._queues[kind]
        del queue[1:]
        for job in queue:
            job.token.cancel()

    def _run(self, job: Job) -> None:
        # Before there are threads; what was loaded since the last job is little.
        prepare_structs()
        self._app.run_worker(
            partial(self._work, job), thread=True, group=type(job.request).__name__
        )

    def _work(self, job: Job) -> None:
        try:
            perform(job.request, job)
        except SpackbinError as error:
            job.tell(facts.RequestFailed(job.request, error))
        except Exception as error:  # a bug must not take down the screen of a running install
            job.tell(facts.RequestFailed(job.request, _unexpected(error)))
        self._app.post_message(JobEnded(job.request))

    def _learn(self, fact: facts.Fact) -> None:
        self._app.post_message(Learned(fact))


def _unexpected(error: Exception) -> SpackbinError:
    return SpackbinError(
        f"Unexpected {type(error).__name__}: {error}",
        hint="This is a defect of spackbin: report it",
    )
