"""Spack's order of versions, and sets of them."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import WrongUse
from core.model.version import ANY_VERSION, git_reference, parse_version_set, version_key

ASCENDING = [
    "git.main",  # says nothing about what it stands for
    "a",
    "b1",
    "rc",
    "z",
    "0",
    "1",
    "1.2-alpha",
    "1.2.alpha1",
    "1.2beta2",
    "1.2-rc",
    "1.2rc1",
    "1.2-rc2",
    "1.2",
    "git.fix=1.2",
    "git.more=1.2",
    "1.2Z",
    "1.2a",
    "1.2bz",
    "1.2.0",
    "1.2.3",
    "1.2.develop",
    "1.10",
    "2",
    "9.1.1",
    "2024.1",
    "20230101",
    "stable",
    "nightly",
    "trunk",
    "head",
    "master",
    "main",
    "develop",
    "develop.1",
]
"""As real Spack sorts them."""

VERSIONS = st.one_of(
    st.sampled_from(ASCENDING),
    st.from_regex(r"[0-9a-z]{1,4}([._-][0-9a-z]{1,4}){0,3}", fullmatch=True),
    st.text(max_size=20),
)


def test_the_order() -> None:
    shuffled = random.Random(1).sample(ASCENDING, len(ASCENDING))
    assert sorted(shuffled, key=version_key) == ASCENDING


@pytest.mark.parametrize(("one", "other"), [("1.2.3", "1-2_3"), ("1.02", "1.2"), ("1rc1", "1-rc1")])
def test_separators_and_zeros_do_not_count(one: str, other: str) -> None:
    assert version_key(one) == version_key(other)


@given(st.lists(VERSIONS, max_size=6))
def test_any_text_has_a_place(texts: list[str]) -> None:
    keys = sorted(map(version_key, texts))
    assert all(one <= other for one, other in itertools.pairwise(keys))


@given(VERSIONS)
def test_every_version_is_in_the_set_of_all(text: str) -> None:
    assert text in ANY_VERSION
    assert text in parse_version_set(":")
    assert parse_version_set(":").is_any
    assert 1 not in ANY_VERSION


NUMBERED = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(
    lambda parts: ".".join(map(str, parts))
)


@given(NUMBERED, NUMBERED)
def test_what_begins_with_a_version_is_in_its_set(version: str, more: str) -> None:
    assert version in parse_version_set(version)
    assert f"{version}.{more}" in parse_version_set(version)
    assert version in parse_version_set(f"={version}")
    assert f"{version}.{more}" not in parse_version_set(f"={version}")


@given(NUMBERED, NUMBERED, NUMBERED)
def test_ranges_have_what_lies_between(low: str, high: str, version: str) -> None:
    low, high = sorted((low, high), key=version_key)
    inside = parse_version_set(f"{low}:{high}")
    below_high = version_key(version) <= version_key(high) or f"{version}.".startswith(f"{high}.")
    assert (version in inside) is (version_key(low) <= version_key(version) and below_high)
    assert (version in inside) is (
        version in parse_version_set(f"{low}:") and version in parse_version_set(f":{high}")
    )


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("1.14", ["1.14", "1.14.6", "1.14-rc1.2"], ["1.1", "1.15", "1.14-rc1"]),
        ("1.2:1.4", ["1.2", "1.4.9", "1.3-rc1"], ["1.1.9", "1.2-rc1", "1.5"]),
        (":2", ["0", "2.9", "a"], ["3", "develop"]),
        ("3:", ["3", "4.1", "develop"], ["2.9", "3-beta"]),
        ("=1.2", ["1.2"], ["1.2.0", "git.x=1.2"]),
        ("1.2,=1.4,2:", ["1.2.9", "1.4", "3"], ["1.3", "1.4.1"]),
        (" 1.2 , 1.4 ", ["1.2", "1.4"], ["1.3"]),
        ("1.2-rc1", ["1.2-rc1"], ["1.2-rc", "1.2-rc2", "1.2"]),
        ("1.2-rc", ["1.2-rc"], ["1.2-rc1", "1.2-beta"]),
        ("1.2z", ["1.2z", "1.2z.1"], ["1.2zA", "1.2y"]),
        ("1.2Z", ["1.2Z"], ["1.2a"]),
        ("1.2b", ["1.2b", "1.2bz", "1.2b.5"], ["1.2c"]),
        ("maim", ["maim"], ["main", "maio"]),
        ("develop", ["develop", "develop.2"], ["main"]),
        (":main", ["main", "master", "9"], ["develop"]),
        ("git.main=1.2", ["git.main=1.2"], ["1.2", "git.main=1.3", "git.x=1.2"]),
        ("git.main", ["git.main=1.2", "git.main"], ["main", "git.next=1.2"]),
        ("1.2", ["git.main=1.2", f"{'a' * 40}=1.2.5"], ["git.main", "git.main=1.3"]),
        ("-", [], ["1"]),
    ],
)
def test_sets(text: str, inside: list[str], outside: list[str]) -> None:
    found = parse_version_set(text)
    assert [version for version in inside if version not in found] == []
    assert [version for version in outside if version in found] == []
    assert not found.is_any


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "1,",
        "=",
        "1:2:3",
        "2:1",
        "1.2 :1.1",
        "1/2",
        "é",
        "git.main=1:2",
        "git.x=",
        "1" * 2000,
    ],
)
def test_what_is_no_set_is_refused(text: str) -> None:
    with pytest.raises(WrongUse):
        parse_version_set(text)


def test_git_references() -> None:
    assert git_reference("git.a/b=1.2") == "a/b"
    assert git_reference("0123456789abcdef0123456789abcdef01234567=2") == (
        "0123456789abcdef0123456789abcdef01234567"
    )
    assert git_reference("0123456789") == ""
