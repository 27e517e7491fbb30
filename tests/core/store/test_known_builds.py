"""What is remembered of archives."""

from pathlib import Path

from core.model.facts import BuildFacts, StringPath
from core.model.ident import DagHash, Sha256
from core.store.known_builds import KnownBuilds

DIGEST = Sha256("ab" * 32)
FACTS = BuildFacts(
    root="/old",
    sbang="",
    prefixes={DagHash("a" * 32): "/old/pkg"},
    strings=(StringPath("/old", None), StringPath("/old/pkg", 3)),
    loader_paths=("/old",),
    unpacked=5,
    members=2,
)


def test_what_was_remembered_is_there(tmp_path: Path) -> None:
    builds = KnownBuilds(tmp_path)
    assert builds.get(DIGEST) is None
    builds.remember(DIGEST, FACTS)
    assert KnownBuilds(tmp_path).get(DIGEST) == FACTS
    assert builds.get(Sha256("cd" * 32)) is None


def test_samples_are_by_url(tmp_path: Path) -> None:
    builds = KnownBuilds(tmp_path)
    assert builds.sample("https://a") is None
    builds.set_sample("https://a", DIGEST)
    assert builds.sample("https://a") == DIGEST
    assert builds.sample("https://b") is None


def test_damaged_files_are_as_good_as_none(tmp_path: Path) -> None:
    builds = KnownBuilds(tmp_path)
    builds.remember(DIGEST, FACTS)
    builds.set_sample("https://a", DIGEST)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(b"\xff{")
    assert builds.get(DIGEST) is None
    assert builds.sample("https://a") is None


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "builds-1").write_text("a file")
    builds = KnownBuilds(tmp_path)
    builds.remember(DIGEST, FACTS)
    builds.set_sample("https://a", DIGEST)
    assert builds.get(DIGEST) is None
