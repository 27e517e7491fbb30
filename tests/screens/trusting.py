"""The scenes about trust, played on mirrors in memory: each of its dialogs once."""

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec.structs import replace

from core.errors import Refused
from core.events import NodeFailed
from core.model.ident import Sha256
from core.model.keycards import Opinion, SecondSource
from core.model.mirror import Mirror
from core.model.plan import Disposition, Source
from core.trust.freshness import FreshnessStore
from core.trust.signature import Flaw
from tests.tui.tui_drive import Driver
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

OTHER_KEY = "1234567890ABCDEF1234567890ABCDEF12345678"
PAGE = "https://harbor.example/keys"
KNOWN = SecondSource("known to spackbin", Opinion.NOT_CHECKED, "no key of this mirror is known")
OTHERS = SecondSource("other mirrors", Opinion.NOT_CHECKED, "it is trusted for no other mirror")
AGREES = SecondSource("keys page", Opinion.AGREES, f"{PAGE} names it")
DISAGREES = SecondSource("keys page", Opinion.DISAGREES, f"{PAGE} names {KEY} instead")


def harbor() -> FakeSession:
    """A mirror with two keys on offer, none of them trusted."""
    session = FakeSession()
    session.all_mirrors = [mirror(trusted_keys=0)]
    deputy = "Harbor Deputy <deputy@harbor.example>"
    session.all_keys["harbor"] = [key(), key(fingerprint=OTHER_KEY, user_id=deputy)]
    session.said = {KEY: (KNOWN, AGREES, OTHERS), OTHER_KEY: (KNOWN, DISAGREES, OTHERS)}
    return session


async def first_use(screen: Driver) -> None:
    await screen.sees("45 of 45")
    await screen.press("K")
    await screen.sees("First use of harbor", f"agrees       {PAGE}")


async def disagreement(screen: Driver) -> None:
    await first_use(screen)
    await screen.press("j", "t")
    await screen.sees("STOP")
    await screen.type("harb")
    await screen.sees("harb")


def unknown() -> FakeSession:
    session = harbor()
    sentence = Flaw.UNKNOWN_KEY.value.format(key=OTHER_KEY, mirror="harbor")
    title = f"zlib@1.3.1/zlibqqq {sentence}"
    refused = NodeFailed(
        time=NOW, node=RUN_NODES[0].hash, title=title, detail="", hint="", exit_status=3
    )
    session.run = FakeRun([started_event(), refused, finished_event(NOW + 1, 0, 1)])
    return session


async def unknown_key(screen: Driver) -> None:
    await screen.sees("45 of 45")
    await screen.press("L")
    await screen.sees("failed")
    await screen.press("w")
    await screen.sees("Signed by an unknown key")


def changed() -> FakeSession:
    session = harbor()
    session.all_mirrors = [mirror()]
    session.before["harbor"] = (key(trusted=True, offered=False),)
    successor = key(fingerprint=OTHER_KEY, created=1_790_000_000.0)
    session.all_keys["harbor"] = [key(trusted=True, offered=False), successor]
    session.said = {OTHER_KEY: (KNOWN, replace(AGREES, detail=f"{PAGE} names it"), OTHERS)}
    return session


async def changed_key(screen: Driver) -> None:
    await screen.sees("45 of 45")
    await screen.press("K")
    await screen.sees("have changed")
    await screen.press("j", "t")
    await screen.sees("Trust the new key")


def weak() -> FakeSession:
    session = harbor()
    found = key(fingerprint=WEAK_KEY, algorithm="RSA 1024", problem="too weak (RSA 1024)")
    session.all_keys["harbor"] = [found]
    return session


async def refused_key(screen: Driver) -> None:
    await screen.sees("45 of 45")
    await screen.press("K")
    await screen.sees("unusable")
    await screen.press("t")
    await screen.sees("This key cannot be trusted")


def with_spack() -> FakeSession:
    session = harbor()
    session.spacks_keys = [
        key(offered=False),
        key(fingerprint=OTHER_KEY, user_id="Somebody <s@elsewhere.example>", offered=False),
    ]
    return session


async def spacks_keys(screen: Driver) -> None:
    await first_use(screen)
    await screen.press("s")
    await screen.sees("Keys that Spack trusts", "in Spack's keyring")


def doubtful(url: str, *, is_signed: bool) -> Callable[[Driver], Awaitable[None]]:
    async def scene(screen: Driver) -> None:
        await screen.press("M", "a")
        await screen.sees("Add a mirror")
        await screen.type("prbot")
        await screen.press("down")
        await screen.type(url)
        await screen.press("down", *([] if is_signed else ["space"]), "enter")
        await screen.sees("Add all the same")
        await screen.type("prbot")

    return scene


def gone_back() -> FakeSession:
    session = FakeSession()
    known = Mirror("harbor", "https://harbor.example/cache")  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as place:
        freshness = FreshnessStore(Path(place) / "indices.json")
        for index in "ab":
            freshness.note(known, Sha256(index * 64))
        try:
            freshness.check(known, Sha256("a" * 64))
        except Refused as error:
            session.failures["refresh"] = error
    return session


async def rollback(screen: Driver) -> None:
    await screen.press("M")
    await screen.sees("1,204 builds")
    await screen.press("u")
    await screen.sees("Accept the older index")


QUARANTINE = "/home/ada/spackbin-quarantine-prbot"


def quarantined() -> FakeSession:
    """A plan that takes a build from a mirror of a pull request."""
    session = FakeSession()
    session.all_mirrors.append(
        mirror("prbot", signed=False, badge="PR, UNSIGNED", quarantine=QUARANTINE)
    )
    source = Source("prbot", "0" * 64, 3_300_000, "", "")  # type: ignore[arg-type]
    plan = plan_of(
        (
            node(spec("zlib", "1.3.1"), Disposition.CACHED),
            node(spec("hdf5", "1.14.6", "zlib"), Disposition.CACHED, source=source),
        ),
        "hdf5",
    )
    notes = (
        "Mirror prbot is unsigned. Its builds need no signature: whoever can write to it, or to"
        " the way here, can run programs as you.",
        f"All of this goes to the quarantine store of prbot, {QUARANTINE}, apart from everything"
        " else.",
    )
    session.made_plan = replace(plan, store=QUARANTINE, notes=notes)
    return session


async def quarantine(screen: Driver) -> None:
    await screen.sees("45 of 45", "needs 8 packages")
    await screen.press("l", "j", "i")
    await screen.sees("Install hdf5@1.14.6", "from prbot [PR, UNSIGNED]")


SCENES = {
    "trust-first-use": (harbor, first_use),
    "trust-unknown": (unknown, unknown_key),
    "trust-changed": (changed, changed_key),
    "trust-refused": (weak, refused_key),
    "trust-disagreement": (harbor, disagreement),
    "trust-spack": (with_spack, spacks_keys),
    "trust-unsigned": (FakeSession, doubtful("https://prbot.example", is_signed=False)),
    "trust-pr": (FakeSession, doubtful("https://prbot.example/pr-12", is_signed=True)),
    "trust-rollback": (gone_back, rollback),
    "trust-quarantine": (quarantined, quarantine),
}
"""By name: who makes the session, and what is played on it."""
