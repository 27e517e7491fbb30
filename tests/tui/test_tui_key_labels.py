"""Whatever keys are chosen: no screen, hint or dialog names another one than that which works."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import MirrorError
from core.settings import Settings
from tests.tui.tui_builds import forecast_of, plan_to_build
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeRun, FakeSession
from tests.tui.tui_judging import refused
from tests.tui.tui_past import undo_plan, uninstall_plan
from tests.tui.tui_values import (
    RUN_NODES,
    blocked_plan,
    install_events,
    key,
    mirror,
    ready_plan,
    started_event,
)
from tui.commands import DIALOGS, LISTS, SCREENS, choose_keys, default_commands_of, key_of
from tui.widgets.keymap import keymap

ROOT = Path(__file__).parents[2]
LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюяαβγδεζηθικλμνξπρστυφχψω"
"""Keys that no table has, and no text of ours."""
ALONE = r"(?<![\w\[/'\".<%│-])"
"""Before it; a letter beside a border is the rest of a word that is covered."""
NAMED = r"(?:Esc|Enter|Tab|Space|Shift-Tab|Ctrl-[a-z]|PgDn|PgUp)(?!\w)"
LONE = r"[b-zB-HJ-Z?/](?=$|[ :,.])|a (?=adds|shows)"
OLD = re.compile(rf"{ALONE}(?<!\d )(?:{NAMED}|{LONE})", re.MULTILINE)
"""A key of the table, as sentences name it; letters behind numbers are units."""


def chosen_anew() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Another key for every command of every place; those of lists are nobody else's."""
    own = {place: default_commands_of(place) for place in (*SCREENS, DIALOGS)}
    lists = default_commands_of(LISTS)
    wishes = [(f"{LISTS}.{one.id}", letter) for one, letter in zip(lists, LETTERS, strict=False)]
    rest = LETTERS[len(lists) :]
    for place, commands in own.items():
        assert len(commands) <= len(rest)
        wishes += [
            (f"{place}.{one.id}", letter) for one, letter in zip(commands, rest, strict=False)
        ]
    return tuple((name, (letter,)) for name, letter in wishes)


NO_KEYS = ("Space  Tick", "spackbin key list x")
"""A key that cannot be changed, and a mirror that is called so."""


@dataclass
class Scene:
    """A way to a text that names a key."""

    text: str
    """Something of its line, without the key."""
    way: tuple[str, ...]
    """Commands, by place and name."""
    prepare: Callable[[FakeSession], object] = lambda _: None
    """Makes the session say so."""
    size: tuple[int, int] = (80, 24)
    """Of the terminal."""


def has(**values: object) -> Callable[[FakeSession], None]:
    """A session with these attributes."""

    def prepare(session: FakeSession) -> None:
        for name, value in values.items():
            setattr(session, name, value)

    return prepare


def fails(*calls: str) -> Callable[[FakeSession], None]:
    failure = MirrorError("The mirror is gone", "harbor", "Try again later")
    return has(failures=dict.fromkeys(calls, failure))


def building(session: FakeSession) -> None:
    session.made_plan = plan_to_build()
    session.judge.made_forecast = forecast_of(plan_to_build())


def noted(session: FakeSession) -> None:
    plan = ready_plan()
    notes = tuple(f"Note {number} about it" for number in range(9))
    session.made_plan = type(plan)(plan.store, plan.graph, plan.nodes, notes=notes)


def running(session: FakeSession) -> None:
    session.run = FakeRun([started_event(), *install_events(RUN_NODES[0], 1.0)])


def dead(session: FakeSession) -> None:
    running(session)
    session.run.die()


def with_another_key(session: FakeSession) -> None:
    session.all_mirrors = [mirror(trusted_keys=0)]
    session.before["harbor"] = (key(), key(fingerprint="1234567890" * 4))
    session.all_keys["harbor"] = [key(fingerprint="ABCDEF1234" * 4)]


UNTRUSTED = has(all_mirrors=[mirror(trusted_keys=0)])
NOTHING = has(all_mirrors=[])
TO_BUILDS = ("browse.right", "lists.move_down")
PREVIEW = (*TO_BUILDS, "browse.install")

SCENES = {
    "welcome": Scene("shows the mirrors, where", (), NOTHING),
    "no mirror": Scene("There is no mirror yet", ("browse.keys",), NOTHING),
    "untrusted": Scene("shows the keys: none is trusted", (), UNTRUSTED),
    "unread": Scene("reads what was not read", (), has(all_mirrors=[mirror(refreshed=None)])),
    "other host": Scene(
        "does not run on this machine",
        ("browse.all_targets", "browse.right", "lists.move_bottom", "browse.mark"),
    ),
    "recipe": Scene("let Spack find", ("browse.recipes", "lists.move_top")),
    "running": Scene("installing 1 of 3", (), running),
    "no refresh": Scene("says why: ", ("browse.refresh",), fails("refresh")),
    "more columns": Scene("+2:", ("browse.all_targets",), size=(64, 24)),
    "help": Scene("Show the dependency tree", ("browse.help",)),
    "commands": Scene("Show what an install", ("browse.palette",)),
    "kinds": Scene(" Close ]", ("browse.kinds",)),
    "blocked": Scene("shows the keys on offer", PREVIEW, has(made_plan=blocked_plan())),
    "not ready": Scene("no trusted key:", (*PREVIEW, "preview.go"), has(made_plan=blocked_plan())),
    "to build": Scene("lets Spack do it", PREVIEW, building),
    "not agreed": Scene("agrees to that", (*PREVIEW, "preview.go"), building),
    "notes": Scene("shows all of 9 notes", PREVIEW, noted),
    "no plan": Scene("The plan could not be made", (*PREVIEW, "dialogs.decline"), fails("plan")),
    "why": Scene(
        "Look at the keys of mirror",
        ("browse.why",),
        lambda one: setattr(one.judge, "answer", refused()),
    ),
    "uninstall": Scene(
        "removes what needs it, too",
        ("browse.right", "browse.uninstall"),
        has(uninstall=uninstall_plan),
    ),
    "unused": Scene(
        "removes them, too",
        ("browse.right", "browse.uninstall", "uninstall.dependents"),
        has(uninstall=uninstall_plan),
    ),
    "undo": Scene("  Remove", ("browse.undo",), has(undo=undo_plan())),
    "new key": Scene("compares them", ("browse.keys",), with_another_key),
    "mirrors": Scene("No mirrors yet", ("browse.mirrors",), NOTHING),
    "the end of the engine": Scene("says more", ("browse.log",), dead),
    "cancel": Scene("  Cancel the install", ("browse.log", "run.cancel"), running),
}


async def press(driver: Driver, name: str) -> None:
    """The key that a command has now."""
    place, _, command = name.partition(".")
    names = {"Enter": "enter", "Esc": "escape", "Space": "space"}
    shown = key_of(place, command)
    await driver.press(names.get(shown, shown))


async def played(scene: Scene, wishes: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    """What is on the screen at the end of a scene."""
    session = FakeSession()
    scene.prepare(session)
    was = session.settings
    session.settings = Settings(
        was.store, was.config_dir, was.cache_dir, was.state_dir, keys=wishes
    )
    async with opened(session, size=scene.size) as driver:
        known = "No mirrors yet" if not session.all_mirrors else "hdf5: "
        await driver.sees(known)
        for name in scene.way:
            await driver.pilot.pause(0.15)
            await press(driver, name)
        await driver.sees(scene.text)
        return driver.text()


@pytest.fixture(autouse=True)
def _table() -> Iterator[None]:
    yield
    choose_keys({})


def test_every_command_can_have_another_key_at_once() -> None:
    chosen, problems = keymap(chosen_anew())
    assert problems == []
    assert len(chosen) == len(chosen_anew())


@pytest.mark.parametrize("name", SCENES)
async def test_no_screen_names_a_key_of_the_table(name: str) -> None:
    scene = SCENES[name]
    before = await played(scene, ())
    (line, *_) = (line for line in before.split("\n") if scene.text in line)
    assert OLD.search(line), "the scene names no key"
    text = await played(scene, chosen_anew())
    for other in NO_KEYS:
        text = text.replace(other, "")
    assert [found[0] for found in OLD.finditer(text)] == [], text


FIXED = {
    "tui/screens/add_mirror.py",
    "tui/screens/kinds.py",
    "tui/screens/open_environment.py",
    "tui/screens/save_plan.py",
    "tui/screens/typed.py",
}
"""Dialogs in which one types, or ticks: their keys stay."""
MENTION = re.compile(rf"{ALONE}(?:{NAMED}|[b-zB-HJ-Z?/](?= [a-z]+s\b|:? |, then)|a (?=adds|shows))")


def _texts() -> Iterator[tuple[str, str]]:
    """What the screens could say, by file."""
    for room in ("screens", "state", "widgets", "jobs"):
        for path in sorted((ROOT / "tui" / room).glob("*.py")):
            tree = ast.parse(path.read_text())
            said = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
            for one in ast.walk(tree):
                is_text = isinstance(one, ast.Constant) and isinstance(one.value, str)
                if is_text and id(one) not in said:
                    yield str(path.relative_to(ROOT)), one.value


def test_no_sentence_of_ours_has_a_key_in_it() -> None:
    known = {"Space", "PgDn", "PgUp", "? "}
    assert MENTION.search("nobody yet: b lets Spack do it")
    found = [
        (path, text)
        for path, text in _texts()
        if path not in FIXED and text not in known and MENTION.search(text)
    ]
    assert found == []
