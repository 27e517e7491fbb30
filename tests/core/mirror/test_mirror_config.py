"""Mirrors in Spack's own format."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.errors import StoreError, WrongUse
from core.mirror.config import Mirror, MirrorConfig, normalise_url
from core.model.ident import MirrorName
from core.model.mirror import Connection
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
    assert written(tmp_path, SPACK).read().mirrors == (
        Mirror(MirrorName("plain"), "https://cache.example/develop", True),
        Mirror(
            MirrorName("full"),
            "https://cache.example/full",
            False,
            Connection(user="me", secret_variable="SECRET"),
        ),
        Mirror(MirrorName("both"), "file:///srv/cache", True, view="small"),
        Mirror(MirrorName("short"), f"file://{tmp_path}/config/relative/cache", True),
    )


def test_no_file_and_an_empty_file_mean_no_mirrors(tmp_path: Path, config: MirrorConfig) -> None:
    assert config.read().mirrors == ()
    for text in ("", "mirrors:\n", "mirrors: {}\n", "other: 1\n"):
        (tmp_path / "config").mkdir(exist_ok=True)
        (tmp_path / "config" / "mirrors.yaml").write_text(text)
        assert config.read().mirrors == ()


def test_what_is_added_is_there_last(config: MirrorConfig) -> None:
    first = Mirror(MirrorName("first"), "https://a.example/x")
    second = Mirror(MirrorName("second"), "file:///srv/with%20blank", signed=False)
    config.add(first)
    config.add(second)
    assert config.read().mirrors == (first, second)


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
    assert [mirror.name for mirror in config.read().mirrors] == ["a", "b"]


def test_a_name_can_be_taken_once(config: MirrorConfig) -> None:
    config.add(Mirror(MirrorName("a"), "https://a.example"))
    with pytest.raises(WrongUse) as caught:
        config.add(Mirror(MirrorName("a"), "https://b.example"))
    assert caught.value.title == "There is a mirror called a"
    assert config.read().mirrors == (Mirror(MirrorName("a"), "https://a.example"),)


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
        config.read()
    assert caught.value.title == f"The mirrors cannot be read: {why}"
    assert caught.value.detail == f"File {tmp_path}/config/mirrors.yaml"


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("3", "mirror 'a' is neither a URL nor an object"),
        ("{}", "mirror 'a' has no url"),
        ("{push: /x}", "mirror 'a' has no url"),
        ("{url: [x]}", "mirror 'a' has no url"),
        ("{url: /x, signed: maybe}", "signed of mirror 'a' is neither true nor false"),
        ("{url: /x, binary: 1}", "binary of mirror 'a' is neither true nor false"),
        ("{url: /x, profile: 1}", "profile of mirror 'a' is not text"),
        ("~nobody-of-that-name/x", "begins with a home directory that is not known here"),
        ("'sftp://u:secret@b/c'", "Mirrors on sftp:// are not read: sftp://b/c"),
        ("'https://u:secret@b/c'", "does not belong into the URL of a mirror: https://b/c"),
        ("{url: /x, access_pair: [me, secret]}", "has its secret in the file"),
        ("{url: /x, access_pair: {id: me, secret: secret}}", "has its secret in the file"),
        ("{url: /x, access_token: secret}", "has its secret in the file"),
        ("{url: /x, fetch: {url: /y, access_token: secret}}", "has its secret in the file"),
    ],
)
def test_a_bad_entry_is_named_and_harms_no_other(entry: str, why: str, tmp_path: Path) -> None:
    config = written(tmp_path, f"mirrors: {{a: {entry}, b: /x}}\n")
    found = config.read()
    assert found.mirrors == (Mirror(MirrorName("b"), "file:///x"),)
    (bad,) = found.broken
    assert bad.name == "a"
    assert why in bad.problem
    assert "secret" not in bad.url + bad.problem.replace("secret in the file", "").replace(
        "secret_variable", ""
    )
    config.remove("a")
    assert config.read().broken == ()


@pytest.mark.parametrize(("name", "said"), [("'a b'", "'a b'"), ("3", "3")])
def test_a_bad_name_is_named_and_can_be_removed(name: str, said: str, tmp_path: Path) -> None:
    config = written(tmp_path, f"mirrors: {{{name}: /x}}\n")
    (bad,) = config.read().broken
    assert bad.problem == f"{said} is not a mirror name (letters, digits, . _ @ + -)."
    config.remove(bad.name)
    assert config.names() == frozenset()


def test_the_object_for_fetching_counts_more(tmp_path: Path) -> None:
    text = """\
mirrors:
  a:
    url: https://beside.example
    signed: false
    profile: beside
    access_pair: [null, null]
    fetch:
      url: https://fetch.example
      profile: fetch
      endpoint_url: https://minio.example
      access_token_variable: TOKEN
      access_pair: {id_variable: ID, secret_variable: SECRET}
    push: {url: https://push.example, profile: push}
"""
    connection = Connection(
        user_variable="ID",
        secret_variable="SECRET",
        token_variable="TOKEN",
        profile="fetch",
        endpoint_url="https://minio.example",
    )
    mirror = Mirror(MirrorName("a"), "https://fetch.example", False, connection)
    assert written(tmp_path, text).read().mirrors == (mirror,)


def test_a_connection_survives_being_written(config: MirrorConfig) -> None:
    connection = Connection("me", "", "SECRET", "TOKEN", "site", "https://minio.example")
    mirror = Mirror(MirrorName("a"), "https://a.example", True, connection)
    config.add(mirror)
    assert config.read().mirrors == (mirror,)


def test_a_directory_in_the_place_of_the_file_is_an_error(config: MirrorConfig) -> None:
    config._path.mkdir(parents=True)
    with pytest.raises(WrongUse, match="The mirrors cannot be read"):
        config.read()


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
        ("https://h.example:81/a//", "https://h.example:81/a"),
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
        ("sftp://bucket/x", "Mirrors on sftp:// are not read: sftp://bucket/x"),
        ("ftp://u:p@h/x", "Mirrors on ftp:// are not read: ftp://h/x"),
        (
            "https://token@h/x",
            "A login does not belong into the URL of a mirror: https://h/x",
        ),
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


def test_a_view_is_kept_and_cannot_lead_elsewhere(tmp_path: Path) -> None:
    text = "mirrors:\n  a: {url: /x, view: climate/2026.1}\n  b: {url: /x, view: ../b}\n"
    config = written(tmp_path, text)
    (mirror,) = config.read().mirrors
    assert mirror.view == "climate/2026.1"
    config.add(replace(mirror, name=MirrorName("c")))
    assert config.read().mirrors[1].view == "climate/2026.1"
    (problem,) = config.read().broken
    assert problem.problem == "view of mirror 'b' is '../b', which is no name of an index."
