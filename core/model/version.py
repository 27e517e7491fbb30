"""Spack's order of versions, and sets of versions as queries name them.

A version is cut into numbers and words; separators do not count. Words sort below numbers, and
the moving versions (`develop`, `main`, ...) above them. A pre-release (`1.2-rc1`) sorts below
the version that it leads to. (Spack 1.x `version/version_types.py`.)
"""

import re
from functools import lru_cache
from typing import NamedTuple

from core.errors import WrongUse
from core.model.value import Value

MOVING_VERSIONS = ("stable", "nightly", "trunk", "head", "master", "main", "develop")
"""Versions without a number, lowest first; each is above every numbered version."""

_WORD, _NUMBER, _MOVING = 0, 1, 2
_PRE_RELEASES = {"alpha": 0, "beta": 1, "rc": 2, "final": 3}
_FINAL = 3
_SEGMENT = re.compile(r"[0-9]+|[a-zA-Z]+")
_WRITTEN = re.compile(r"[A-Za-z0-9_.-]+")
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_LONGEST = 1000

Component = tuple[int, int | str]
"""(kind, value): a word, a number or a moving version, comparable with any other."""


class VersionKey(NamedTuple):
    """A version in a form that sorts as Spack sorts versions, lowest first."""

    release: tuple[Component, ...]
    """The components before any pre-release part."""
    prerelease: tuple[int, ...] = (_FINAL,)
    """Kind of pre-release, and its number if it has one."""
    ref: str = ""
    """The git reference; a version with one sorts just above the same version without."""


@lru_cache(maxsize=65536)
def version_key(text: str) -> VersionKey:
    """The sort key of a concrete version such as `1.14.6`, `develop` or `git.main=1.2`.

    Total: text that is no version gets some place in the order. A git reference that does not
    say which version it stands for sorts below everything.
    """
    ref = git_reference(text)
    if ref:
        _, equals, stands_for = text.partition("=")
        if not equals:
            return VersionKey((), (-1,), ref)
        return _plain_key(stands_for)._replace(ref=ref)
    return _plain_key(text)


def git_reference(text: str) -> str:
    """The git reference that a version names (`git.main=1.2`, a commit), or an empty text."""
    before = text.partition("=")[0]
    if before.startswith("git."):
        return before.removeprefix("git.")
    return before if _COMMIT.fullmatch(before) else ""


def _plain_key(text: str) -> VersionKey:
    segments = _SEGMENT.findall(text[:_LONGEST])
    prerelease = (_FINAL,)
    if len(segments) >= 3 and segments[-2] in _PRE_RELEASES and segments[-1].isdigit():
        prerelease = (_PRE_RELEASES[segments[-2]], int(segments[-1]))
        segments = segments[:-2]
    elif len(segments) >= 2 and segments[-1] in _PRE_RELEASES:
        prerelease = (_PRE_RELEASES[segments[-1]],)
        segments = segments[:-1]
    return VersionKey(tuple(_component(segment) for segment in segments), prerelease)


def _component(segment: str) -> Component:
    if segment.isdigit():
        return (_NUMBER, int(segment))
    if segment in MOVING_VERSIONS:
        return (_MOVING, MOVING_VERSIONS.index(segment))
    return (_WORD, segment)


_LOWEST = VersionKey((), (-2,))
_HIGHEST = VersionKey(((_MOVING, len(MOVING_VERSIONS)),))


class VersionRange(Value, frozen=True):
    """All versions from `low` on and below `below`."""

    low: VersionKey
    """The lowest version of the range."""
    below: VersionKey
    """The first version that is above the range."""


class VersionSet(Value, frozen=True):
    """A union of ranges and exact versions, as written behind the `@` of a spec."""

    ranges: tuple[VersionRange, ...]
    """Ranges; `1.14` alone is the range of everything that begins with 1.14."""
    exact: tuple[VersionKey, ...] = ()
    """Exact versions, written with `=`."""
    refs: tuple[str, ...] = ()
    """Git references whose version is not stated; they match by name."""

    def __contains__(self, version: object) -> bool:
        if not isinstance(version, str):
            return False
        key = version_key(version)
        if key in self.exact or (key.ref and key.ref in self.refs):
            return True
        # What a git reference stands for decides about ranges.
        plain = key._replace(ref="")
        return any(part.low <= plain < part.below for part in self.ranges)

    @property
    def is_any(self) -> bool:
        """True if every version is in the set."""
        return any(part.low == _LOWEST and part.below == _HIGHEST for part in self.ranges)


ANY_VERSION = VersionSet((VersionRange(_LOWEST, _HIGHEST),))
"""Every version."""


def parse_version_set(text: str) -> VersionSet:
    """The versions that `text` (what follows the `@` of a spec) stands for.

    `1.14` is 1.14 and everything below it (1.14.6), `1.2:1.4` everything from 1.2 to 1.4 and
    what is below 1.4 (1.4.9), `:2` and `3:` are open, `=1.2` is exactly 1.2, and commas make
    lists.

    Raises:
        WrongUse: the text is empty or has characters that no version has, or a range is empty.
    """
    ranges: list[VersionRange] = []
    exact: list[VersionKey] = []
    refs: list[str] = []
    for item in "".join(text.split()).split(","):
        if ref := git_reference(item):
            if "=" in item:
                stands_for = _written_key(item.partition("=")[2])
                exact.append(stands_for._replace(ref=ref))
            else:
                refs.append(ref)
        elif item.startswith("="):
            exact.append(_written_key(item[1:]))
        else:
            ranges.append(_range(item))
    return VersionSet(tuple(ranges), tuple(exact), tuple(refs))


def _range(text: str) -> VersionRange:
    low_text, colon, high_text = text.partition(":")
    if not colon:
        high_text = low_text
    low = _written_key(low_text) if low_text or not colon else _LOWEST
    below = _successor(_written_key(high_text)) if high_text or not colon else _HIGHEST
    if below <= low:
        raise WrongUse(f"The version range {text} is empty")
    return VersionRange(low, below)


def _written_key(text: str) -> VersionKey:
    if not _WRITTEN.fullmatch(text) or len(text) > _LONGEST:
        raise WrongUse(f"{text!a} is not a version" if text else "A version is missing")
    return _plain_key(text)


def _successor(key: VersionKey) -> VersionKey:
    """The first version above `key` and above everything that begins with it."""
    kind, *number = key.prerelease
    if kind != _FINAL:
        return key._replace(prerelease=(kind, number[0] + 1 if number else 0))
    if not key.release:
        return VersionKey(((_WORD, "A"),))
    *before, (last_kind, last) = key.release
    following = _next_word(last) if isinstance(last, str) else last + 1
    return VersionKey((*before, (last_kind, following)))


def _next_word(word: str) -> str:
    """The word of letters that follows, in an order where `Z` comes right before `a`."""
    while True:
        last = word[-1]
        if last == "z":
            word += "A"
        else:
            word = word[:-1] + ("a" if last == "Z" else chr(ord(last) + 1))
        if word not in MOVING_VERSIONS:
            return word
