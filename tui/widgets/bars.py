"""The two lines at the top, and the line below them that says what needs attention."""

import time

from core.model.host import Host
from core.model.views import MirrorStatus
from tui import text
from tui.state.browse import BrowseState
from tui.text import Line, Part, plain, width_of
from tui.widgets.lines import spread
from tui.widgets.paper import Paper

MORE = 12
"""Cells for saying how many mirrors are not shown."""


class HostBar(Paper):
    """What this machine is, and where things are installed."""

    DEFAULT_CSS = "HostBar { height: 1; }"

    def update(self, state: BrowseState) -> None:
        """Show the facts."""
        self.write(lambda width: [spread(_host(state.host), _store(state.store), width)])


def _host(host: Host | None) -> Line:
    if host is None:
        return (Part(" spackbin", "strong"), Part("  looking at this machine", "quiet"))
    libc = f"{host.libc.name} {host.libc.version}" if host.libc else "unknown libc"
    words = " · ".join((host.target, host.os or host.platform, libc))
    return (Part(" spackbin", "strong"), Part(f"  {words}"))


def _store(store: str) -> Line:
    return (Part("store ", "quiet"), Part(f"{store} ")) if store else ()


class MirrorBar(Paper):
    """The mirrors, how they stand, and what is going on."""

    DEFAULT_CSS = "MirrorBar { height: 1; }"

    def update(self, mirrors: tuple[MirrorStatus, ...], activity: Line) -> None:
        """Show the facts; `activity` stands at the right end."""
        now = time.time()
        self.write(
            lambda width: [
                spread(_mirrors(mirrors, now, width - width_of(plain(activity))), activity, width)
            ]
        )


def _mirrors(mirrors: tuple[MirrorStatus, ...], now: float, width: int) -> Line:
    """As many mirrors as fit, then how many more there are."""
    parts: list[Part] = []
    used = 0
    for at, mirror in enumerate(mirrors):
        summary = mirror_summary(mirror, now)
        used += width_of(plain(summary)) + 4
        is_last = at == len(mirrors) - 1
        if at and used > width - (0 if is_last else MORE):
            parts.append(Part(f"    +{len(mirrors) - at} more", "quiet"))
            break
        parts += [Part(" " if at == 0 else "    "), *summary]
    return tuple(parts)


def mirror_summary(mirror: MirrorStatus, now: float) -> Line:
    """`harbor ✓ signed · 2 h ago`."""
    name = Part(f"{mirror.name} ", "strong")
    if not mirror.is_usable:
        return (name, Part("✗ cannot be used", "bad"))
    warns = (Part(f"⚠ {mirror.badge} ", "warning"),) if mirror.badge else ()
    if mirror.error and not mirror.is_partial:
        return (name, *warns, Part("✗ not refreshed", "bad"))
    if mirror.refreshed is None or mirror.is_partial:
        so_far = text.read_so_far(mirror.read, mirror.expected) if mirror.is_partial else ""
        return (name, *warns, Part(f"… {so_far or 'not read yet'}", "warning"))
    age = Part(f" · {text.ago(now - mirror.refreshed)}", "quiet")
    if mirror.signed and not mirror.trusted_keys:
        badge = f"{mirror.badge}, " if mirror.badge else ""
        return (name, Part(f"⚠ {badge}no trusted key", "warning"), age)
    if mirror.badge:
        return (name, Part(f"⚠ {mirror.badge}", "warning"), age)
    return (name, Part("✓ signed", "good"), age)


class Notice(Paper):
    """A rule, or in its place the one thing that needs attention."""

    DEFAULT_CSS = "Notice { height: 1; }"

    def say(self, message: str) -> None:
        """Show `message`; the empty one brings back the rule."""
        self.write(lambda width: [_rule(message, width)])


def _rule(message: str, width: int) -> Line:
    if not message:
        return (Part("─" * width, "quiet"),)
    shown = text.cropped(f" {message} ", max(width - 3, 0))
    rest = width - 2 - width_of(shown)
    return (Part("──", "warning"), Part(shown, "notice"), Part("─" * rest, "warning"))
