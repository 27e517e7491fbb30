"""The command table against the screens that it feeds."""

from collections import Counter

import pytest
from rich.cells import cell_len

from tui.commands import (
    DIALOGS,
    FOOTER_KEYS,
    LISTS,
    SCREENS,
    TABLE,
    commands_of,
    footer_of,
    markdown_table,
)
from tui.screens.base import CommandScreen
from tui.screens.browse import BrowseScreen
from tui.screens.buildlog import BuildLogScreen
from tui.screens.concretizing import ConcretizingScreen
from tui.screens.dependents import DependentsScreen
from tui.screens.details import DetailsScreen
from tui.screens.environment import EnvironmentScreen
from tui.screens.help import HelpScreen
from tui.screens.history import HistoryScreen
from tui.screens.keys import KeysScreen
from tui.screens.matrix import MatrixScreen
from tui.screens.mirrors import MirrorsScreen
from tui.screens.operation import OperationScreen
from tui.screens.preview import PreviewScreen
from tui.screens.run import RunScreen
from tui.screens.tree import TreeScreen
from tui.screens.undo import UndoScreen
from tui.screens.uninstall import UninstallScreen
from tui.screens.variants import VariantsScreen
from tui.screens.why import WhyScreen
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import LineList

CLASSES: dict[str, type[CommandScreen]] = {
    screen.table_name: screen
    for screen in (
        BrowseScreen,
        TreeScreen,
        PreviewScreen,
        RunScreen,
        KeysScreen,
        MirrorsScreen,
        HistoryScreen,
        OperationScreen,
        UninstallScreen,
        UndoScreen,
        EnvironmentScreen,
        WhyScreen,
        MatrixScreen,
        VariantsScreen,
        DependentsScreen,
        DetailsScreen,
        BuildLogScreen,
        ConcretizingScreen,
        HelpScreen,
    )
}


def test_every_screen_of_the_table_exists() -> None:
    assert set(CLASSES) == set(SCREENS)


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_does_all_its_commands(name: str) -> None:
    for command in commands_of(name):
        assert hasattr(CLASSES[name], f"do_{command.id}"), command.id


def test_a_list_does_all_its_commands() -> None:
    for command in TABLE:
        if LISTS in command.screens:
            assert hasattr(LineList, f"do_{command.id}")


@pytest.mark.parametrize("name", [*SCREENS, LISTS, DIALOGS])
def test_no_key_means_two_things_on_one_screen(name: str) -> None:
    bindings = bindings_of(name)
    keys = Counter(key for binding in bindings for key in binding.key.split(","))
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("name", SCREENS)
def test_no_key_of_a_screen_is_taken_by_its_lists(name: str) -> None:
    own = {key for command in commands_of(name) for key in command.keys}
    lists = {key for one in TABLE if LISTS in one.screens for key in one.keys}
    assert own.isdisjoint(lists)


def test_every_binding_can_be_remapped() -> None:
    ids = [binding.id for name in (*SCREENS, LISTS, DIALOGS) for binding in bindings_of(name)]
    assert all(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", SCREENS)
def test_a_footer_fits_80_columns(name: str) -> None:
    shown = [f" {one.shown.split()[0]} {one.label} " for one in TABLE if name in one.footer]
    assert 1 <= len(shown) <= FOOTER_KEYS
    assert sum(cell_len(text) for text in shown) <= 80
    assert len(footer_of(name)) == len(shown)


def test_help_texts_are_sentences_without_a_full_stop() -> None:
    for command in TABLE:
        assert command.help[0].isupper()
        assert not command.help.endswith((".", "!"))


def test_the_readme_table_has_every_command() -> None:
    table = markdown_table()
    assert all(f"| {command.help} |" in table for command in TABLE)
