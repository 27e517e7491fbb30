"""Builds from source in words: how long they may take, who does them, what would save them."""

import shutil

from core.model.explanation import Nearest
from core.model.forecast import Estimate, Forecast
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan
from tui.text import counted, listed

_MUCH = 1.2
"""So many times longer one after the other, that both times are worth telling."""
MOST_DIFFERENCES = 3
"""Differences of another build that are named."""


def builders(path: str | None = None) -> tuple[str, ...]:
    """Who could build here: this machine, and Slurm if its programs are on the PATH."""
    return ("local", "slurm") if shutil.which("sbatch", path=path) else ("local",)


def rough(seconds: float) -> str:
    """`45 s`, `12 min`, `3.5 h`: as exact as a guess deserves."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def estimate_words(estimate: Estimate | None) -> str:
    """`about 12 min`, or that nobody knows."""
    return f"about {rough(estimate.seconds)}" if estimate else "time unknown"


def time_words(forecast: Forecast) -> str:
    """`about 12 min`, `12 to 20 min or more, 3 of 5 packages known`, or that nobody knows."""
    known = len(forecast.estimates)
    if not known:
        return "how long is unknown"
    short, long = rough(forecast.longest), rough(forecast.total)
    is_range = forecast.total > _MUCH * forecast.longest and short != long
    time = f"{short} to {long}" if is_range else f"about {long}"
    if known < forecast.builds:
        return f"{time} or more, {known} of {counted(forecast.builds, 'package')} known"
    return time


def building_words(plan: Plan, forecast: Forecast | None) -> str:
    """`2 packages by local, about 12 min`; empty if nothing is to be built."""
    number = len(plan.having(Disposition.BUILD))
    if not number:
        return ""
    by = f" by {plan.builder}" if plan.builder else ""
    time = f", {time_words(forecast)}" if forecast else ""
    return f"{counted(number, 'package')}{by}{time}"


def alternative_words(nearest: Nearest) -> str:
    """`hdf5@1.14.5/abcdefg, which needs no build (@1.14.6 against @1.14.5)`."""
    differences = [item.sentence for item in nearest.differences]
    return f"{nearest.build.label}, which needs no build ({listed(differences, MOST_DIFFERENCES)})"


def with_alternatives(hashes: tuple[DagHash, ...], forecast: Forecast) -> tuple[DagHash, ...]:
    """What to install instead, so that as little as possible is built."""
    found = forecast.alternatives
    return tuple(found[hash_].build.hash if hash_ in found else hash_ for hash_ in hashes)


def forecast_lines(plan: Plan, forecast: Forecast) -> list[str]:
    """What the command line says of it; nothing if nothing is to be built."""
    if not forecast.builds:
        return []
    lines = [f"From source: {building_words(plan, forecast)}"]
    for hash_, estimate in forecast.estimates.items():
        source = "" if estimate.is_same else f", as long as {estimate.taken_from.label} took"
        lines.append(f"  {plan.node(hash_).spec.label}: {estimate_words(estimate)}{source}")
    for hash_, nearest in forecast.alternatives.items():
        lines.append(f"  Instead of {plan.node(hash_).spec.label}: {alternative_words(nearest)}")
        lines.append(f"    spackbin install /{nearest.build.hash}")
    return lines
