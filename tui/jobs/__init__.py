"""The only room that starts workers.

A request becomes a job: a thread that calls the session, with a cancel token passed down. What it
finds out, errors included, becomes facts. Jobs of one kind run one after the other. The files of
this room say, by topic, how requests are met. Those that the first screen needs are loaded with the
room, the others with the first request that none of these meets.
"""

# Each file registers, when it is loaded, what it can do.
from tui.jobs import browse, mirrors
from tui.jobs.queues import Jobs

__all__ = ["Jobs", "browse", "mirrors"]
