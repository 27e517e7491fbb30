"""From the words of one node of a query to its pattern."""

from collections.abc import Callable
from typing import NoReturn

from msgspec.structs import replace

from core.errors import WrongUse
from core.model.spec import FLAG_NAMES
from core.model.version import parse_version_set
from core.query.pattern import NodePattern, VariantPattern
from core.query.targets import check_targets
from core.query.tokens import Token

_ARCH_KEYS = {
    "arch": "arch",
    "architecture": "arch",
    "platform": "platform",
    "os": "os",
    "operating_system": "os",
    "target": "target",
}
_NOT_EVERYWHERE = {
    *_ARCH_KEYS,
    "namespace",
    "branch",
    "commit",
    "dev_path",
    "patches",
    "ref",
    "tag",
}


class NodeBuilder:
    """Collects what is asked of one node."""

    def __init__(self, refuse_at: Callable[[str, Token | None], NoReturn]):
        self._refuse = refuse_at
        self._pattern = NodePattern()
        self._is_fresh = True
        self._has_version = False

    def accepts(self, token: Token) -> bool:
        """True if the token belongs to this node, not to what follows."""
        if token.kind in ("edge", "end"):
            return False
        if token.kind in ("name", "file"):
            return self._is_fresh
        return token.kind != "hash" or not self._pattern.hash_prefix

    def add(self, token: Token) -> None:
        """Take a token in."""
        self._is_fresh = False
        match token.kind:
            case "name":
                self._add_name(token)
            case "version":
                self._add_version(token)
            case "hash":
                self._pattern = replace(self._pattern, hash_prefix=token.text)
            case "switch":
                self._add_switch(token)
            case "pair":
                self._add_pair(token)
            case _:
                self._refuse("A file cannot be searched for", token)

    def finished(self) -> NodePattern:
        """The node."""
        return self._pattern

    def _add_name(self, token: Token) -> None:
        if token.text != "*":
            namespace, _, name = token.text.rpartition(".")
            self._pattern = replace(self._pattern, name=name, namespace=namespace)

    def _add_version(self, token: Token) -> None:
        if self._has_version:
            self._refuse("A spec has one version only", token)
        self._has_version = True
        try:
            versions = parse_version_set(token.text)
        except WrongUse as error:
            self._refuse(error.title, token)
        self._pattern = replace(self._pattern, versions=versions, versions_text=token.text)

    def _add_switch(self, token: Token) -> None:
        if token.text in _ARCH_KEYS or token.text in FLAG_NAMES or token.text == "namespace":
            self._refuse(f"{token.text} needs a value", token)
        value = token.value == "+"
        self._add_variant(VariantPattern(token.text, (value,), True, token.everywhere), token)

    def _add_pair(self, token: Token) -> None:
        if token.everywhere and token.text in _NOT_EVERYWHERE:
            self._refuse(f"== cannot be used with {token.text}", token)
        if token.text in _ARCH_KEYS:
            self._add_arch(_ARCH_KEYS[token.text], token)
        elif token.text == "namespace":
            self._pattern = replace(self._pattern, namespace=token.value)
        elif token.text in FLAG_NAMES:
            flags = (token.text, frozenset(_flags(token.value)))
            self._pattern = replace(self._pattern, flags=(*self._pattern.flags, flags))
        else:
            self._add_variant(_variant(token), token)

    def _add_variant(self, variant: VariantPattern, token: Token) -> None:
        if any(variant.name == other.name for other in self._pattern.variants):
            self._refuse(f"The variant {variant.name} is given twice", token)
        self._pattern = replace(self._pattern, variants=(*self._pattern.variants, variant))

    def _add_arch(self, key: str, token: Token) -> None:
        parts = token.value.split("-")
        if key == "arch":
            keys = ("platform", "os", "target") if len(parts) == 3 else ("target",)
            values = parts if len(parts) == 3 else [token.value]
        else:
            keys, values = (key,), [token.value]
        for name, value in zip(keys, values, strict=True):
            if value == "None":
                continue
            if getattr(self._pattern, name):
                self._refuse(f"The {name} is given twice", token)
            if name == "target":
                self._check_target(value, token)
            self._pattern = replace(self._pattern, **{name: value})

    def _check_target(self, value: str, token: Token) -> None:
        try:
            check_targets(value)
        except WrongUse as error:
            self._refuse(error.title, token)


def _flags(text: str) -> list[str]:
    """Compiler flags, each with its values: what does not begin with `-` belongs to the last."""
    found: list[str] = []
    for word in text.split():
        if found and not word.startswith("-"):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _variant(token: Token) -> VariantPattern:
    value = token.value
    if value.upper() in {"TRUE", "FALSE"}:
        return VariantPattern(token.text, (value.upper() == "TRUE",), True, token.everywhere)
    values = () if value == "*" else tuple(value.split(","))
    return VariantPattern(token.text, values, token.exactly and bool(values), token.everywhere)
