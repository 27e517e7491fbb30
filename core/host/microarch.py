"""What archspec knows about microarchitectures, typed."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Protocol, cast


class _Microarchitecture(Protocol):
    """The part of archspec's class that is used here; archspec has no type hints."""

    name: str
    ancestors: Sequence["_Microarchitecture"]
    family: "_Microarchitecture"
    features: set[str]


# Processors that archspec knew under other names before its version 0.2 (Spack 0.20).
_RENAMED = {"graviton": "cortex_a72", "graviton2": "neoverse_n1", "graviton3": "neoverse_v1"}


@cache
def _known() -> Mapping[str, _Microarchitecture]:
    # Slow to load; who only lists builds seldom needs it.
    import archspec.cpu  # pyright: ignore[reportMissingTypeStubs]

    return cast("Mapping[str, _Microarchitecture]", archspec.cpu.TARGETS)


def detect_targets() -> tuple[str, ...]:
    """This machine's microarchitecture and its ancestors, nearest first.

    Raises:
        Exception: archspec does not understand what the system says about the processor.
    """
    import archspec.cpu  # pyright: ignore[reportMissingTypeStubs]

    own = cast("_Microarchitecture", archspec.cpu.host())  # pyright: ignore[reportUnknownMemberType]
    return runnable_on(own.name)


def present_name(target: str) -> str:
    """The name that a microarchitecture has today: `graviton2` has become `neoverse_n1`."""
    return _RENAMED.get(target, target)


def known_targets() -> tuple[str, ...]:
    """Names of all microarchitectures."""
    return tuple(_known())


@cache
def runnable_on(target: str) -> tuple[str, ...]:
    """The microarchitectures whose programs run on `target`: itself, then its ancestors.

    Nearest first: each stands before its own ancestors, otherwise in archspec's order.
    """
    if target not in _known():
        return (target,)
    remaining = {
        item.name: {ancestor.name for ancestor in item.ancestors}
        for item in (_known()[target], *_known()[target].ancestors)
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
    known = _known().get(present_name(target))
    return known.family.name if known else None


@cache
def features_of(target: str) -> tuple[str, ...]:
    """CPU features that programs for `target` may use, sorted; none for an unknown target."""
    known = _known().get(present_name(target))
    return tuple(sorted(known.features)) if known else ()


@cache
def features_missing(target: str, host_target: str) -> tuple[str, ...]:
    """CPU features that programs for `target` may use and that `host_target` lacks, sorted."""
    if host_target not in _known():
        return ()
    present = features_of(host_target)
    return tuple(feature for feature in features_of(target) if feature not in present)
