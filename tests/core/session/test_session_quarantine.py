"""Mirrors that nobody vouches for: confirmed by name, kept apart, never before a good one."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Refused, WrongUse
from core.model.ident import MirrorName
from core.model.mirror import Channel
from core.model.plan import Blocker, Disposition, Plan
from core.session import Session
from core.session.quarantine import quarantine_store
from tests.core.session.trusting import opened, plan, sources, use
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror, simulated_mirror
from tests.simulator.packages import Package


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return opened(tmp_path)


@pytest.fixture
def unsigned(tmp_path: Path) -> SimulatedMirror:
    return simulated_mirror(tmp_path / "unsigned")


def run_to_end(session: Session, made: Plan) -> None:
    run = session.start_install(made)
    end = time.monotonic() + 60
    while run.is_alive() and time.monotonic() < end:
        time.sleep(0.05)
    assert not run.is_alive()


def place(tmp_path: Path, name: str) -> Path:
    return tmp_path / "own" / f"store-quarantine-{name}"


@pytest.mark.parametrize("confirmed", ["", "yes", "Plain"])
@pytest.mark.parametrize(
    ("signed", "channel", "badge"),
    [(False, None, "UNSIGNED"), (True, Channel.PR, "PR"), (False, Channel.PR, "PR, UNSIGNED")],
)
def test_a_doubtful_mirror_needs_its_name_typed(
    confirmed: str,
    signed: bool,
    channel: Channel | None,
    badge: str,
    session: Session,
    unsigned: SimulatedMirror,
) -> None:
    with pytest.raises(Refused) as caught:
        session.add_mirror(
            "plain", unsigned.url, signed=signed, channel=channel, confirmed=confirmed
        )
    assert caught.value.exit_status == 3
    assert caught.value.title.startswith(f"Mirror plain ({badge}) is not added")
    warnings = session.mirror_warnings("plain", unsigned.url, signed=signed, channel=channel)
    assert caught.value.detail == " ".join(warnings)
    assert session.mirrors() == ()


def test_a_good_mirror_has_no_warnings(session: Session, simulated: SimulatedMirror) -> None:
    assert session.mirror_warnings("harbor", simulated.url) == ()
    use(session, "harbor", simulated)
    (status,) = session.mirrors()
    assert (status.badge, status.quarantine, status.channel) == ("", "", Channel.SITE)


def test_its_builds_go_to_a_store_of_their_own(
    session: Session, unsigned: SimulatedMirror, tmp_path: Path
) -> None:
    use(session, "plain", unsigned)
    (status,) = session.mirrors()
    assert status.badge == "UNSIGNED"
    assert status.quarantine == str(place(tmp_path, "plain"))
    made = plan(session, unsigned)
    assert made.is_ready
    assert made.store == str(place(tmp_path, "plain"))
    assert sources(made) == {"tide": "plain", "boat": "plain"}
    assert made.notes[0].startswith("Mirror plain is unsigned. Its builds need no signature")
    assert made.notes[1] == (
        f"All of this goes to the quarantine store of plain, {place(tmp_path, 'plain')},"
        " apart from everything else."
    )
    run_to_end(session, made)
    assert list(place(tmp_path, "plain").glob("*/boat-*"))
    assert not (tmp_path / "own" / "store").exists()
    run = session.current_run()
    assert run is not None
    assert Path(run.history()[0].store) == place(tmp_path, "plain")  # type: ignore[union-attr]
    again = plan(session, unsigned)
    assert {node.disposition for node in again.nodes} <= {
        Disposition.INSTALLED,
        Disposition.EXTERNAL,
    }


def test_from_the_quarantine_store_there_is_no_other_quarantine(
    unsigned: SimulatedMirror, tmp_path: Path
) -> None:
    inside = opened(tmp_path, store=place(tmp_path, "plain"))
    use(inside, "plain", unsigned)
    assert plan(inside, unsigned).store == str(place(tmp_path, "plain"))


def test_the_user_may_let_it_into_the_shared_store(
    session: Session, unsigned: SimulatedMirror, tmp_path: Path
) -> None:
    use(session, "plain", unsigned, shares_store=True)
    (status,) = session.mirrors()
    assert (status.badge, status.quarantine) == ("UNSIGNED", "")
    made = plan(session, unsigned)
    assert made.store == str(tmp_path / "own" / "store")
    assert made.notes[0].startswith("Mirror plain is unsigned.")


@pytest.mark.parametrize("doubtful_first", [True, False])
def test_what_both_have_comes_from_the_good_one(
    doubtful_first: bool,
    session: Session,
    simulated: SimulatedMirror,
    signing_key: SigningKey,
    tmp_path: Path,
) -> None:
    pull = simulated_mirror(tmp_path / "pull", key=signing_key)
    both = [("prbot", pull, {"channel": Channel.PR}), ("harbor", simulated, {})]
    for name, mirror, options in both if doubtful_first else reversed(both):
        use(session, name, mirror, **options)
    made = plan(session, simulated)
    assert sources(made) == {"tide": "harbor", "boat": "harbor"}
    assert made.store == str(tmp_path / "own" / "store")


SPOILING: dict[str, Callable[[SimulatedMirror], None]] = {
    "unsigned": lambda mirror: mirror.unsign("tide"),
    "other package": lambda mirror: mirror.substitute("tide", "boat"),
    "other spec": lambda mirror: mirror.damage(mirror.spec_path("tide")),
}


@pytest.mark.parametrize("case", SPOILING)
def test_who_spoils_the_good_one_does_not_make_us_take_the_other(
    case: str, session: Session, simulated: SimulatedMirror, unsigned: SimulatedMirror
) -> None:
    use(session, "plain", unsigned)
    use(session, "harbor", simulated)
    SPOILING[case](simulated)
    made = plan(session, simulated)
    (blocked,) = made.having(Disposition.BLOCKED)
    assert (blocked.spec.name, blocked.blocker) == ("tide", Blocker.TRUST)
    assert sources(made) == {"boat": "harbor"}


def test_a_mixed_closure_goes_to_the_quarantine_store_as_a_whole(
    session: Session, simulated: SimulatedMirror, unsigned: SimulatedMirror, tmp_path: Path
) -> None:
    use(session, "harbor", simulated)
    run_to_end(session, plan(session, simulated, "tide"))
    use(session, "plain", unsigned)
    # The good mirror has no boat any more; tide is in the shared store, and not for this.
    simulated.manifest_path("boat").unlink()
    made = plan(session, simulated)
    assert made.store == str(place(tmp_path, "plain"))
    assert sources(made) == {"tide": "harbor", "boat": "plain"}
    assert made.is_ready
    assert "harbor lists boat@3.0" in made.node(simulated.wanted("boat").hash).reason


def test_two_mirrors_in_quarantine_are_never_mixed(session: Session, tmp_path: Path) -> None:
    tide = Package("tide", "2.1", (), {"share/tide": b"low\n"})
    both = (tide, Package("boat", "3.0", ("tide",), {"share/boat": b"@PREFIX:tide@\n"}))
    one = simulated_mirror(tmp_path / "one", both)
    other = simulated_mirror(tmp_path / "other", both)
    one.manifest_path("tide").unlink()
    other.manifest_path("boat").unlink()
    use(session, "one", one)
    use(session, "other", other)
    made = plan(session, one)
    blocked = made.having(Disposition.BLOCKED)
    assert [node.spec.name for node in blocked] == ["tide", "boat"]
    assert all(node.blocker is Blocker.TRUST for node in blocked)
    assert "are never mixed" in blocked[0].reason
    assert "--mirror" in blocked[0].reason
    assert made.store == str(tmp_path / "own" / "store")
    assert not (tmp_path / "own" / "store").exists()


def test_a_plan_from_before_a_mirror_was_doubtful_is_not_carried_out(
    session: Session, unsigned: SimulatedMirror, tmp_path: Path
) -> None:
    use(session, "plain", unsigned, shares_store=True)
    made = plan(session, unsigned)
    session.remove_mirror("plain")
    use(session, "plain", unsigned)
    with pytest.raises(WrongUse, match=r"Builds of mirror plain \(UNSIGNED\) must not go to"):
        session.start_install(made)
    assert not (tmp_path / "own" / "store").exists()


def test_where_the_quarantine_stores_are() -> None:
    store = Path("/srv/store")
    inner = Path("/srv/store-quarantine-pr")
    assert quarantine_store(store, MirrorName("pr")) == inner
    assert quarantine_store(inner, MirrorName("pr")) == inner
    assert quarantine_store(inner, MirrorName("x")) == Path("/srv/store-quarantine-pr-quarantine-x")


# Two mirrors, one hash, different digests


def test_copies_that_differ_are_pointed_out(
    session: Session,
    simulated: SimulatedMirror,
    other_key: SigningKey,
    signing_key: SigningKey,
    tmp_path: Path,
) -> None:
    spare = simulated_mirror(tmp_path / "spare", key=other_key)
    archive = spare.archive_path("tide").read_bytes()
    spare.replace_archive("tide", archive + b"\n")
    use(session, "harbor", simulated)
    use(session, "spare", spare)
    made = plan(session, simulated)
    assert made.is_ready
    source = made.node(simulated.wanted("tide").hash).source
    assert source is not None
    (copy,) = source.others
    assert (copy.mirror, copy.signer) == ("spare", other_key.fingerprint)
    assert made.notes == (
        f"tide@2.1: mirrors have different archives of this build (harbor: sha256"
        f" {source.archive_sha256}, signed by {signing_key.fingerprint}; spare: sha256"
        f" {copy.archive_sha256}, signed by {other_key.fingerprint}). That of harbor is taken.",
    )
    # What cannot be trusted is not worth comparing.
    spare.unsign("tide")
    assert plan(session, simulated).notes == ()
