"""Finds the output of builds among the runs of a store."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from core.engine.journal import REQUEST, Run
from core.engine.request import read_request
from core.errors import NotAvailable, StoreError
from core.events import BuildQueued, NodeFailed, NodeFinished
from core.model.buildlogs import BuildLog, BuildState
from core.query.parse import parse_query

_HINT = "What is built from source is asked for with: spackbin install --build SPEC"


def find_log(runs: Iterable[Run], text: str) -> BuildLog:
    """The output of the newest build that a spec or hash means.

    Without one, that of the newest run: of a build that failed, or else of the last.

    Args:
        runs: newest first.
        text: a spec or a hash, as users write them; may be empty.

    Raises:
        WrongUse: the spec cannot be parsed.
        NotAvailable: there is none, or its file is gone.
    """
    query = parse_query(text) if text else None
    for run in runs:
        found = list(_logs_of(run))
        if found and query:
            graph = read_request(run.directory / REQUEST).graph()
            found = [log for log in found if query.matches(graph[log.hash], graph)]
        if found:
            failed = [log for log in found if log.state is BuildState.FAILED]
            return _there((failed or found)[-1])
    what = f"No build of {text!a} is known" if text else "Nothing was built by spackbin yet"
    raise NotAvailable(what, hint=_HINT)


def _there(log: BuildLog) -> BuildLog:
    if not Path(log.path).is_file():
        raise NotAvailable(f"The log of {log.label} is not there", log.path)
    return log


def _logs_of(run: Run) -> Iterator[BuildLog]:
    """The builds that a run ordered, in that order."""
    try:
        graph = read_request(run.directory / REQUEST).graph()
    except StoreError:
        return  # of another version of spackbin
    events = run.history()
    states = {event.node: BuildState.FAILED for event in events if isinstance(event, NodeFailed)}
    states |= {event.node: BuildState.DONE for event in events if isinstance(event, NodeFinished)}
    for event in events:
        if isinstance(event, BuildQueued):
            spec = graph[event.node]
            yield BuildLog(
                run=run.id,
                hash=event.node,
                name=spec.name,
                version=spec.version,
                builder=event.builder,
                path=event.log,
                state=states.get(event.node, BuildState.BUILDING),
            )
