"""References to images, and the names of their tags."""

import pytest

from core.errors import WrongUse
from core.net.registry import Repository, is_private, parse_repository, sanitised_tag

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("url", "scheme", "domain", "name"),
    [
        ("oci://ghcr.io/spack/cache", "https", "ghcr.io", "spack/cache"),
        ("oci+http://127.0.0.1:5000/harbor/cache", "http", "127.0.0.1:5000", "harbor/cache"),
        ("oci+http://[::1]:5000/cache", "http", "[::1]:5000", "cache"),
        ("oci://localhost/cache", "https", "localhost", "cache"),
        ("OCI://Example.COM/Organisation/Name/", "https", "Example.COM", "organisation/name"),
        ("oci://cache", "https", "index.docker.io", "library/cache"),
        ("oci://user/cache", "https", "index.docker.io", "user/cache"),
        ("oci://user/a/b", "https", "index.docker.io", "user/a/b"),
        ("oci://User/cache", "https", "User", "cache"),
        ("oci://ghcr.io/a/b:v1.2", "https", "ghcr.io", "a/b"),
        (f"oci://ghcr.io/a/b:v1@{DIGEST}", "https", "ghcr.io", "a/b"),
        ("oci://ghcr.io/a__b/c.d_e---f", "https", "ghcr.io", "a__b/c.d_e---f"),
    ],
)
def test_references(url: str, scheme: str, domain: str, name: str) -> None:
    assert parse_repository(url) == Repository(scheme, domain, name)


@pytest.mark.parametrize(
    "url",
    [
        "oci://",
        "oci:///cache",
        "oci://ghcr.io/",
        "oci://localhost",
        "oci+http://localhost:5000",
        "oci://team:5000/",
        "oci://ghcr.io/a//b",
        "oci://ghcr.io/../b",
        "oci://ghcr.io/a b",
        "oci://ghcr.io/a/b?c=d",
        "oci://ghcr.io/a/b#c",
        "oci://ghcr.io/.a",
        "oci://ghcr.io/a..b",
        "oci://ghcr.io/a_-b",
        "oci://ghcr.io/\u00e4",
        "oci://ghcr.io:0/a",
        "oci://ghcr.io:99999/a",
        "oci+http://[::::]/a",
        "oci://ghcr.io/a@sha512:" + "0" * 128,
        "oci://ghcr.io/" + "a" * 500,
        "https://ghcr.io/a/b",
        "oci:ghcr.io/a",
    ],
)
def test_what_is_no_reference(url: str) -> None:
    with pytest.raises(WrongUse):
        parse_repository(url)


def test_a_login_in_the_url_is_refused_and_not_shown() -> None:
    with pytest.raises(WrongUse, match="cannot hold a user name or password") as caught:
        parse_repository("oci://user:hunter2@ghcr.io/a/b")
    assert "hunter2" not in str(caught.value)
    assert "docker login" in caught.value.hint


def test_places() -> None:
    repository = parse_repository("oci+http://localhost:5000/a/b")
    assert repository.manifest_url("index.spack") == (
        "http://localhost:5000/v2/a/b/manifests/index.spack"
    )
    assert repository.tags_url() == "http://localhost:5000/v2/a/b/tags/list"


def test_tags() -> None:
    assert sanitised_tag("zlib-ng-2.2.4-abc.spack") == "zlib-ng-2.2.4-abc.spack"
    assert sanitised_tag("x-git.ab/c=1.0+d-abc.spack") == "x-git.ab_c_1.0_d-abc.spack"
    exact, long = "a" * 128, "b" * 70 + "c" * 70
    assert sanitised_tag(exact) == exact
    assert sanitised_tag(long) == "b" * 64 + "c" * 64


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/", True),
        ("http://127.0.0.1:5000/", True),
        ("http://[::1]/", True),
        ("http://localhost/", True),
        ("http://localhost.example.org/", False),
        ("http://10.0.0.1/", False),
        ("ftp://127.0.0.1/", False),
        ("https://", False),
        ("http://[::1/", False),
    ],
)
def test_where_nobody_listens(url: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert is_private(url) is expected


def test_a_proxy_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert not is_private("http://127.0.0.1/")
    assert is_private("https://127.0.0.1/")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert is_private("http://127.0.0.1/")
