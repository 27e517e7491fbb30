"""Why something can be used here, or why not, as lines; and what can be done, as rows."""

from collections.abc import Iterator
from enum import Enum

from core.model.explanation import GOOD, Explanation, Nearest, Remedy, RemedyKind, StatementKind
from core.model.plan import Disposition
from core.model.views import BuildView
from tui import text
from tui.text import MARKS, Line, Part, fitted

ASPECT = 18
"""Cells for the word that says in what builds differ."""
HINT = 18
"""Cells at the end of a remedy for what Enter does, and around them."""
_USABLE = (Disposition.INSTALLED, Disposition.CACHED, Disposition.BLOCKED)


def where(build: BuildView) -> str:
    """`for x86_64_v3 on debian12, gcc@12.2.0`."""
    compiler = f", {build.compiler}" if build.compiler else ""
    return f"for {build.target} on {build.os}{compiler}"


def headline(found: Explanation) -> tuple[Line, Line]:
    """What was asked about, and how it stands."""
    build = found.build
    if build is None:
        return (Part(f" Why not {found.asked}?", "strong"),), (Part("no such build ", "blocked"),)
    mark = MARKS[build.disposition]
    title = (
        Part(f" Why? {build.name}@{build.version} /{build.hash[:7]} ", "strong"),
        Part(where(build), "quiet"),
    )
    return title, (Part(f"{mark.sign} {mark.word} ", build.disposition.value),)


def why_lines(found: Explanation, width: int) -> list[Line]:
    """The whole chain of reasons, the nearest other build, and the recorded machines."""
    lines = list(_statements(found, width))
    if found.nearest:
        lines += [(), *_nearest(found.nearest, width)]
    if found.fleet:
        lines += [(), (Part(" On the recorded machines", "strong"),)]
        for item in found.fleet:
            runs = item.verdict.runs
            said = "it runs" if runs else "; ".join(item.verdict.reasons)
            mark = Part("✓", "good") if runs else Part("✗", "bad")
            lines += _marked(mark, f"{item.name}: {said}.", width)
    return lines


def _statements(found: Explanation, width: int) -> Iterator[Line]:
    statements = list(found.statements)
    if found.nearest:
        # It is shown in full below: the last sentence about another build.
        about = [one for one in statements if one.kind is StatementKind.OTHER_BUILD]
        statements = (
            [one for one in statements if one is not about[-1:][0]] if about else statements
        )
    for statement in statements:
        mark = Part("✗", "bad")
        if statement.kind in GOOD:
            mark = Part("✓", "good")
        elif statement.kind is StatementKind.CONFIGURATION:
            mark = Part("⚠", "warning")
        yield from _marked(mark, f"{statement.sentence}.", width)


def _marked(mark: Part, sentence: str, width: int) -> Iterator[Line]:
    first, *more = text.wrapped(sentence, width - 4)
    yield (Part("  "), mark, Part(f" {first}"))
    yield from ((Part(f"    {line}"),) for line in more)


def _nearest(nearest: Nearest, width: int) -> Iterator[Line]:
    build = nearest.build
    which = "can be used here" if build.disposition in _USABLE else "is on offer"
    mark = MARKS[build.disposition]
    yield (Part(f" The nearest build that {which}", "strong"),)
    label = f"{build.name}@{build.version} /{build.hash[:7]} {where(build)}, {mark.word}"
    yield from _marked(Part(mark.sign, build.disposition.value), label, width)
    if nearest.differences:
        yield (Part("    wanted, against what it has", "quiet"),)
    for difference in nearest.differences:
        first, *more = text.wrapped(difference.sentence, width - ASPECT - 4)
        yield (Part(f"    {fitted(difference.aspect.value, ASPECT)}", "quiet"), Part(first))
        yield from ((Part(" " * (ASPECT + 4) + line),) for line in more)


class Step(Enum):
    """Where the key for opening leads from a remedy."""

    INSTALL = "install"
    DETAILS = "details"
    KEYS = "keys"
    COPY = "copy"
    NOTHING = ""


def step_of(remedy: Remedy) -> Step:
    """Where the key for opening leads from a remedy."""
    if remedy.hash:
        return Step.INSTALL if remedy.command else Step.DETAILS
    if remedy.kind is RemedyKind.TRUST:
        return Step.KEYS
    return Step.COPY if remedy.command else Step.NOTHING


def remedy_lines(remedy: Remedy, width: int) -> list[Line]:
    """A remedy in full: the sentence if it was cut, and the command."""
    lines: list[Line] = []
    if text.width_of(remedy.sentence) > width - HINT:
        lines += [(Part(f"  {line}"),) for line in text.wrapped(remedy.sentence, width - 2)]
    return lines + [(Part(f"  {line}", "key"),) for line in text.wrapped(remedy.command, width - 2)]
