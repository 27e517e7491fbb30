"""A request being worked on, and the table of who works on which."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import singledispatch

from core.cancel import CancelToken
from core.model.structs import prepare_structs
from core.session import Session
from tui.messages import facts, requests

DRAIN_SECONDS = 0.25
"""Between two looks at the journal of a run, and between two reports of progress."""


@dataclass
class Job:
    """A request being worked on."""

    request: requests.Request
    """What is wanted."""
    session: Session
    """Whom to ask."""
    post: Callable[[facts.Fact], object]
    """Hands a fact to the app; may be called from any thread."""
    token: CancelToken = field(default_factory=CancelToken)
    """Cancelled when nobody wants the answer any more."""

    def tell(self, fact: facts.Fact) -> None:
        """Report a fact, unless nobody wants it any more."""
        if not self.token.is_cancelled:
            self.post(fact)


@singledispatch
def perform(request: requests.Request, job: Job) -> None:
    """Do what a request asks for, and tell what came of it."""
    # Each file registers, when it is loaded, what it can do.
    from tui.jobs import builds, environment, judging, past, plans, runs, trust  # noqa: F401

    method = perform.dispatch(type(request))
    if method is perform.dispatch(requests.Request):
        raise TypeError(f"nobody works on {type(request).__name__}")
    prepare_structs()
    method(request, job)
