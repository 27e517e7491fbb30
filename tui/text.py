"""The only door from foreign text to the screen, and how values are put in words.

Text of mirrors, packages, keys and logs passes `clean` before it reaches a terminal. Nothing here
interprets markup, and nothing here knows Textual: the command line uses the same functions.
"""

import re
import time
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from core.model.plan import Disposition

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""Stands for a character that may not reach a terminal."""
DULL = ("build_system", "commit", "dev_path", "patches")
"""Variants that tell nobody which build to choose."""
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
"""Ends a text that was cut off."""

_UNSAFE_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zl", "Zp"))
_BLANKS = "\t\n\v\f\r"
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_TAB = 8


class Part(NamedTuple):
    """A piece of a line, in one style."""

    text: str
    """What it says; may be foreign, it is cleaned when it is painted."""
    role: str = ""
    """Name of its style, see `tui.theme`; empty for plain text."""


Line = tuple[Part, ...]
"""One line of the screen."""


class Mark(NamedTuple):
    """How a state is shown: the sign never stands without a word or a legend."""

    sign: str
    """One cell; `to_ascii` gives its ASCII form."""
    word: str
    """One or two words."""
    meaning: str
    """A sentence without a final full stop."""


MARKS: dict[Disposition, Mark] = {
    Disposition.INSTALLED: Mark("■", "installed", "in this store, registered"),
    Disposition.CACHED: Mark("●", "cached", "a binary that runs here, from a trusted mirror"),
    Disposition.BLOCKED: Mark("◐", "blocked", "a binary exists and cannot be used"),
    Disposition.BUILD: Mark("○", "to build", "no binary fits, it must be built from source"),
    Disposition.EXTERNAL: Mark("◇", "external", "provided by the system"),
    Disposition.OTHER_HOST: Mark("·", "other host", "a binary for another machine"),
}
"""The mark of each disposition."""

_ASCII = str.maketrans(
    {
        **dict(zip("■●◐○◇·✓✗⚠▪▸▾↑↓↻…—", "IB!Sx-*X!=>v^vo~-", strict=True)),
        **dict.fromkeys("─━═╌╴╶╸╺▁▔▂", "-"),
        **dict.fromkeys("│┃║▏▎▕▊▌▐", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝", "+"),
        **dict.fromkeys("█▇▆▅▄▃▉▓", "#"),
        **dict.fromkeys("░▒", "."),
    }
)


@lru_cache(maxsize=8192)
def clean(text: str) -> str:
    """`text` as it may reach a terminal: one line, visible characters only.

    Line breaks and tabs become blanks. Control characters (and with them escape sequences),
    direction overrides, invisible and combining characters become U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_safe, unicodedata.normalize("NFC", text)))


def of_log(line: bytes) -> str:
    """A line of the output of a program: what would be left of it on a terminal, cleaned.

    Colours are taken out, of what was written over in place the last remains.
    """
    text = _SEQUENCE.sub("", line.decode("utf-8", "replace")).rstrip("\r\n")
    return clean(text.rpartition("\r")[2].expandtabs(_TAB))


@lru_cache(maxsize=4096)
def _safe(character: str) -> str:
    if character in _BLANKS:
        return " "
    return REPLACEMENT if unicodedata.category(character) in _UNSAFE_CATEGORIES else character


@lru_cache(maxsize=8192)
def to_ascii(text: str) -> str:
    """`text` with ASCII characters only, as many cells wide as before."""
    if text.isascii():
        return text
    return "".join(_ascii(character) for character in text.translate(_ASCII))


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    width = _cells(character)
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain if len(plain) == width and plain.isprintable() else "?" * width


def _cells(text: str) -> int:
    """Terminal cells that a cleaned text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # Slow to load, and most commands do without.

    return cell_len(text)


def _sized(text: str, width: int) -> str:
    """A cleaned text cut off or filled up to so many cells."""
    if text.isascii():
        return text[: max(width, 0)].ljust(width)
    from rich.cells import set_cell_size

    return set_cell_size(text, width)


def width_of(text: str) -> int:
    """Terminal cells that the cleaned text takes."""
    return _cells(clean(text))


def cropped(text: str, width: int) -> str:
    """The cleaned text in at most `width` cells; a cut is shown by an ellipsis."""
    text = clean(text)
    if _cells(text) <= width:
        return text
    return _sized(text, width - 1) + ELLIPSIS if width > 0 else ""


def end_of(text: str, width: int) -> str:
    """The text without its beginning if it is too long, as paths are best cut; made harmless."""
    shown = clean(text)
    if width_of(shown) <= width:
        return shown
    while shown and width_of(shown) >= width:
        shown = shown[1:]
    return f"{ELLIPSIS}{shown}" if width > 0 else ""


def fitted(text: str, width: int) -> str:
    """The cleaned text in exactly `width` cells."""
    return _sized(cropped(text, width), width)


def aligned_right(text: str, width: int) -> str:
    """The cleaned text at the right end of exactly `width` cells."""
    text = cropped(text, width)
    return " " * (width - _cells(text)) + text


def wrapped(text: str, width: int) -> list[str]:
    """The cleaned text in lines of at most `width` cells, broken at blanks where possible."""
    width = max(width, 1)
    lines = [""]
    for word in clean(text).split():
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if _cells(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        *full, rest = _chopped(word, width)
        lines[-1:] = [*full, rest]
    return lines


def _chopped(word: str, width: int) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and _cells(pieces[-1] + character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def plain(line: Iterable[Part]) -> str:
    """The cleaned text of a line, without styles."""
    return "".join(clean(part.text) for part in line)


def count(number: int) -> str:
    """`1,204`."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """`1 package`, `1,204 packages`."""
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def read_so_far(read: int, expected: int) -> str:
    """`12,345 of about 200,000 read`."""
    return f"{count(read)} of about {count(max(read, expected))} read"


def short_count(number: float) -> str:
    """`980`, `12 k`, `16.3 M`."""
    if number >= 999_950:
        return f"{number / 1e6:,.1f} M"
    return f"{number / 1e3:.0f} k" if number >= 9_999.5 else count(int(number))


def size(number: float | None) -> str:
    """Bytes in decimal units: `512 B`, `14.2 MB`; `? B` if nobody knows."""
    if number is None:
        return "? B"
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= factor * 0.9995:
            return f"{number / factor:.1f} {unit}"
    return f"{number:.0f} B"


def size_in_all(known: float, *, is_whole: bool) -> str:
    """Bytes of several things, of which some may have a size that nobody knows."""
    if is_whole:
        return size(known)
    return f"more than {size(known)}" if known else "of unknown size"


def percent(done: float, total: float) -> str:
    """`41 %`; never 100 % before all is done."""
    if total <= 0:
        return "0 %"
    return "100 %" if done >= total else f"{min(int(100 * done / total), 99)} %"


def clock(seconds: float) -> str:
    """`0:06`, `1:02:03`."""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(seconds: float) -> str:
    """`0.1 s`, `2:05`."""
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def time_of_day(when: float) -> str:
    """`10:42:07`, in the zone of this machine."""
    return time.strftime("%H:%M:%S", time.localtime(when))


def date(when: float) -> str:
    """`2022-05-25`, in UTC; a time that no calendar has is said to be unknown."""
    try:
        return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d")
    except (OverflowError, ValueError, OSError):
        return "unknown date"


def ago(seconds: float) -> str:
    """`just now`, `5 min ago`, `2 h ago`, `3 d ago`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"


def fingerprint(digits: str) -> str:
    """All digits in groups of four, a wider gap in the middle."""
    groups = [digits[at : at + 4] for at in range(0, len(digits), 4)]
    half = len(groups) // 2
    return " ".join(groups[:half]) + "   " + " ".join(groups[half:])


def short_fingerprint(digits: str) -> str:
    """`2C8D…DA2F`: to recognise a key that was shown in full before, never to trust one."""
    return f"{digits[:4]}{ELLIPSIS}{digits[-4:]}"


def variants(pairs: Iterable[tuple[str, str]]) -> str:
    """`+cxx~mpi api=default` from pairs; switches first, without dull ones."""
    given = [pair for pair in pairs if pair[0] not in DULL]
    switches = "".join(f"{value}{name}" for name, value in given if value in ("+", "~"))
    values = [f"{name}={value}" for name, value in given if value not in ("+", "~")]
    return " ".join([switches, *values] if switches else values)


def listed(words: Sequence[str], most: int = 3) -> str:
    """`a, b, c and 4 more`."""
    if len(words) <= most:
        return ", ".join(words)
    return ", ".join(words[:most]) + f" and {len(words) - most} more"
