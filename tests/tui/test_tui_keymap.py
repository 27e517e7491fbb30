"""Keys of the user's own: what can be done is done and shown, the rest is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import WrongUse
from core.settings import Settings, load_settings
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tui.commands import LISTS, choose_keys, commands_of, footer_of
from tui.widgets.keymap import PLACES, keymap


@pytest.fixture(autouse=True)
def _table() -> Iterator[None]:
    yield
    choose_keys({})


def keys_of(place: str, command: str) -> tuple[str, ...]:
    return next(one.keys for one in commands_of(place) if one.id == command)


def test_a_command_gets_its_keys_on_one_screen_or_on_all() -> None:
    chosen, problems = keymap([("browse.install", ("I",)), ("help", ("F1", "?"))])
    choose_keys(chosen)
    assert problems == []
    assert keys_of("browse", "install") == ("I",)
    assert keys_of("environment", "install") == ("i",)
    assert keys_of("browse", "help") == keys_of("tree", "help") == ("f1", "question_mark")
    shown = {one.id: one.shown for one in footer_of("browse")}
    assert (shown["install"], shown["help"]) == ("I", "F1 ?")


def test_two_commands_may_change_places() -> None:
    chosen, problems = keymap([("browse.why", ("t",)), ("browse.tree", ("w",))])
    choose_keys(chosen)
    assert problems == []
    assert (keys_of("browse", "why"), keys_of("browse", "tree")) == (("t",), ("w",))


@pytest.mark.parametrize(
    ("name", "key", "said"),
    [
        ("browse.mark", "j", "browse.mark cannot have the key j: it is that of lists.move_down"),
        ("browse.mark", "i", "browse.mark cannot have the key i: it is that of browse.install"),
        ("brows.mark", "i", "There is no command brows.mark"),
        ("mark", "hyper-x", "mark needs a key, and hyper-x is none"),
        ("mark", "", "mark needs a key"),
    ],
)
def test_what_cannot_be_is_said_and_the_command_keeps_its_keys(
    name: str, key: str, said: str
) -> None:
    chosen, problems = keymap([(name, (key,))])
    assert chosen == {}
    assert said in problems[0]


def test_of_two_wishes_for_one_key_one_is_granted() -> None:
    chosen, problems = keymap([("browse.mark", ("F5",)), ("browse.tree", ("f5",))])
    assert len(chosen) == len(problems) == 1


def test_lists_can_have_other_keys() -> None:
    chosen, problems = keymap([("move_down", ("Ctrl-n",)), ("lists.move_up", ("ctrl+b",))])
    choose_keys(chosen)
    assert problems == []
    assert keys_of(LISTS, "move_down") == ("ctrl+n",)
    assert next(one.shown for one in commands_of(LISTS) if one.id == "move_down") == "Ctrl-n"


def test_every_command_can_have_a_key_that_nobody_else_has() -> None:
    for place in PLACES:
        for command in commands_of(place):
            _, problems = keymap([(f"{place}.{command.id}", ("ctrl+f9",))])
            assert problems == []


def test_the_config_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        'slow = true\nmouse = false\n[keys]\ninstall = "I"\nbrowse.why = ["W", "f4"]\n'
    )
    found = load_settings(environ={"SPACKBIN_CONFIG_DIR": str(tmp_path)})
    assert found.keys == (("install", ("I",)), ("browse.why", ("W", "f4")))
    assert (found.slow, found.mouse) == (True, False)
    given = {"SPACKBIN_CONFIG_DIR": str(tmp_path), "SPACKBIN_SLOW": "no", "SPACKBIN_MOUSE": "1"}
    found = load_settings(environ=given)
    assert (found.slow, found.mouse) == (False, True)
    (tmp_path / "config.toml").write_text('keys = "x"\n')
    with pytest.raises(WrongUse, match="table"):
        load_settings(environ={"SPACKBIN_CONFIG_DIR": str(tmp_path)})


def wishing(session: FakeSession, *wishes: tuple[str, tuple[str, ...]]) -> FakeSession:
    was = session.settings
    session.settings = Settings(
        was.store, was.config_dir, was.cache_dir, was.state_dir, keys=wishes
    )
    return session


async def test_the_program_obeys_and_shows_the_keys(session: FakeSession) -> None:
    wishing(session, ("browse.install", ("I",)), ("move_down", ("ctrl+n",)))
    async with opened(session) as driver:
        await driver.sees("hdf5: 5 builds", "I install")
        await driver.press("ctrl+n")
        await driver.sees("hdf5-blosc: 1 build")
        await driver.press("j")
        assert driver.app.screen.packages.cursor == 1
        await driver.press("colon")
        await driver.sees(" I         install")
        await driver.press("escape", "question_mark")
        await driver.sees("  I           Show what an install")
        await driver.press("escape", "i")
        assert "[ Cancel ]" not in driver.text()
        await driver.press("I")
        await driver.sees("[ Cancel ]")


async def test_wishes_that_cannot_be_met_are_said_at_the_start(session: FakeSession) -> None:
    wishing(session, ("nonsense", ("x",)), ("browse.mark", ("j",)))
    async with opened(session) as driver:
        await driver.sees("There is no command nonsense", "keep their own keys")
        await driver.press("escape")
        await driver.sees("hdf5-blosc", "needs 8 packages")
        await driver.press("l", "j", "space")
        await driver.sees("1 marked")


async def test_esc_leaves_the_filter_where_a_letter_was_chosen_to_go_back(
    session: FakeSession, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text('[keys]\n"browse.back" = "x"\n')
    session.settings = load_settings({"config_dir": str(tmp_path)}, {})
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("slash")
        await driver.type("zx")
        await driver.sees("/ zx", "0 of 45", "x clears the filter")
        await driver.press("escape")
        await driver.sees("45 of 45")
        await driver.press("slash", "z", "enter", "x")
        await driver.sees("45 of 45")
