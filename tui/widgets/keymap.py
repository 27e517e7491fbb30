"""The keys that the user wants for commands, held against the table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from textual.keys import Keys, _character_to_key

from tui.commands import DIALOGS, LISTS, SCREENS, TABLE, Chosen, default_commands_of

PLACES = (*SCREENS, LISTS, DIALOGS)
"""Where commands are offered: `place.command` names one."""
MODIFIERS = ("ctrl", "alt", "shift")
NAMED = {key.value for key in Keys} | {key for command in TABLE for key in command.keys}
"""Keys that have a name."""
SHORT = {"pagedown": "PgDn", "pageup": "PgUp"}
"""How people call keys that have long names."""
Wanted = Sequence[tuple[str, tuple[str, ...]]]
"""Command, as the user names it, and keys, as the user writes them."""


def keymap(wanted: Wanted) -> tuple[dict[str, Chosen], list[str]]:
    """What of the user's wishes can be done, by `place.command`, and sentences about the rest.

    A command whose wish cannot be met keeps the keys of the table.
    """
    chosen: dict[str, Chosen] = {}
    problems: list[str] = []
    for name, keys in wanted:
        ids = [one for one in _all_ids() if name in (one, one.partition(".")[2])]
        unknown = [key for key in keys if not _is_key(_normal(key))]
        if not ids:
            problems.append(f"There is no command {name}")
        elif unknown or not keys:
            problems.append(f"{name} needs a key, and {' '.join(unknown) or 'nothing'} is none")
        else:
            normal = tuple(map(_normal, keys))
            shown = " ".join(map(_shown, keys))
            chosen |= {one: Chosen(normal, shown) for one in ids}
    while clash := _clash(chosen):
        first, second, key = clash
        refused = second if second in chosen else first
        del chosen[refused]
        other = first if refused == second else second
        problems.append(f"{refused} cannot have the key {_shown(key)}: it is that of {other}")
    return chosen, problems


def textual_keymap(chosen: Mapping[str, Chosen]) -> dict[str, str]:
    """What was chosen, as Textual wants it."""
    return {name: ",".join(one.keys) for name, one in chosen.items()}


def _all_ids() -> Iterator[str]:
    for place in PLACES:
        for command in default_commands_of(place):
            yield f"{place}.{command.id}"


def _clash(chosen: dict[str, Chosen]) -> tuple[str, str, str] | None:
    """Two commands of one place that share a key; those that the user did not touch come first."""
    for place in PLACES:
        lists = _keys_of(LISTS, chosen) if place != LISTS else ()
        pairs = [*lists, *_keys_of(place, chosen)]
        pairs.sort(key=lambda pair: pair[1] in chosen)
        taken: dict[str, str] = {}
        for key, name in pairs:
            if taken.setdefault(key, name) != name:
                return taken[key], name, key
    return None


def _keys_of(place: str, chosen: dict[str, Chosen]) -> Iterable[tuple[str, str]]:
    for command in default_commands_of(place):
        name = f"{place}.{command.id}"
        for key in chosen[name].keys if name in chosen else command.keys:
            yield key, name


def _normal(key: str) -> str:
    """A key as Textual names it: `?`, `Ctrl-x` and `ctrl+x` are understood."""
    if len(key) == 1:
        return _character_to_key(key)
    *modifiers, last = key.replace("-", "+").split("+") if not key.endswith(("-", "+")) else [key]
    if not modifiers:
        return last.lower()
    modifiers = sorted(modifier.lower() for modifier in modifiers)
    last = _character_to_key(last) if len(last) == 1 else last.lower()
    return "+".join([*modifiers, last])


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+")
    is_named = last in NAMED or (len(key) > 0 and len(last) == 1)
    return (is_named or _is_character(last)) and all(one in MODIFIERS for one in modifiers)


def _is_character(name: str) -> bool:
    """True for the name of a sign, as Textual names those that are no letters."""
    return any(_character_to_key(chr(code)) == name for code in range(33, 127))


def _shown(key: str) -> str:
    """A key as people name it."""
    if len(key) == 1:
        return key
    *modifiers, last = _normal(key).split("+")
    sign = next((chr(code) for code in range(33, 127) if _character_to_key(chr(code)) == last), "")
    last = SHORT.get(last) or sign or last.capitalize()
    return "-".join([*(modifier.capitalize() for modifier in modifiers), last])
