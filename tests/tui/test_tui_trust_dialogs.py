"""The dialogs about trust: what they say, and that no careless key ever trusts."""

import unicodedata

import pytest

from core.events import NodeFailed
from core.model.keycards import Opinion, SecondSource
from core.model.plan import Blocker, Disposition
from core.trust.signature import Flaw
from tests.tui.tui_drive import Driver, opened
from tests.tui.tui_fakes import FakeRun, FakeSession
from tests.tui.tui_values import (
    KEY,
    NOW,
    RUN_NODES,
    WEAK_KEY,
    finished_event,
    key,
    mirror,
    node,
    plan_of,
    spec,
    started_event,
)
from tui.text import fingerprint

OTHER_KEY = "1234567890ABCDEF1234567890ABCDEF12345678"
AGREEING = (
    SecondSource("known to spackbin", Opinion.AGREES, "it is the key of the Spack project"),
    SecondSource("keys page", Opinion.NOT_CHECKED, "none is configured"),
    SecondSource("other mirrors", Opinion.AGREES, "trusted for reef"),
)
DISAGREEING = (
    SecondSource("known to spackbin", Opinion.NOT_CHECKED, "no key of this mirror is known"),
    SecondSource("keys page", Opinion.DISAGREES, f"https://x.example/keys names {KEY} instead"),
    SecondSource("other mirrors", Opinion.NOT_CHECKED, "it is trusted for no other mirror"),
)


@pytest.fixture
def untrusting(session: FakeSession) -> FakeSession:
    session.all_mirrors = [mirror(trusted_keys=0)]
    return session


async def see_keys(driver: Driver) -> None:
    await driver.sees("45 of 45")
    await driver.press("K")
    await driver.sees(" trusted ", "other mirrors")


# First use


async def test_each_key_of_a_new_mirror_is_chosen_singly(untrusting: FakeSession) -> None:
    untrusting.all_keys["harbor"] = [key(), key(fingerprint=OTHER_KEY, user_id="Deputy <d@x>")]
    untrusting.said[KEY] = AGREEING
    async with opened(untrusting) as driver:
        await see_keys(driver)
        await driver.sees("First use of harbor: 2 keys on offer, none is trusted until you say so")
        await driver.press("t")
        await driver.sees(
            "[ Do not trust ]   y  Trust for this mirror",
            fingerprint(KEY),
            "✓ known to spackbin agrees       it is the key of the Spack project",
            "· keys page         not checked  none is configured",
            "✓ other mirrors     agrees       trusted for reef",
        )
        await driver.press("enter")
        await driver.misses("Do not trust")
        assert untrusting.asked_trust == []
        await driver.press("j", "t")
        await driver.sees("Deputy <d@x>", "Do not trust")
        await driver.press("y")
        await driver.sees("Trusted for harbor")
        assert untrusting.asked_trust == [("harbor", OTHER_KEY, False, False)]
        assert [one.trusted for one in untrusting.all_keys["harbor"]] == [False, True]


async def test_the_question_waits_for_the_second_sources(untrusting: FakeSession) -> None:
    untrusting.report_gate.clear()
    async with opened(untrusting) as driver:
        await driver.sees("45 of 45")
        await driver.press("K")
        await driver.sees("not trusted", "Asking the second sources about harbor")
        await driver.press("t")
        await driver.sees("Esc: do not wait")
        assert "Do not trust" not in driver.text()
        await driver.press("escape")
        await driver.misses("Esc: do not wait")
        await driver.sees("First use of harbor")
        await driver.press("t")
        untrusting.said[KEY] = DISAGREEING
        untrusting.report_gate.set()
        await driver.sees("STOP")


async def test_who_waits_no_longer_is_not_asked(untrusting: FakeSession) -> None:
    untrusting.report_gate.clear()
    async with opened(untrusting) as driver:
        await driver.sees("45 of 45")
        await driver.press("K")
        await driver.sees("Asking the second sources")
        await driver.press("t", "escape")
        untrusting.report_gate.set()
        await driver.sees("other mirrors     not checked")
        assert "Do not trust" not in driver.text()


# An unknown key


def unknown(driver_key: str) -> str:
    sentence = Flaw.UNKNOWN_KEY.value.format(key=driver_key, mirror="harbor")
    return f"fftw@3.3.10/fftwqqq {sentence}"


async def test_an_unknown_key_can_be_looked_at_from_the_preview(session: FakeSession) -> None:
    session.all_keys["harbor"] = [key(trusted=True), key(fingerprint=OTHER_KEY)]
    session.made_plan = plan_of(
        (
            node(
                spec("fftw", "3.3.10"),
                Disposition.BLOCKED,
                reason=unknown(OTHER_KEY),
                blocker=Blocker.TRUST,
            ),
        ),
        "fftw",
    )
    async with opened(session) as driver:
        await driver.sees("45 of 45", "needs 8 packages")
        await driver.press("l", "j", "i")
        await driver.sees("K shows the keys")
        await driver.press("K")
        await driver.sees(fingerprint(OTHER_KEY), "It is the one under the cursor.")
        await driver.press("t")
        await driver.sees("Do not trust")
        await driver.press("y")
        await driver.sees("Trusted for harbor")
        await driver.misses("It is the one under the cursor.")
        assert session.asked_trust == [("harbor", OTHER_KEY, False, False)]


async def test_an_unknown_key_that_is_not_on_offer_is_said(session: FakeSession) -> None:
    title = unknown("FEDCBA9876543210")
    failed = NodeFailed(
        time=NOW, node=RUN_NODES[0].hash, title=title, detail="", hint="", exit_status=3
    )
    session.run = FakeRun([started_event(), failed, finished_event(NOW + 1, 0, 1)])
    async with opened(session) as driver:
        await driver.sees("45 of 45")
        await driver.press("L")
        await driver.sees("failed")
        await driver.press("w")
        await driver.sees("Signed by an unknown key", "FEDC BA98   7654 3210", "[ Close ]   y")
        await driver.press("enter")
        await driver.misses("Signed by an unknown key")
        await driver.press("w", "y")
        await driver.sees("harbor offers no such key; it may be a subkey of one of")


# A key that changed


@pytest.fixture
def changed(session: FakeSession) -> FakeSession:
    session.before["harbor"] = (key(trusted=True, offered=False),)
    session.all_keys["harbor"] = [
        key(trusted=True, offered=False),
        key(fingerprint=OTHER_KEY, user_id="Harbor Release 2 <r@x>", created=1_700_000_000.0),
    ]
    return session


async def test_old_and_new_keys_stand_side_by_side(changed: FakeSession) -> None:
    async with opened(changed) as driver:
        await see_keys(driver)
        await driver.sees("The keys of harbor have changed since you last trusted one: c compares")
        await driver.press("j", "t")
        await driver.sees(
            'Mirror "harbor" has another key now: trust it?',
            "2C8D D322 4EF3 573A 42BD            │ 1234 5678 90AB CDEF 1234",
            "221F A8E0 CA3C 1C2A DA2F            │ 5678 90AB CDEF 1234 5678",
            "Harbor Release                      │ Harbor Release 2 <r@x>",
            "created 2022-05-25",
            "created 2023-11-14",
            "no longer offered, trusted",
            "new, not trusted",
            "known to spackbin not checked",
            "[ Do not trust ]   y  Trust the new key",
        )
        await driver.press("enter")
        assert changed.asked_trust == []
        await driver.press("c")
        await driver.sees("Keys of harbor: before and now", "[ Close ]")
        await driver.press("y", "q")
        await driver.press("t", "y")
        await driver.sees("Trusted for harbor")
        await driver.misses("have changed since")
        await driver.press("c")
        await driver.sees("These mirrors offer the same keys as before")


async def test_old_and_new_keys_stand_below_each_other_where_it_is_narrow(
    changed: FakeSession,
) -> None:
    async with opened(changed, size=(60, 30)) as driver:
        await see_keys(driver)
        await driver.press("c")
        await driver.sees("Before", "Now", fingerprint(KEY), fingerprint(OTHER_KEY))
        assert "DA2F            │" not in driver.text()


# Keys that are refused


@pytest.mark.parametrize(
    ("problem", "remedy"),
    [
        ("revoked", "Its owner has declared it invalid"),
        ("expired since 2020-01-01", "Its owner can give it a later date"),
        ("too weak (RSA 1024)", "Such a key can be forged"),
        ("not made for signing", "must offer the key that signs its builds"),
        ("odd", "Ask who runs the mirror for another key."),
    ],
)
async def test_an_unusable_key_is_refused_with_the_reason(
    untrusting: FakeSession, problem: str, remedy: str
) -> None:
    untrusting.all_keys["harbor"] = [key(fingerprint=WEAK_KEY, problem=problem)]
    async with opened(untrusting) as driver:
        await driver.sees("45 of 45")
        await driver.press("K")
        await driver.sees("unusable")
        await driver.press("t")
        await driver.sees("This key cannot be trusted", f"It is {problem}.", remedy, "[ Close ]")
        await driver.press("y", "t", "enter")
        await driver.misses("[ Close ]")
        assert untrusting.asked_trust == []


# Disagreement


async def test_disagreement_stops_and_only_the_typed_name_goes_on(untrusting: FakeSession) -> None:
    untrusting.said[KEY] = DISAGREEING
    async with opened(untrusting) as driver:
        await see_keys(driver)
        await driver.sees("✗ harbor       disputed")
        await driver.press("t")
        await driver.sees(
            'STOP: this may not be the key of mirror "harbor"',
            "✗ keys page         DISAGREES",
            "Somebody may be lying to you",
            "[ Do not trust ]   Enter  Trust it all the same",
        )
        await driver.press("y", "enter")
        await driver.sees("This is not the name of the mirror. Esc: do not trust")
        await driver.press("backspace", "enter")
        await driver.misses("STOP")
        assert untrusting.asked_trust == []
        await driver.press("t")
        await driver.sees("STOP")
        await driver.type("harbor")
        await driver.press("escape")
        await driver.misses("STOP")
        assert untrusting.asked_trust == []
        await driver.press("t")
        await driver.sees("STOP")
        await driver.type("harbor")
        await driver.press("enter")
        await driver.sees("Trusted for harbor")
        assert untrusting.asked_trust == [("harbor", KEY, False, True)]


# Spack's keyring


async def test_keys_of_spack_are_offered_and_none_is_chosen(untrusting: FakeSession) -> None:
    untrusting.spacks_keys = [key(fingerprint=OTHER_KEY, offered=False, user_id="Spack <s@x>")]
    async with opened(untrusting) as driver:
        await see_keys(driver)
        await driver.press("s")
        await driver.sees(
            "Keys that Spack trusts, to trust some for harbor",
            "not trusted, in Spack's keyring",
            fingerprint(OTHER_KEY),
        )
        assert untrusting.asked_trust == []
        await driver.press("s")
        await driver.sees("These are the keys of Spack")
        await driver.press("t")
        await driver.sees("That says nothing of mirror harbor", "[ Do not trust ]")
        await driver.press("enter", "t", "y")
        await driver.sees("Trusted for harbor", "✓ harbor")
        assert untrusting.asked_trust == [("harbor", OTHER_KEY, True, False)]
        await driver.press("escape")
        await driver.sees("2C8D", "offered by the mirror")


async def test_without_a_spack_it_is_said(untrusting: FakeSession) -> None:
    async with opened(untrusting) as driver:
        await see_keys(driver)
        await driver.press("s")
        await driver.sees("There is no Spack beside spackbin.", "There is no key to choose from")


# Foreign text


EVIL = [
    "[/x]\x1b[2J\x1b]0;owned\x07" + "A" * 10_000,
    "\u202eelpmaxe.robrah@esaeler",
    "a\n" * 500,
    "漢字" * 200,
    "",
]


@pytest.mark.parametrize("evil", EVIL, ids=range(len(EVIL)))
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_no_user_id_hides_or_steers(
    changed: FakeSession, evil: str, ascii_only: bool
) -> None:
    changed.before["harbor"] = (key(user_id=evil),)
    changed.all_keys["harbor"] = [
        key(fingerprint=OTHER_KEY, user_id=evil),
        key(fingerprint=WEAK_KEY, user_id=evil, problem="revoked"),
        key(fingerprint=KEY, user_id=evil),
    ]
    changed.user_ids = {OTHER_KEY: (evil,) * 40, KEY: (evil,) * 40}
    changed.said[KEY] = DISAGREEING
    changed.spacks_keys = [key(user_id=evil, offered=False)]
    async with opened(changed, ascii_only=ascii_only) as driver:
        await see_keys(driver)
        await driver.sees("have changed")
        await driver.press("t")
        await driver.sees("1234 5678 90AB CDEF 1234", "Do not trust", "not checked")
        assert is_safe(driver, ascii_only=ascii_only)
        await driver.press("enter", "c")
        await driver.sees("before and now")
        assert is_safe(driver, ascii_only=ascii_only)
        await driver.press("enter", "j", "t")
        await driver.sees("It is revoked.")
        assert is_safe(driver, ascii_only=ascii_only)
        await driver.press("enter", "j", "t")
        await driver.sees("STOP", fingerprint(KEY), "DISAGREES")
        assert is_safe(driver, ascii_only=ascii_only)
        await driver.press("enter", "s")
        await driver.sees("in Spack's keyring")
        assert is_safe(driver, ascii_only=ascii_only)


def is_safe(driver: Driver, *, ascii_only: bool) -> bool:
    text = driver.text().replace("\n", "")
    bad = {"Cc", "Cf", "Cs", "Mn", "Me"}
    is_clean = not bad & {unicodedata.category(character) for character in text}
    return is_clean and (text.isascii() or not ascii_only)
