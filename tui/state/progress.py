"""How far a run has come, in one line of words."""

from tui.state.run import RunState
from tui.state.runnode import Status
from tui.text import listed, percent, size


def progress_words(state: RunState, now: float) -> str:
    """`3 of 8 installed  41 %  9.8 MB of 21.4 MB  2.1 MB/s  hdf5 fetch, zlib extract`.

    Empty before the run has begun and once it has ended. Holds foreign text.

    Args:
        state: the run.
        now: seconds since the epoch.
    """
    if not state.has_started or state.has_ended:
        return ""
    parts = [f"{state.counts()[Status.DONE]} of {len(state.nodes)} installed"]
    parts.append(percent(state.progress, 1))
    if state.bytes_total:
        parts.append(f"{size(state.bytes_fetched)} of {size(state.bytes_total)}")
    elif state.bytes_fetched:
        parts.append(size(state.bytes_fetched))
    if (speed := state.rate(now)) >= 1:
        parts.append(f"{size(speed)}/s")
    at_work = [
        f"{node.node.name} {node.phase}"
        for node in state.nodes.values()
        if node.status is Status.RUNNING and node.phase
    ]
    if state.is_cancelled:
        parts.append("cancelling")
    elif state.awaits:
        parts.append(f"waits for {state.awaits}")
    elif at_work:
        parts.append(listed(at_work))
    elif state.is_paused:
        parts.append("paused")
    return "  ".join(parts)
