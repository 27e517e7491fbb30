"""Keys in words: lines that nobody can push out of sight, and what a sentence says of a key."""

import pytest
from msgspec.structs import replace

from core.errors import MirrorError, Refused
from core.model.keycards import KeyCard, KeyReport, Opinion, SecondSource
from core.trust.signature import Flaw
from tests.tui.tui_values import KEY, WEAK_KEY, key
from tui.state.keys import KeysState, has_gone_back, unknown_key
from tui.text import fingerprint, plain, width_of
from tui.widgets.keycards import change_lines, fingerprint_lines, key_lines, source_lines


@pytest.mark.parametrize("width", [20, 40, 73])
@pytest.mark.parametrize("evil", ["x" * 5000, "a b " * 900, "\x1b[2J\n" * 90, "漢" * 300, ""])
def test_a_key_takes_few_lines_whatever_its_user_ids(evil: str, width: int) -> None:
    card = KeyCard(key(user_id=evil), (evil,) * 50, ())
    lines = [plain(line) for line in key_lines(card, width)]
    assert len(lines) <= 3 * 2 + 1 + 4 + 3
    assert all(width_of(line) <= width for line in lines)
    digits = "".join("".join(lines).split())
    assert KEY in digits


def test_fingerprints_are_broken_between_groups() -> None:
    assert fingerprint_lines(KEY, 60) == [fingerprint(KEY)]
    assert fingerprint_lines(KEY, 35) == ["2C8D D322 4EF3 573A 42BD", "221F A8E0 CA3C 1C2A DA2F"]


def test_each_second_source_has_mark_and_word() -> None:
    sources = (
        SecondSource("known to spackbin", Opinion.AGREES, "it is the key"),
        SecondSource("keys page", Opinion.DISAGREES, f"https://x.example/keys names {KEY} instead"),
        SecondSource("other mirrors", Opinion.NOT_CHECKED, "none"),
    )
    lines = [plain(line) for line in source_lines(sources, 73)]
    assert lines == [
        "  ✓ known to spackbin agrees       it is the key",
        "  ✗ keys page         DISAGREES",
        "      https://x.example/keys names 2C8D D322 4EF3 573A 42BD   221F A8E0".replace(
            "   2", " 2"
        ),
        "      CA3C 1C2A DA2F instead",
        "  · other mirrors     not checked  none",
    ]


def test_the_key_that_is_gone_stands_beside_the_new_one() -> None:
    new = key(fingerprint=WEAK_KEY)
    report = KeyReport(
        "harbor",  # type: ignore[arg-type]
        True,
        (KeyCard(key(), (), ()), KeyCard(new, (), (), is_new=True)),
        (key(), key(fingerprint="F" * 40, trusted=True)),
    )
    lines = [plain(line) for line in change_lines(report, 73, new)]
    assert lines[1].startswith("FFFF FFFF FFFF FFFF FFFF")
    assert "AAAA 1111 BBBB 2222 CCCC" in lines[1]
    assert not any("2C8D" in line for line in lines)
    whole = "\n".join(plain(line) for line in change_lines(report, 73))
    assert "still offered" in whole
    assert "as before, not trusted" in whole
    assert all(width_of(plain(line)) <= 73 for line in change_lines(report, 73))


@pytest.mark.parametrize("digits", [KEY, KEY[-16:]])
def test_the_words_of_the_verifier_are_understood(digits: str) -> None:
    said = "zlib@1.3 " + Flaw.UNKNOWN_KEY.value.format(key=digits, mirror="my.mirror")
    for sentence in (said, f"{said}.", f"{said}; mirror reef does not answer"):
        found = unknown_key(sentence)
        assert found is not None
        assert (found.key, found.mirror) == (digits, "my.mirror")
    assert unknown_key("zlib@1.3 " + Flaw.EXPIRED_KEY.value.format(key=digits)) is None


def test_other_refusals_are_no_older_index() -> None:
    assert not has_gone_back(Refused("The index has another checksum"))
    assert not has_gone_back(MirrorError("Mirror x has gone back to an older index"))


def test_facts_about_keys_are_folded() -> None:
    state = KeysState(("harbor", "reef"))  # type: ignore[arg-type]
    state.asked.update(("harbor", "reef"))
    state.take_keys("harbor", (key(),))  # type: ignore[arg-type]
    assert not state.is_complete
    assert "harbor, reef" in state.waits_for
    state.fail("reef", MirrorError("Away"))  # type: ignore[arg-type]
    assert state.is_complete
    assert state.failures == {"reef": "Away."}
    card = KeyCard(key(), (), (), is_new=True)
    before = (key(fingerprint=WEAK_KEY),)
    state.take_report(KeyReport("harbor", True, (card,), before))  # type: ignore[arg-type]
    assert state.waits_for == ""
    assert state.has_changed(card)
    assert "keys of harbor have changed" in state.notice
    state.take_keys("harbor", (key(), key(fingerprint=WEAK_KEY)))  # type: ignore[arg-type]
    assert state.rows == [card]
    state.take_trust("harbor", KEY, is_trusted=True)  # type: ignore[arg-type]
    assert state.rows == [replace(card, key=key(trusted=True))]
