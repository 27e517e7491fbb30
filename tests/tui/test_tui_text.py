import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from core.model.plan import Disposition
from tui import text
from tui.text import MARKS, Part, clean, cropped, fitted, to_ascii, wrapped

RULES = "─━│┌┐└┘├┤┬┴┼╭╮╰╯█░▁▂▃▄▅▆▇▎▊"
EVIL = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b31m",
    "a\u202eb",
    "a\u2066b\u2069",
    "zero\u200bwidth",
    "\ufeffmark",
    "z\u0336\u0337\u0338a",
    "\udc80",
    "\u2028line",
    "\x00\x07\x08\x7f",
]


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_that_could_steer_a_terminal_passes(evil: str) -> None:
    shown = clean(evil)
    bad = {"Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp"}
    assert not bad & {unicodedata.category(character) for character in shown}
    assert text.REPLACEMENT in shown


def test_markup_is_no_more_than_text() -> None:
    for innocent in ("[/foo]", "%[virtuals=mpi]", "[bold]x[/]", "$primary"):
        assert clean(innocent) == innocent


def test_breaks_become_blanks() -> None:
    assert clean("a\r\nb\tc") == "a  b c"


@given(st.text())
def test_cleaning_twice_changes_nothing(given_text: str) -> None:
    assert clean(clean(given_text)) == clean(given_text)


@given(st.text(), st.integers(0, 40))
def test_fitted_text_has_exactly_the_width(given_text: str, width: int) -> None:
    assert cell_len(fitted(given_text, width)) == width
    assert cell_len(cropped(given_text, width)) <= width


@given(st.text(), st.integers(2, 40))
def test_wrapped_text_loses_nothing_but_blanks(given_text: str, width: int) -> None:
    lines = wrapped(given_text, width)
    assert lines
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(clean(given_text).split()).replace(" ", "")


@given(st.text())
def test_ascii_mode_keeps_the_width(given_text: str) -> None:
    shown = to_ascii(clean(given_text))
    assert shown.isascii()
    assert len(shown) == cell_len(clean(given_text))


def test_ascii_marks_are_those_of_the_table() -> None:
    found = {kind.value: to_ascii(mark.sign) for kind, mark in MARKS.items()}
    assert found == {
        "installed": "I",
        "cached": "B",
        "blocked": "!",
        "to build": "S",
        "external": "x",
        "other host": "-",
    }
    assert set(MARKS) == set(Disposition)


def test_rules_have_an_ascii_form() -> None:
    assert "?" not in to_ascii(RULES)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (text.count(1204), "1,204"),
        (text.counted(1, "package"), "1 package"),
        (text.counted(1204, "package"), "1,204 packages"),
        (text.size(0), "0 B"),
        (text.size(999), "999 B"),
        (text.size(14_200_000), "14.2 MB"),
        (text.size(999_999_999), "1.0 GB"),
        (text.size(None), "? B"),
        (text.size_in_all(14_200_000, is_whole=True), "14.2 MB"),
        (text.size_in_all(14_200_000, is_whole=False), "more than 14.2 MB"),
        (text.size_in_all(0, is_whole=False), "of unknown size"),
        (text.percent(41, 100), "41 %"),
        (text.percent(999, 1000), "99 %"),
        (text.percent(1000, 1000), "100 %"),
        (text.percent(1, 0), "0 %"),
        (text.clock(6), "0:06"),
        (text.clock(3723), "1:02:03"),
        (text.clock(-5), "0:00"),
        (text.duration(0.12), "0.1 s"),
        (text.duration(125), "2:05"),
        (text.ago(5), "just now"),
        (text.ago(7300), "2 h ago"),
        (text.ago(-9), "just now"),
        (text.date(1_653_480_000), "2022-05-25"),
        (text.date(1e300), "unknown date"),
        (text.variants([("api", "v18"), ("cxx", "+"), ("mpi", "~")]), "+cxx~mpi api=v18"),
        (text.listed(["a", "b", "c", "d", "e"]), "a, b, c and 2 more"),
        (text.short_fingerprint("2C8D" + "0" * 32 + "DA2F"), "2C8D…DA2F"),
        (text.aligned_right("ab", 4), "  ab"),
        (text.plain((Part("a\x1b"), Part("b"))), f"a{text.REPLACEMENT}b"),
    ],
)
def test_values_in_words(shown: str, expected: str) -> None:
    assert shown == expected


@pytest.mark.parametrize("length", [40, 64])
def test_a_fingerprint_shows_all_digits_in_groups_of_four(length: int) -> None:
    digits = "0123456789ABCDEF" * 4
    shown = text.fingerprint(digits[:length])
    assert shown.replace(" ", "") == digits[:length]
    assert {len(group) for group in shown.split()} == {4}
    assert shown.count("   ") == 1


@pytest.mark.parametrize("words", ["", "abc", "/a/long/path", "漢字漢字漢字", "\x1b[2Jx\n"])
@pytest.mark.parametrize("width", [0, 1, 2, 7, 80])
def test_a_beginning_is_cut_to_the_width(words: str, width: int) -> None:
    shown = text.end_of(words, width)
    assert text.width_of(shown) <= width
    assert width < 80 or shown == text.clean(words)
    assert text.end_of("/a/long/path", 7) == "…g/path"
