"""The dialogs about mirrors that nobody vouches for, and about an index that has gone back."""

from pathlib import Path

import pytest

from core.errors import Refused
from core.model.ident import Sha256
from core.model.mirror import Mirror
from core.trust.freshness import FreshnessStore
from tests.tui.tui_drive import opened
from tests.tui.tui_fakes import FakeSession


@pytest.mark.parametrize(
    ("url", "is_signed", "badge"),
    [
        ("https://plain.example", False, "UNSIGNED"),
        ("https://plain.example/pr-12", True, "PR"),
        ("https://plain.example/pr-12", False, "PR, UNSIGNED"),
    ],
)
async def test_a_doubtful_mirror_needs_its_name_typed(
    session: FakeSession, url: str, is_signed: bool, badge: str
) -> None:
    async with opened(session) as driver:
        await driver.press("M", "a")
        await driver.sees("Add a mirror")
        await driver.type("plain")
        await driver.press("down")
        await driver.type(url)
        await driver.press("down", *([] if is_signed else ["space"]), "enter")
        await driver.sees(
            f'Add mirror "plain" [{badge}]?',
            "Its builds never go into the shared store",
            "  /home/ada/spackbin-quarantine-plain ",
            "[ Do not add ]   Enter  Add all the same",
        )
        assert ("of a pull request: whoever" in driver.text()) == ("PR" in badge)
        assert ("programs as you." in driver.text()) == ("UNSIGNED" in badge)
        await driver.press("enter")
        await driver.misses("Do not add")
        await driver.sees("Add a mirror")
        await driver.press("enter")
        await driver.sees("Do not add")
        await driver.type("plai")
        await driver.press("enter")
        await driver.sees("This is not the name of the mirror")
        assert len(session.all_mirrors) == 1
        await driver.type("n")
        await driver.press("enter")
        await driver.misses("Add a mirror")
        await driver.until(lambda: len(session.all_mirrors) == 2)
        assert session.all_mirrors[-1].badge == badge


async def test_a_name_that_is_none_is_said_before_anything_is_asked(session: FakeSession) -> None:
    async with opened(session) as driver:
        await driver.press("M", "a")
        await driver.sees("Add a mirror")
        await driver.type("no name")
        await driver.press("down")
        await driver.type("https://plain.example")
        await driver.press("enter")
        await driver.sees("Add a mirror", "is not a mirror name")
        assert len(session.all_mirrors) == 1


# An index that has gone back


def rollback(tmp_path: Path) -> Refused:
    """What the real store of freshness says of an index that was replaced before."""
    freshness = FreshnessStore(tmp_path / "indices.json")
    harbor = Mirror("harbor", "https://harbor.example/cache")  # type: ignore[arg-type]
    for index in ("a", "b"):
        freshness.note(harbor, Sha256(index * 64))
    with pytest.raises(Refused) as caught:
        freshness.check(harbor, Sha256("a" * 64))
    return caught.value


async def test_an_older_index_is_taken_only_on_demand(session: FakeSession, tmp_path: Path) -> None:
    session.failures["refresh"] = rollback(tmp_path)
    async with opened(session) as driver:
        await driver.press("M")
        await driver.sees("1,204 builds")
        await driver.press("u")
        await driver.sees(
            "Mirror harbor has gone back to an older index",
            "Somebody may be hiding newer builds",
            "[ Keep the newer index ]   y  Accept the older index",
        )
        await driver.press("enter")
        await driver.misses("Keep the newer index")
        assert session.refreshed == []
        await driver.press("u")
        await driver.sees("Keep the newer index")
        await driver.press("y")
        await driver.sees("7 builds")
        assert session.refreshed == ["harbor"]
