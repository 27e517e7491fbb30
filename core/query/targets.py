"""Ranges of microarchitectures, by the order of archspec."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Protocol, cast

from core.errors import WrongUse


class _Microarchitecture(Protocol):
    """The part of archspec's class that is used here; archspec has no type hints."""

    name: str
    ancestors: Sequence["_Microarchitecture"]


_DEFAULTS = ("default_target", "frontend", "fe", "backend", "be")


@cache
def _known() -> Mapping[str, _Microarchitecture]:
    # Slow to load, and few queries name a target.
    import archspec.cpu  # pyright: ignore[reportMissingTypeStubs]

    return cast("Mapping[str, _Microarchitecture]", archspec.cpu.TARGETS)


@cache
def _lineage(target: str) -> frozenset[str]:
    known = _known().get(target)
    return (
        frozenset((target, *(item.name for item in known.ancestors)))
        if known
        else frozenset((target,))
    )


def check_targets(text: str) -> None:
    """Raise `WrongUse` unless `text` is a list of targets and ranges of known targets."""
    for item in text.split(","):
        low, colon, high = item.partition(":")
        for end in (low, high):
            if end in _DEFAULTS:
                raise WrongUse(f"{end} means another target on every machine: name the target")
            if colon and end and end not in _known():
                raise WrongUse(f"{end!a} is not a known target, so no range can end there")


@lru_cache(maxsize=4096)
def target_fits(target: str, wanted: str) -> bool:
    """True if `target` is among those that `wanted` lists.

    `x86_64:x86_64_v3` are the targets that run what x86_64 runs, and whose programs run on
    x86_64_v3 (Spack 1.x `spec.py:ArchSpec`).
    """
    return wanted == "*" or any(_item_fits(target, item) for item in wanted.split(","))


def _item_fits(target: str, item: str) -> bool:
    low, colon, high = item.partition(":")
    if not colon:
        return target == item
    return (not low or _lineage(low) <= _lineage(target)) and (
        not high or _lineage(target) <= _lineage(high)
    )
