"""Keys and the question of trust."""

import pytest

from core.errors import MirrorError
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession
from tests.tui.tui_values import KEY, WEAK_KEY, key, mirror
from tui.text import fingerprint


@pytest.fixture
def untrusting(session: FakeSession) -> FakeSession:
    session.all_mirrors = [mirror(trusted_keys=0)]
    return session


async def test_the_dialog_shows_all_that_there_is_to_compare(untrusting: FakeSession) -> None:
    async with opened(untrusting) as driver:
        await driver.sees("none is trusted for harbor")
        await driver.press("K")
        await driver.sees("not trusted", fingerprint(KEY))
        await driver.press("t")
        await driver.sees(
            'Trust a key for mirror "harbor"?',
            "Harbor Release <release@harbor.example>",
            "2C8D D322 4EF3 573A 42BD   221F A8E0 CA3C 1C2A DA2F",
            "RSA 4096 · created 2022-05-25 · does not expire",
            "It will be trusted for this mirror only.",
            "[ Do not trust ]   y  Trust for this mirror",
        )


@pytest.mark.parametrize("decline", ["enter", "escape", "q"])
async def test_every_other_key_does_not_trust(untrusting: FakeSession, decline: str) -> None:
    async with opened(untrusting) as driver:
        await driver.sees("none is trusted for harbor")
        await driver.press("K")
        await driver.sees("not trusted")
        await driver.press("t")
        await driver.sees("Trust a key")
        await driver.press("t", "space", "x")
        await driver.sees("Trust a key")
        await driver.press(decline)
        await driver.misses("Trust a key")
        assert not untrusting.all_keys["harbor"][0].trusted


async def test_t_trusts_for_this_mirror_and_the_notice_goes(untrusting: FakeSession) -> None:
    async with opened(untrusting) as driver:
        await driver.sees("none is trusted for harbor")
        await driver.press("K")
        await driver.sees("not trusted")
        await driver.press("enter")
        await driver.sees("Trust a key")
        await driver.press("y")
        await driver.sees("✓ harbor", "Trusted for harbor")
        await driver.press("t")
        await driver.sees("This key is trusted for this mirror already")
        await driver.press("escape")
        await driver.sees("harbor ✓ signed")
        await driver.misses("none is trusted")


async def test_distrusting_asks_first(untrusting: FakeSession) -> None:
    untrusting.all_keys["harbor"] = [key(trusted=True)]
    async with opened(untrusting) as driver:
        await driver.sees("none is trusted for harbor")
        await driver.press("K")
        await driver.sees("✓ harbor")
        await driver.press("x")
        await driver.sees("Stop trusting a key", "[ Keep trusting ]")
        await driver.press("enter", "x", "y")
        await driver.sees("No longer trusted for harbor")
        await driver.press("x")
        await driver.sees("This key is not trusted")


async def test_a_key_with_a_problem_cannot_be_trusted(untrusting: FakeSession) -> None:
    untrusting.all_keys["harbor"] = [
        key(fingerprint=WEAK_KEY, problem="expired on 2020-01-01", expires=1_577_836_800.0)
    ]
    async with opened(untrusting) as driver:
        await driver.sees("none is trusted for harbor")
        await driver.press("K")
        await driver.sees("unusable", "expires 2020-01-01", "it is expired on 2020-01-01")
        await driver.press("t")
        await driver.sees("This key cannot be trusted", "It is expired on 2020-01-01.")
        assert "Trust a key" not in driver.text()


async def test_a_mirror_that_does_not_answer_is_said(untrusting: FakeSession) -> None:
    untrusting.failures["keys"] = MirrorError("The mirror does not answer", "https://x")
    async with opened(untrusting) as driver:
        await driver.sees("none is trusted for harbor")
        await driver.press("K")
        await driver.sees("harbor: The mirror does not answer.", "These mirrors offer no keys")
        await driver.press("t")
        await driver.sees("There is no key under the cursor")


async def test_a_user_id_of_ten_thousand_letters_does_not_hide_the_rest(
    untrusting: FakeSession,
) -> None:
    untrusting.all_keys["harbor"] = [key(user_id="[/x]\x1b[2J" + "A" * 10_000)]
    async with opened(untrusting) as driver:
        await driver.sees("none is trusted for harbor")
        await driver.press("K")
        await driver.sees("not trusted")
        await driver.press("t")
        await driver.sees("[/x]", fingerprint(KEY), "[ Do not trust ]")
