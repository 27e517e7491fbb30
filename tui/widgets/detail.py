"""What is known about one build, in words."""

from core.model.plan import Disposition
from core.model.views import BuildDetails, BuildView
from tui import text
from tui.state.badges import NO_BADGES, Badges
from tui.text import MARKS, Line, Part

NARROW = 48
"""Cells below which a long value has no room beside its name."""


def build_title(build: BuildView) -> str:
    """`hdf5@1.14.6 +cxx~mpi %gcc@12.2.0`."""
    compiler = f"%{build.compiler}" if build.compiler else ""
    words = (f"{build.name}@{build.version}", text.variants(build.variants), compiler)
    return " ".join(word for word in words if word)


def status_line(build: BuildView, badges: Badges) -> Line:
    """The mark, its word, and the reason or what it means."""
    mark = MARKS[build.disposition]
    mirrors = badges.all_named(build.mirrors)
    short = {
        Disposition.CACHED: f"runs here, from {mirrors}",
        Disposition.INSTALLED: f"in this store; {mirrors} offers it"
        if mirrors
        else "in this store",
    }
    explained = build.reason or short.get(build.disposition, mark.meaning)
    return (
        Part(f"{mark.sign} {mark.word}", build.disposition.value),
        Part(f": {explained}"),
    )


def needs_line(details: BuildDetails, width: int) -> Line:
    """`needs 8 packages: ■ 3 installed  ● 5 cached`; without the words if they do not fit."""
    total = sum(number for _, number in details.needs)
    if not total:
        return (Part("needs no other package", "quiet"),)
    head = Part(f"needs {text.counted(total, 'package')}:")
    marks = [(MARKS[kind], kind.value, number) for kind, number in details.needs if number]
    in_words = (head, *(Part(f"  {m.sign} {number} {m.word}", role) for m, role, number in marks))
    if text.width_of(text.plain(in_words)) <= width:
        return in_words
    return (head, *(Part(f"  {mark.sign} {number}", role) for mark, role, number in marks))


def summary(
    build: BuildView,
    details: BuildDetails | None,
    width: int,
    height: int,
    badges: Badges = NO_BADGES,
) -> list[Line]:
    """The pane below the builds; the state of the build is always there.

    It stands at the bottom: what follows the title is in the same lines for most builds.
    """
    status = _wrapped_status(build, width, badges)
    is_known = details is not None and details.build.hash == build.hash
    needs = needs_line(details, width) if is_known and details else (Part("needs", "quiet"),)
    rest: list[Line] = [needs, (Part(f"/{build.hash[:7]} {build.os}-{build.target}", "quiet"),)]
    room = max(height - len(status) - len(rest), 1)
    title = text.wrapped(build_title(build), width)
    if len(title) > room:
        title = [*title[: room - 1], text.cropped(" ".join(title[room - 1 :]), width)]
    gap: list[Line] = [()] * (room - len(title))
    return [*((Part(line, "strong"),) for line in title), *gap, *status, *rest]


def recipe_lines(name: str, width: int) -> list[Line]:
    """The pane below the builds, if there is none but a recipe."""
    mark = MARKS[Disposition.BUILD]
    said = f"{mark.sign} {mark.word}: no mirror has it, and Spack has a recipe for it. What it"
    lines = text.wrapped(
        f"{said} would be exactly, and what of it can be fetched, Spack says.", width
    )
    head = f"{mark.sign} {mark.word}"
    first: Line = (Part(head, Disposition.BUILD.value), Part(lines[0].removeprefix(head)))
    return [(Part(name, "strong"),), first, *((Part(line),) for line in lines[1:])]


def _wrapped_status(build: BuildView, width: int, badges: Badges) -> list[Line]:
    parts = status_line(build, badges)
    first, *more = text.wrapped(text.plain(parts), width)
    head = parts[0].text
    role = "warning" if badges.worst(build.mirrors) else ""
    lines: list[Line] = [(parts[0], Part(first[len(head) :], role))]
    return [*lines, *((Part(line, role),) for line in more)]


def full(details: BuildDetails, width: int, badges: Badges = NO_BADGES) -> list[Line]:
    """Everything, for the details screen."""
    build = details.build
    lines: list[Line] = [
        (Part(line, "strong"),) for line in text.wrapped(build_title(build), width)
    ]
    lines += [(), *_wrapped_status(build, width, badges), needs_line(details, width), ()]
    facts = (
        ("hash", build.hash),
        ("target", build.target),
        ("system", build.os),
        ("compiler", build.compiler or "not recorded"),
        ("mirrors", badges.all_named(build.mirrors) or "none offers it"),
        ("flags", " ".join(f"{name}={value}" for name, value in details.flags) or "none"),
        (
            "installed in" if build.disposition is Disposition.INSTALLED else "would go to",
            details.prefix,
        ),
    )
    for name, value in facts:
        lines += _fact(name, value, width)
    lines += [(), (Part("Variants", "strong"),)]
    for name, value in build.variants:
        lines += _fact(name, {"+": "+ on", "~": "~ off"}.get(value, value), width)
    lines += [(), (Part("Direct dependencies", "strong"),)]
    for hash_, label, deptypes in details.dependencies:
        lines.append((Part(f"  {label} "), Part(f"/{hash_[:7]}  {deptypes}", "quiet")))
    if not details.dependencies:
        lines.append((Part("  none", "quiet"),))
    return lines


def _fact(name: str, value: str, width: int) -> list[Line]:
    """A name and its value; where it would be broken in a narrow pane, the value stands below."""
    label = Part(f"  {text.fitted(name, 14)}  ", "quiet")
    if width < NARROW and text.width_of(value) > width - 18:
        below = text.wrapped(value, width - 4)
        return [(label,), *((Part(" " * 4), Part(line)) for line in below)]
    first, *more = text.wrapped(value, width - 18)
    return [(label, Part(first)), *((Part(" " * 18), Part(line)) for line in more)]
