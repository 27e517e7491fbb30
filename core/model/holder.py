"""Who holds a lock that somebody else waits for."""

import time

import msgspec


class Holder(msgspec.Struct, frozen=True):
    """A process that holds a lock, as far as it can be known."""

    pid: int = 0
    """Process id; 0 if it is on another machine or in another container."""
    host: str = ""
    """The machine that it runs on; empty if it is another one."""
    user: str = ""
    """Login name of who runs it; may be empty."""
    command: str = ""
    """Its command line, shortened; may be empty. Foreign text."""
    since: float = 0.0
    """Since when it runs, and so holds the lock at the longest, in seconds since the epoch; 0 if
    that is not known."""

    @property
    def words(self) -> str:
        """`process 12 of alice on node7, running since 12:03`."""
        if not self.pid:
            return "a process on another machine or in another container"
        user = f" of {self.user}" if self.user else ""
        since = f", running since {_moment(self.since)}" if self.since else ""
        return f"process {self.pid}{user} on {self.host}{since}"


def _moment(seconds: float) -> str:
    moment = time.localtime(seconds)
    is_today = moment[:3] == time.localtime()[:3]
    return time.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M", moment)
