"""Strict reading of foreign YAML: texts, lists and mappings of those, and nothing else.

A loader follows nesting with recursion, so that a few thousand brackets kill the process, and it
guesses types, so that a hash becomes a number. Here every scalar is the text that was written.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import msgspec

if TYPE_CHECKING:
    import yaml

from core.errors import WrongUse

PlainNode = str | list["PlainNode"] | dict[str, "PlainNode"]
"""What a document is made of."""

_WORD = r"[\w/][\w/.+@=~-]*+"
_SCALAR = rf"{_WORD}(?: {_WORD})*+"
"""A text that YAML takes for itself, and for nothing else, wherever it stands."""
_FLOW = re.compile(rf"\{{(?:[][{{}}]|,(?: |\n +)|: |{_SCALAR})*+\n?+")
"""Such texts, and what stands between them in YAML's flow style: with quotes it would be JSON.
It never tries another way (the second `+`), so that what does not match is known at once."""


def plain_mapping(data: bytes, deepest: int) -> dict[str, PlainNode]:
    """The first document in `data`.

    Args:
        data: what was read.
        deepest: how many collections may stand within each other, below the outermost mapping.

    Raises:
        WrongUse: it is no YAML, no mapping, nested deeper, or has an alias or a key twice.
    """
    simple = _simple_mapping(data) if deepest == 1 else None
    if simple is not None:
        return simple
    import yaml  # Takes long to load, and most that load this module read no other YAML.

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's, if there is one
    # Events, because they come one by one, however deep the nesting.
    events = cast(
        "Iterator[yaml.Event]",
        yaml.parse(data, Loader=loader),  # pyright: ignore[reportUnknownMemberType]
    )
    try:
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                node = _node(event, events, deepest)
                if isinstance(node, dict):
                    return node
                break
    except yaml.YAMLError as error:
        raise WrongUse(f"it is not YAML: {str(error)!a}") from error
    raise WrongUse("it is no mapping")


def _simple_mapping(data: bytes) -> dict[str, PlainNode] | None:
    """A mapping as Spack writes it for the files of a package; `None` if it is not so simple."""
    try:
        text = data.decode()
        if not _FLOW.fullmatch(text):
            return None
        document = re.sub(_SCALAR, r'"\g<0>"', text)
        found = msgspec.json.decode(document, type=dict[str, str | list[str] | dict[str, str]])
    except (UnicodeDecodeError, msgspec.DecodeError):
        return None
    keys = len(found) + sum(len(inner) for inner in found.values() if isinstance(inner, dict))
    # One that is there twice would be lost.
    return cast("dict[str, PlainNode]", found) if keys == text.count(":") else None


def _node(event: "yaml.Event", events: "Iterator[yaml.Event]", deeper: int) -> PlainNode:
    import yaml

    if isinstance(event, yaml.ScalarEvent):
        return str(event.value)
    if deeper < 0 or not isinstance(event, yaml.CollectionStartEvent):
        raise WrongUse("it is nested deeper than it may be, or holds an alias")
    items: list[PlainNode] = []
    for inner in events:
        if isinstance(inner, yaml.CollectionEndEvent):
            break
        items.append(_node(inner, events, deeper - 1))
    if isinstance(event, yaml.SequenceStartEvent):
        return items
    keys = [key for key in items[::2] if isinstance(key, str)]
    if len(keys) * 2 != len(items) or len(set(keys)) != len(keys):
        raise WrongUse("it has a key that is no text, or one twice")
    return dict(zip(keys, items[1::2], strict=True))
