"""What archspec knows about microarchitectures, typed."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Protocol, cast

import archspec.cpu  # pyright: ignore[reportMissingTypeStubs]


class _Microarchitecture(Protocol):
    """The part of archspec's class that is used here; archspec has no type hints."""

    name: str
    ancestors: Sequence["_Microarchitecture"]
    family: "_Microarchitecture"
    features: set[str]


_KNOWN = cast("Mapping[str, _Microarchitecture]", archspec.cpu.TARGETS)


def detect_targets() -> tuple[str, ...]:
    """This machine's microarchitecture and its ancestors, nearest first.

    Raises:
        Exception: archspec does not understand what the system says about the processor.
    """
    own = cast("_Microarchitecture", archspec.cpu.host())  # pyright: ignore[reportUnknownMemberType]
    return runnable_on(own.name)


@cache
def runnable_on(target: str) -> tuple[str, ...]:
    """The microarchitectures whose programs run on `target`: itself, then its ancestors.

    Nearest first: each stands before its own ancestors, otherwise in archspec's order.
    """
    if target not in _KNOWN:
        return (target,)
    remaining = {
        item.name: {ancestor.name for ancestor in item.ancestors}
        for item in (_KNOWN[target], *_KNOWN[target].ancestors)
    }
    ordered: list[str] = []
    while remaining:
        further = set[str]().union(*remaining.values())
        nearest = next(name for name in remaining if name not in further)
        del remaining[nearest]
        ordered.append(nearest)
    return tuple(ordered)


@cache
def family_of(target: str) -> str | None:
    """The processor family, e.g. `x86_64`; `None` for an unknown target."""
    known = _KNOWN.get(target)
    return known.family.name if known else None


@cache
def features_missing(target: str, host_target: str) -> tuple[str, ...]:
    """CPU features that programs for `target` may use and that `host_target` lacks, sorted."""
    wanted, present = _KNOWN.get(target), _KNOWN.get(host_target)
    if wanted is None or present is None:
        return ()
    return tuple(sorted(wanted.features - present.features))
