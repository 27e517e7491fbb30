"""Changing one entry of a `mirrors.yaml` and leaving all else in it as somebody wrote it.

A YAML library that writes loses comments and order of layout; so lines are put in and cut out,
where the parser says that the entries stand. Whoever calls holds the result against what it should
mean, and writes the file anew if that differs.
"""

from typing import cast

import yaml

_Pairs = list[tuple[yaml.Node, yaml.Node]]


def appended(text: str, name: str, entry: object) -> str | None:
    """`text` with an entry at the end of `mirrors`; `None` if there is no block to append to."""
    block = _mirrors(text)
    lines = _lines(text)
    if not block:
        return None
    indent = block[0][0].start_mark.column
    added = yaml.safe_dump({name: entry}, sort_keys=False, allow_unicode=True)
    at = _end(block[-1][1], lines)
    new = [" " * indent + line for line in added.splitlines(keepends=True)]
    if at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += "\n"
    return "".join((*lines[:at], *new, *lines[at:]))


def without(text: str, name: str) -> str | None:
    """`text` without an entry; `None` if it is not in a block or the last one there."""
    block = _mirrors(text)
    if len(block) < 2:
        return None
    lines = _lines(text)
    for key, value in block:
        if key.value == name:
            return "".join((*lines[: key.start_mark.line], *lines[_end(value, lines) :]))
    return None


def _mirrors(text: str) -> _Pairs:
    """The entries, if they are written one below the other."""
    try:
        root = cast(
            "yaml.Node | None",
            yaml.compose(text, Loader=yaml.SafeLoader),  # pyright: ignore[reportUnknownMemberType]
        )
    except (yaml.YAMLError, RecursionError, ValueError):
        return []
    for key, value in _block(root):
        if key.value in ("mirrors", "mirrors:"):
            return _block(value)
    return []


def _block(node: yaml.Node | None) -> _Pairs:
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return []
    return cast("_Pairs", node.value)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _end(value: yaml.Node, lines: list[str]) -> int:
    """The first line after a value; comments and blank lines that follow it are not its own."""
    last = value.end_mark.line
    # A block ends where the next thing begins, which may be far below.
    if value.end_mark.column or last >= len(lines):
        last += 1
    end = min(last, len(lines))
    while end > value.start_mark.line + 1 and _is_idle(lines[end - 1]):
        end -= 1
    return end


def _is_idle(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")
