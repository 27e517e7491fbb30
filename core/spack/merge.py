"""How Spack lays the configuration of one scope over that of the lower ones.

Source: Spack 1.x `schema/__init__.py`. A key with a second colon replaces what is below it; with
`+` or `-` before its colon the value is put before or after what is below it.
"""

from typing import cast


def merged(lower: object, higher: object, marker: str = "") -> object:
    """`higher` laid over `lower`; `marker` is `+`, `-` or empty. Neither is changed."""
    if isinstance(lower, list) and isinstance(higher, list):
        return _lists(cast("list[object]", lower), cast("list[object]", higher), marker)
    if isinstance(higher, dict):
        # Without anything below, too: no key of the result has a marker, at any depth.
        below = cast("dict[object, object]", lower) if isinstance(lower, dict) else {}
        return _objects(below, cast("dict[object, object]", higher))
    if isinstance(lower, str) and isinstance(higher, str) and marker:
        return higher + lower if marker == "+" else lower + higher
    return higher


def split_key(key: object) -> tuple[object, str]:
    """A key without its marker, and the marker: `:`, `+`, `-` or empty."""
    if isinstance(key, str) and len(key) > 1 and key[-1] in ":+-":
        return key[:-1], key[-1]
    return key, ""


def _lists(lower: list[object], higher: list[object], marker: str) -> list[object]:
    rest = [item for item in lower if item not in higher]
    return [*rest, *higher] if marker == "-" else [*higher, *rest]


def _objects(lower: dict[object, object], higher: dict[object, object]) -> dict[object, object]:
    result: dict[object, object] = {}
    for marked, value in higher.items():
        key, marker = split_key(marked)
        is_joined = key in lower and marker != ":"
        result[key] = merged(lower[key] if is_joined else None, value, marker)
    # Those of the higher scope come first, and with them its mirrors.
    return {**result, **{key: value for key, value in lower.items() if key not in result}}
