"""What a plan would do, in the order of the questions that people ask; why it cannot be done."""

import shlex

from core.model.forecast import Forecast
from core.model.plan import Blocker, Disposition, Fit, Plan, PlanNode
from tui import text
from tui.commands import key_of
from tui.state.badges import Badges, named
from tui.state.forecast import alternative_words, time_words
from tui.state.notes import note_lines
from tui.state.preflight import fit_words, space_words
from tui.text import Line, Part, fitted

LABEL = 14
"""Cells for the words at the left."""


def why_not_ready(plan: Plan) -> str:
    """Why a plan cannot be carried out, as a sentence; empty if it can."""
    if _distrusted(plan):
        return (
            f"{_first(_distrusted(plan))} signed by no trusted key: {_key('keys')} shows the keys"
        )
    blocked = plan.having(Disposition.BLOCKED) + plan.having(Disposition.OTHER_HOST)
    if blocked:
        return f"{_first(blocked)} blocked: {_key('why')} says why"
    for obstacle in plan.preflight.obstacles:
        return obstacle.title
    to_build = plan.having(Disposition.BUILD)
    if to_build and not plan.from_source:
        agrees = f"{_key('build')} agrees to that, {_key('why')} says more"
        return f"{_first(to_build)} to be built from source: {agrees}"
    return "" if plan.has_work else "All of it is installed already"


def _key(command: str) -> str:
    return key_of("preview", command)


def _distrusted(plan: Plan) -> tuple[PlanNode, ...]:
    blocked = plan.having(Disposition.BLOCKED)
    return tuple(node for node in blocked if node.blocker is Blocker.TRUST)


def _first(nodes: tuple[PlanNode, ...]) -> str:
    label = nodes[0].spec.label
    return f"{label} is" if len(nodes) == 1 else f"{label} and {len(nodes) - 1} more are"


def word_to_go(plan: Plan) -> str:
    """What the answer does that is not the safe one."""
    number = len(plan.having(Disposition.BUILD))
    if not plan.from_source or not number:
        return "Install"
    return f"Install, {text.counted(number, 'package')} built by {plan.builder}"


def summary_lines(
    plan: Plan,
    room: str,
    width: int,
    badges: Badges,
    forecast: Forecast | None = None,
    asked: str = "",
) -> list[Line]:
    """The answers in the order in which people want them.

    Args:
        plan: what is planned.
        room: what is left where the store is.
        width: in cells.
        badges: of the mirrors.
        forecast: how long the builds take, once that is known.
        asked: the spec that Spack's solver was asked for; no mirror knows its hash.
    """
    labels = [plan.node(hash_).spec.label for hash_ in plan.roots]
    lines: list[Line] = [(Part(f" Install {text.listed(labels, 3)}", "strong"),), ()]
    lines.append(_count("To build", plan, Disposition.BUILD))
    lines += _source(plan, forecast, width)
    lines.append(_count("To fetch", plan, Disposition.CACHED, _bytes(plan)))
    lines.append(_count("Installed", plan, Disposition.INSTALLED, _externals(plan)))
    lines.append(_count("Blocked", plan, Disposition.BLOCKED))
    if _distrusted(plan):
        shows = f"{_key('keys')} shows the keys on offer"
        lines.append(_row("", f"No trusted key signed them: {shows}", "notice"))
    lines += _signers(plan, width)
    lines += _store(plan, room, badges)
    notes = note_lines(plan, width - LABEL - 4)
    lines += [_row("" if at else "Note", line, "warning") for at, line in enumerate(notes)]
    hashes = shlex.quote(asked) if asked else " ".join(f"/{hash_[:7]}" for hash_ in plan.roots)
    builder = f" --builder {plan.builder}" if plan.from_source else ""
    command = text.wrapped(f"spackbin install {hashes}{builder} --yes", width - LABEL - 4)
    lines += [_row("Same as" if at == 0 else "", line) for at, line in enumerate(command[:3])]
    return [*lines, ()]


def _source(plan: Plan, forecast: Forecast | None, width: int) -> list[Line]:
    """How long building takes, who does it, what would save it, and the keys for it."""
    if not plan.having(Disposition.BUILD):
        return []
    spack = f", with the Spack in {plan.spack}" if plan.spack else ""
    rows = [
        _row("From source", time_words(forecast) if forecast else "looking how long it takes"),
        _row("Built by", f"{plan.builder}{spack}", "to build")
        if plan.from_source
        else _row("Built by", f"nobody yet: {_key('build')} lets Spack do it", "notice"),
    ]
    for nearest in list(forecast.alternatives.values() if forecast else ())[:1]:
        words = f"{_key('cheaper')}: {alternative_words(nearest)}"
        lines = text.wrapped(words, width - LABEL - 4)[:2]
        rows += [_row("" if at else "Or instead", line) for at, line in enumerate(lines)]
    return rows


def _row(label: str, words: str, role: str = "") -> Line:
    return (Part("   " + fitted(label, LABEL), "quiet"), Part(words, role))


def _count(label: str, plan: Plan, kind: Disposition, extra: str = "") -> Line:
    nodes = plan.having(kind)
    if not extra and nodes and kind in (Disposition.BUILD, Disposition.BLOCKED):
        extra = text.listed([node.spec.label for node in nodes], 2)
    role = kind.value if nodes else "quiet"
    number = text.aligned_right(text.count(len(nodes)), 4)
    return (*_row(label, number, role), Part(f"   {extra}"))


def _bytes(plan: Plan) -> str:
    if not plan.has_work:
        return ""
    return text.size_in_all(plan.bytes_to_fetch, is_whole=plan.sizes_are_known)


def _externals(plan: Plan) -> str:
    number = len(plan.having(Disposition.EXTERNAL))
    return f"and {number} provided by the system" if number else ""


def _signers(plan: Plan, width: int) -> list[Line]:
    if not plan.has_work:
        return [_row("Signed by", "-", "quiet")]
    rows: list[Line] = []
    for key, name in plan.signers:
        mirrors = {n.source.mirror for n in plan.nodes if n.source and n.source.signer == key}
        trusted = f" {text.short_fingerprint(key)}  (trusted for {', '.join(sorted(mirrors))})"
        room = width - LABEL - 4 - text.width_of(trusted)
        rows.append(_row("" if rows else "Signed by", text.cropped(name, room) + trusted))
    unsigned = [node for node in plan.having(Disposition.CACHED) if not _is_signed(node)]
    if unsigned:
        words = f"nobody: {text.counted(len(unsigned), 'package')} from an unsigned mirror"
        rows.append(_row("" if rows else "Signed by", words, "warning"))
    return rows


def _is_signed(node: PlanNode) -> bool:
    return node.source is not None and bool(node.source.signer)


def _store(plan: Plan, room: str, badges: Badges) -> list[Line]:
    """The store, its space, and whatever may keep the packages from being moved to it."""
    space = space_words(plan.preflight)
    rows = [_row("Store", plan.store if space else f"{plan.store}   {room}")]
    quarantined = badges.quarantined(plan.store)
    if quarantined:
        name = named(quarantined.name, quarantined.badge)
        rows.append(_row("", f"This is the quarantine store of {name}", "warning"))
    if space:
        rows.append(_row("Space", space))
    if space and Fit.UNKNOWN in plan.preflight.fits.values():
        rows.append(_row("Fits", fit_words(plan), "notice"))
    for obstacle in plan.preflight.obstacles[:1]:
        rows.append(_row("", obstacle.title, "bad"))
        rows += [_row("", line) for line in (obstacle.detail, obstacle.hint) if line]
    return rows
