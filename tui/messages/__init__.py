"""The way between screens and jobs.

A screen posts `Asked(request)`; the app gives the request to `tui.jobs`; the job answers with
facts in `Learned`, which the app hands to every screen on the stack. Requests and facts are plain
values.
"""

from dataclasses import dataclass

from textual.message import Message

from tui.messages.facts import Fact
from tui.messages.requests import Request


@dataclass
class Asked(Message):
    """A screen wants something done."""

    request: Request
    """What."""


@dataclass
class Learned(Message):
    """A job found something out."""

    fact: Fact
    """What."""


@dataclass
class JobEnded(Message):
    """A job came to its end; the next of its kind may start."""

    request: Request
    """What it worked on."""
