"""The pre-flight of a plan in words."""

from core.model.plan import Fit, Plan, Preflight
from tui import text


def space_words(preflight: Preflight) -> str:
    """What is needed and what is left, e.g. `about 1.2 GB needed, 30.1 GB free`."""
    space = preflight.space
    parts: list[str] = []
    if preflight.bytes_needed:
        about = "about " if preflight.is_estimate else ""
        parts.append(f"{about}{text.size(preflight.bytes_needed)} needed")
    if space.bytes_free is not None:
        parts.append(f"{text.size(space.bytes_free)} free")
    if space.files_free is not None:
        parts.append(f"{text.short_count(space.files_free)} inodes free")
    if space.quota_bytes is not None:
        parts.append(f"{text.size(space.quota_bytes)} of your quota left")
    if space.quota_files is not None:
        parts.append(f"{text.short_count(space.quota_files)} files of your quota left")
    return ", ".join(parts)


def fit_words(plan: Plan) -> str:
    """Whether the packages can be moved to the store; empty if there is nothing to fetch."""
    fits = list(plan.preflight.fits.values())
    misfits, unknown = fits.count(Fit.MISFIT), fits.count(Fit.UNKNOWN)
    if misfits:
        return f"{text.counted(misfits, 'package')} cannot be moved to this store"
    if unknown:
        return f"of {text.counted(unknown, 'package')} not known before the fetch"
    return "all packages can be moved to this store" if fits else ""
