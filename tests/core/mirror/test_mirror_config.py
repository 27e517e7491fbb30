"""Mirrors in Spack's own format."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StoreError, WrongUse
from core.mirror.config import Mirror, MirrorConfig, normalise_url
from core.model.ident import MirrorName
from core.net.files import path_of

BASE = Path("/base/dir")

SPACK = """\
# a comment
mirrors:
  plain: https://cache.example/develop/
  full:
    url: https://cache.example/full
    signed: false
    access_pair: {id: me, secret_variable: SECRET}
  sources:
    url: https://sources.example
    binary: false
  both:
    fetch: {url: "file:///srv/cache", view: small}
    push: s3://bucket/cache
    autopush: true
  short:
    fetch: relative/cache
    push: /elsewhere
other: {kept: [1, 2]}
"""


@pytest.fixture
def config(tmp_path: Path) -> MirrorConfig:
    return MirrorConfig(tmp_path / "config" / "mirrors.yaml")


def written(tmp_path: Path, text: str) -> MirrorConfig:
    path = tmp_path / "config" / "mirrors.yaml"
    path.parent.mkdir()
    path.write_text(text)
    return MirrorConfig(path)


def test_both_forms_of_entries_in_order_of_priority(tmp_path: Path) -> None:
    assert written(tmp_path, SPACK).mirrors() == (
        Mirror(MirrorName("plain"), "https://cache.example/develop", True),
        Mirror(MirrorName("full"), "https://cache.example/full", False),
        Mirror(MirrorName("both"), "file:///srv/cache", True),
        Mirror(MirrorName("short"), f"file://{tmp_path}/config/relative/cache", True),
    )


def test_no_file_and_an_empty_file_mean_no_mirrors(tmp_path: Path, config: MirrorConfig) -> None:
    assert config.mirrors() == ()
    for text in ("", "mirrors:\n", "mirrors: {}\n", "other: 1\n"):
        (tmp_path / "config").mkdir(exist_ok=True)
        (tmp_path / "config" / "mirrors.yaml").write_text(text)
        assert config.mirrors() == ()


def test_what_is_added_is_there_last(config: MirrorConfig) -> None:
    first = Mirror(MirrorName("first"), "https://a.example/x")
    second = Mirror(MirrorName("second"), "file:///srv/with%20blank", signed=False)
    config.add(first)
    config.add(second)
    assert config.mirrors() == (first, second)


def test_other_entries_and_keys_survive_a_change(tmp_path: Path) -> None:
    config = written(tmp_path, SPACK)
    config.add(Mirror(MirrorName("new"), "https://new.example", signed=False))
    config.remove(MirrorName("plain"))
    before = yaml.safe_load(SPACK)
    after = yaml.safe_load((tmp_path / "config" / "mirrors.yaml").read_text())
    del before["mirrors"]["plain"]
    before["mirrors"]["new"] = {"url": "https://new.example", "signed": False}
    assert after == before
    assert list(after["mirrors"]) == list(before["mirrors"])


def test_two_colons_are_understood(tmp_path: Path) -> None:
    config = written(tmp_path, "mirrors::\n  a: https://a.example\n")
    config.add(Mirror(MirrorName("b"), "https://b.example"))
    assert [mirror.name for mirror in config.mirrors()] == ["a", "b"]


def test_a_name_can_be_taken_once(config: MirrorConfig) -> None:
    config.add(Mirror(MirrorName("a"), "https://a.example"))
    with pytest.raises(WrongUse) as caught:
        config.add(Mirror(MirrorName("a"), "https://b.example"))
    assert caught.value.title == "There is a mirror called a"
    assert config.mirrors() == (Mirror(MirrorName("a"), "https://a.example"),)


def test_removing_names_the_known_ones(config: MirrorConfig) -> None:
    with pytest.raises(WrongUse) as caught:
        config.remove(MirrorName("x"))
    assert str(caught.value) == "There is no mirror called x. Configured are: none at all."
    config.add(Mirror(MirrorName("a"), "https://a.example"))
    config.add(Mirror(MirrorName("b"), "https://b.example"))
    with pytest.raises(WrongUse, match="There is no mirror called x") as caught:
        config.remove(MirrorName("x"))
    assert caught.value.detail == "Configured are: a, b"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mirrors: [a]\n", "mirrors is not an object"),
        ("- a\n", "it is not an object"),
        ("mirrors: {a: 3}\n", "mirror 'a' is neither a URL nor an object"),
        ("mirrors: {a: {}}\n", "mirror 'a' has no url"),
        ("mirrors: {a: {push: /x}}\n", "mirror 'a' has no url"),
        ("mirrors: {a: {url: [x]}}\n", "mirror 'a' has no url"),
        (
            "mirrors: {a: {url: /x, signed: maybe}}\n",
            "signed of mirror 'a' is neither true nor false",
        ),
        ("mirrors: {a: {url: /x, binary: 1}}\n", "binary of mirror 'a' is neither true nor false"),
        ("mirrors: {'a b': /x}\n", "'a b' is not a mirror name (letters, digits, . _ @ + -)"),
        ("mirrors: {3: /x}\n", "3 is not a mirror name (letters, digits, . _ @ + -)"),
        ("mirrors: {a: 's3://u:secret@b/c'}\n", "Mirrors on s3:// are not read yet: s3://b/c"),
        (
            "mirrors: {a: !!python/object:os.system x}\n",
            "could not determine a constructor for the tag"
            " 'tag:yaml.org,2002:python/object:os.system' (line 1)",
        ),
        ("mirrors: {a\n", "expected ',' or '}', but got '<stream end>' (line 2)"),
        ("a: \xff\x01", "it is not YAML"),
        ("[" * 500, "it is not YAML"),
    ],
)
def test_a_file_that_makes_no_sense_is_named(text: str, why: str, tmp_path: Path) -> None:
    config = written(tmp_path, text)
    with pytest.raises(WrongUse) as caught:
        config.mirrors()
    assert caught.value.title == f"The mirrors cannot be read: {why}"
    assert caught.value.detail == f"File {tmp_path}/config/mirrors.yaml"


def test_a_mirror_that_cannot_be_read_can_be_removed(tmp_path: Path) -> None:
    config = written(tmp_path, "mirrors: {a: 's3://b/c', b: /x}\n")
    with pytest.raises(WrongUse) as caught:
        config.mirrors()
    assert "spackbin mirror remove a" in caught.value.hint
    config.remove(MirrorName("a"))
    assert config.mirrors() == (Mirror(MirrorName("b"), "file:///x"),)


def test_a_directory_in_the_place_of_the_file_is_an_error(config: MirrorConfig) -> None:
    config._path.mkdir(parents=True)
    with pytest.raises(WrongUse, match="The mirrors cannot be read"):
        config.mirrors()


def test_a_place_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(StoreError, match="A file cannot be written"):
        MirrorConfig(Path("/proc/nowhere/mirrors.yaml")).add(
            Mirror(MirrorName("a"), "https://a.example")
        )


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://h.example/a/b/", "https://h.example/a/b"),
        ("HTTP://h.example", "http://h.example"),
        ("https://u:p@h.example:81/a//", "https://u:p@h.example:81/a"),
        ("file:///srv/a%20b/", "file:///srv/a%20b"),
        ("/srv/a b/ü", "file:///srv/a%20b/%C3%BC"),
        ("cache", "file:///base/dir/cache"),
        ("../cache/./x", "file:///base/cache/x"),
        ("/srv/%2e%2e", "file:///srv/%252e%252e"),
        ("~/cache", "file:///people/me/cache"),
        ("$WHERE/cache", "file:///scratch/cache"),
        ("/$NOWHERE/cache", "file:///%24NOWHERE/cache"),
    ],
)
def test_urls_and_paths(text: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/people/me")
    monkeypatch.setenv("WHERE", "/scratch")
    assert normalise_url(text, BASE) == url


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is neither a URL nor a path"),
        ("  ", "'  ' is neither a URL nor a path"),
        ("a\0b", "'a\\x00b' is neither a URL nor a path"),
        ("s3://bucket/x", "Mirrors on s3:// are not read yet: s3://bucket/x"),
        ("oci+http://h/x", "Mirrors on oci+http:// are not read yet: oci+http://h/x"),
        ("ftp://u:p@h/x", "Mirrors on ftp:// are not read yet: ftp://h/x"),
        ("https:///x", "https:///x names no host"),
        ("http://u:p@/x", "http:///x names no host"),
        ("https://h/x?token=1", "https://h/x goes on with a query, which a mirror cannot have"),
    ],
)
def test_urls_that_are_refused(text: str, why: str) -> None:
    with pytest.raises(WrongUse) as caught:
        normalise_url(text, BASE)
    assert caught.value.title == why


@given(st.text(st.characters(exclude_characters="\0$~", exclude_categories=["Cs"]), min_size=1))
def test_any_path_comes_out_as_it_went_in(name: str) -> None:
    path = Path("/srv") / name.lstrip("/")
    url = normalise_url(str(path), BASE)
    assert path_of(url) == Path(os.path.abspath(path))
    assert normalise_url(url, BASE) == url
