"""Filters of mirrors: what they hide is not on offer, and it is said."""

import json
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.mirror.config import MirrorConfig
from core.model.mirror import Mirror
from core.model.plan import Disposition
from core.session import Session
from core.settings import Settings


def session(tmp_path: Path, **entries: object) -> Session:
    """One with these mirrors, all of their indices read."""
    settings = Settings(*(tmp_path / name for name in ("store", "config", "cache", "state")))
    settings.config_dir.mkdir(exist_ok=True)
    (settings.config_dir / "mirrors.yaml").write_text(json.dumps({"mirrors": entries}))
    opened = Session(settings)
    for status in opened.mirrors():
        if status.is_usable:
            opened.refresh(status.name, cancel=CancelToken(), progress=lambda *_: None)
    return opened


@pytest.fixture
def url(golden: Path) -> str:
    return str(golden / "dev" / "mirror-signed")


def on_offer(opened: Session) -> set[str]:
    """The names of what can be had, whatever machine it is for."""
    return {view.name for view in opened.search("", all_targets=True) if view.mirrors}


def entry(url: str, **filters: object) -> dict[str, object]:
    return {"url": url, "signed": False, "spackbin": {"quarantine": False}, **filters}


def test_what_a_filter_excludes_is_not_on_offer(tmp_path: Path, url: str) -> None:
    everything = on_offer(session(tmp_path, whole=entry(url)))
    assert {"beacon", "libtide", "libharbor"} <= everything
    opened = session(tmp_path, part=entry(url, exclude_binary=["libtide", "beacon@1.2"]))
    assert on_offer(opened) == everything - {"libtide"}
    (status,) = opened.mirrors()
    assert status.filters == "exclude_binary: libtide, beacon@1.2"
    listed = [view for view in opened.search("", all_targets=True) if view.mirrors]
    assert status.hidden == status.builds - len(listed) > 0
    assert {view.version for view in listed if view.name == "beacon"} == {"1.3.0"}
    packages = {found.name: found.builds for found in opened.packages("", all_targets=True)}
    assert "libtide" not in packages
    assert packages["beacon"] == sum(view.name == "beacon" for view in listed)
    assert sum(cell.builds for cell in opened.judge.matrix().cells) == len(listed)


def test_only_what_a_filter_includes_is_on_offer(tmp_path: Path, url: str) -> None:
    opened = session(tmp_path, part=entry(url, include_binary=["^libtide", "kelp"]))
    found = on_offer(opened)
    assert {"beacon", "kelp"} <= found
    assert "libtide" not in found
    both = entry(url, include_binary=["^libtide", "kelp"], exclude_binary=["beacon"])
    assert on_offer(session(tmp_path, part=both)) == found - {"beacon"}


def test_filters_for_fetching_count_and_those_for_pushing_do_not(tmp_path: Path, url: str) -> None:
    everything = on_offer(session(tmp_path, whole=entry(url)))
    pushed = {"url": url, "signed": False, "push": {"url": url, "exclude_binary": ["kelp"]}}
    assert on_offer(session(tmp_path, part=pushed)) == everything
    fetched = {
        "signed": False,
        "exclude_binary": ["beacon"],
        "fetch": {"url": url, "exclude_binary": ["kelp"]},
    }
    assert on_offer(session(tmp_path, part=fetched)) == everything - {"kelp"}


def test_a_plan_takes_it_from_another_mirror_or_not_at_all(tmp_path: Path, url: str) -> None:
    whole, part = entry(url), entry(url, exclude_binary=["libtide"])
    opened = session(tmp_path, part=part, whole=whole)
    beacon = opened.resolve("beacon@1.3.0").build
    plan = opened.plan([beacon.hash], cancel=CancelToken())
    sources = {node.spec.name: node.source.mirror for node in plan.nodes if node.source}
    assert (sources["beacon"], sources["libtide"]) == ("part", "whole")
    opened = session(tmp_path, part=part)
    plan = opened.plan([beacon.hash], cancel=CancelToken())
    states = {node.spec.name: node.disposition for node in plan.nodes}
    assert states["libtide"] is Disposition.BUILD
    assert states["beacon"] is Disposition.CACHED
    hidden = next(node.spec.hash for node in plan.nodes if node.spec.name == "libtide")
    said = [item.sentence for item in opened.judge.explain(f"/{hidden}").statements]
    words = "Mirror part has it, and its entry leaves it out: exclude_binary: libtide"
    assert words in said


def test_filters_that_change_count_at_once(tmp_path: Path, url: str) -> None:
    opened = session(tmp_path, part=entry(url))
    assert "kelp" in on_offer(opened)
    config = tmp_path / "config" / "mirrors.yaml"
    config.write_text(json.dumps({"mirrors": {"part": entry(url, exclude_binary=["kelp"])}}))
    assert "kelp" not in on_offer(opened)


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"include_binary": ["foo@@"]}, "'foo@@' of mirror part cannot be understood"),
        ({"exclude_binary": ["zlib kelp"]}, "It is more than one spec"),
        ({"exclude_binary": [""]}, "The query is empty"),
        ({"exclude_binary": "kelp"}, "exclude_binary of mirror 'part' is no list of specs"),
        ({"include_binary": [1]}, "include_binary of mirror 'part' is no list of specs"),
    ],
)
def test_a_filter_that_is_none_makes_its_mirror_unusable(
    tmp_path: Path, url: str, filters: dict[str, object], words: str
) -> None:
    opened = session(tmp_path, whole=entry(url), part=entry(url, **filters))
    found = {status.name: status for status in opened.mirrors()}
    assert not found["part"].is_usable
    assert words in found["part"].error
    assert "kelp" in on_offer(opened)


def test_what_only_recipes_know_hides_everything(tmp_path: Path, url: str) -> None:
    opened = session(tmp_path, part=entry(url, exclude_binary=["wave-api"]))
    (status,) = opened.mirrors()
    assert status.hidden == status.builds
    assert on_offer(opened) == set()
    # Who needs a virtual package stands in the edges.
    opened = session(tmp_path, part=entry(url, exclude_binary=["^wave-api"]))
    assert {"libtide", "kelp"} <= on_offer(opened)
    assert "libharbor" not in on_offer(opened)


def test_no_filter_is_no_filter(tmp_path: Path, url: str) -> None:
    opened = session(tmp_path, whole=entry(url, include_binary=[], exclude_binary=None))
    (status,) = opened.mirrors()
    assert (status.filters, status.hidden) == ("", 0)


def test_filters_survive_being_written(tmp_path: Path) -> None:
    config = MirrorConfig(tmp_path / "mirrors.yaml")
    mirror = Mirror("m", "https://x.example", include=("%gcc",), exclude=("kelp", "^mpi"))  # type: ignore[arg-type]
    config.add(mirror)
    assert config.read().mirrors == (mirror,)
