"""The page on security names tests that are there, and no line of bad input is without one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()

SIGNATURES_AND_KEYS = set(range(39, 59))
ARCHIVES = set(range(59, 76))


def numbers_in(*names: str) -> set[int]:
    """The lines of the table of bad input that test files name."""
    text = "".join((ROOT / "tests" / "e2e" / f"{name}.py").read_text() for name in names)
    return {int(found) for found in re.findall(r'(?:"|def test_|# )(\d\d)[ _:]', text)}


def test_the_tests_on_the_page_are_there() -> None:
    named = re.findall(r"`(tests/[\w/]+(?:\.py)?)`", PAGE)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_line_about_signatures_and_keys_has_a_test() -> None:
    assert numbers_in("test_bad_signatures", "test_bad_keys") >= SIGNATURES_AND_KEYS


def test_every_line_about_archives_has_a_test() -> None:
    assert numbers_in("test_evil_archives", "test_odd_archives") >= ARCHIVES
