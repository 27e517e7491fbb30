"""The memory of indices: rollback is refused, standing still is pointed out."""

import json
import time
from pathlib import Path

import pytest

from core.errors import Refused, StoreError
from core.model.ident import MirrorName, Sha256
from core.model.mirror import Mirror
from core.trust.freshness import KEPT, FreshnessStore

SITE = Mirror(MirrorName("site"), "https://site.example/cache")
OTHER = Mirror(MirrorName("other"), "https://other.example/cache")
DAY = 86_400.0
A, B, C = (Sha256(letter * 64) for letter in "abc")


@pytest.fixture
def memory(tmp_path: Path) -> FreshnessStore:
    return FreshnessStore(tmp_path / "state" / "indices.json")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that it is, which the test may change."""
    now = [1_790_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def test_what_is_new_or_the_same_is_good(memory: FreshnessStore) -> None:
    for index in (A, A, B, B, C):
        memory.check(SITE, index)
        memory.note(SITE, index)


def test_an_index_that_was_replaced_is_refused(memory: FreshnessStore, clock: list[float]) -> None:
    memory.note(SITE, A)
    clock[0] += 3 * DAY
    memory.note(SITE, B)
    clock[0] += 2 * DAY
    memory.note(SITE, C)
    with pytest.raises(Refused) as caught:
        memory.check(SITE, A)
    assert caught.value.title == (
        "Mirror site has gone back to an older index: that of 2026-09-21, which another one"
        " replaced on 2026-09-24"
    )
    assert "the newest one known is of 2026-09-26" in caught.value.detail
    assert caught.value.hint.endswith("spackbin mirror refresh site --accept-older")
    memory.check(OTHER, A)


def test_an_older_one_that_was_accepted_is_the_newest(memory: FreshnessStore) -> None:
    for index in (A, B, C, A):
        memory.note(SITE, index)
    memory.check(SITE, A)
    memory.check(SITE, B)
    memory.note(SITE, B)
    with pytest.raises(Refused):
        memory.check(SITE, A)


def test_another_url_under_the_same_name_has_no_past(memory: FreshnessStore) -> None:
    memory.note(SITE, A)
    memory.note(SITE, B)
    memory.check(Mirror(SITE.name, "https://elsewhere.example"), A)


def test_a_mirror_can_be_forgotten(memory: FreshnessStore) -> None:
    memory.forget(SITE.name)
    for mirror in (SITE, OTHER):
        memory.note(mirror, A)
        memory.note(mirror, B)
    memory.forget(SITE.name)
    memory.check(SITE, A)
    with pytest.raises(Refused):
        memory.check(OTHER, A)


def test_the_memory_does_not_grow_for_ever(memory: FreshnessStore, tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        memory.note(SITE, Sha256(f"{number:064x}"))
    document = json.loads((tmp_path / "state" / "indices.json").read_text())
    assert len(document["mirrors"][0]["seen"]) == KEPT


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}'])
def test_a_damaged_memory_is_never_taken_for_an_empty_one(
    text: str, memory: FreshnessStore, tmp_path: Path
) -> None:
    path = tmp_path / "state" / "indices.json"
    path.parent.mkdir()
    path.write_text(text)
    for attempt in (
        lambda: memory.check(SITE, A),
        lambda: memory.note(SITE, A),
        lambda: memory.forget(SITE.name),
        lambda: memory.lateness(SITE),
    ):
        with pytest.raises(StoreError, match="What is known of the age of indices cannot be read"):
            attempt()
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("between", "still", "words"),
    [
        (2 * DAY, 5 * DAY, ""),
        (2 * DAY, 10 * DAY, ""),
        (2 * DAY, 11 * DAY, "has not changed for 11 days, and used to change every 2 days"),
        (DAY, 6 * DAY, "has not changed for 6 days, and used to change every day"),
        (3600, 20 * 3600, ""),
        (3600, 30 * 3600, "has not changed for 1 day, and used to change several times a day"),
    ],
)
def test_an_index_that_stands_still_is_pointed_out(
    between: float, still: float, words: str, memory: FreshnessStore, clock: list[float]
) -> None:
    for number in range(4):
        clock[0] += between
        memory.note(SITE, Sha256(str(number) * 64))
    clock[0] += still
    assert memory.lateness(SITE) == ""
    # Only who looks can know that nothing has changed.
    memory.note(SITE, Sha256("3" * 64))
    said = memory.lateness(SITE)
    assert words in said
    assert bool(said) == bool(words)


def test_few_changes_are_no_habit(memory: FreshnessStore, clock: list[float]) -> None:
    assert memory.lateness(SITE) == ""
    for index in (A, B, C):
        clock[0] += DAY
        memory.note(SITE, index)
    clock[0] += 400 * DAY
    memory.note(SITE, C)
    assert memory.lateness(SITE) == ""
