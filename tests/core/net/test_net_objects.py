"""Mirrors in object stores, against a real S3 server on this host."""

import os
import sys
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.errors import Interrupted, MirrorError, NotFound, TooLong, WrongUse
from core.mirror.client import open_mirror
from core.model.ident import MirrorName
from core.model.mirror import Connection, Mirror
from core.net.transport import Transport, open_transport
from tests.servers.s3 import KEY, S3, SECRET
from tests.simulator.fixtures import Serve
from tests.simulator.server import Fault

CONTENT = bytes(range(256)) * 4096


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "S3_", "GOOGLE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def transport(s3: S3, **more: str) -> Transport:
    return open_transport("s3://cache/x", Connection(endpoint_url=s3.url, **more))


def test_objects_are_read(s3: S3) -> None:
    s3.put("x/a b+c%2e~", CONTENT)
    opened = transport(s3)
    url = "s3://cache/x/a%20b%2Bc%252e~"
    assert opened.get(url, limit=len(CONTENT)) == CONTENT
    with opened.stream(url, limit=len(CONTENT)) as chunks:
        assert b"".join(chunks) == CONTENT
    for start in (700, len(CONTENT), len(CONTENT) + 5):
        with opened.stream(url, limit=len(CONTENT), start=start) as chunks:
            assert b"".join(chunks) == CONTENT[start:]
    assert opened.exists(url)
    assert not opened.exists("s3://cache/x/nothing")
    with pytest.raises(NotFound, match="s3://cache/x/nothing does not exist"):
        opened.get("s3://cache/x/nothing", limit=1)
    with pytest.raises(TooLong):
        opened.get(url, limit=len(CONTENT) - 1)
    token = CancelToken()
    token.cancel()
    with pytest.raises(Interrupted):
        opened.get(url, limit=len(CONTENT), cancel=token)


def test_a_private_object_needs_a_login(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put("x/private", CONTENT, "private")
    url = "s3://cache/x/private"
    with pytest.raises(NotFound, match="does not exist, or may not be read") as caught:
        transport(s3).get(url, limit=len(CONTENT))
    assert "access_pair" in caught.value.hint
    monkeypatch.setenv("KEPT", SECRET)
    pair = transport(s3, user=KEY, secret_variable="KEPT")
    assert pair.get(url, limit=len(CONTENT)) == CONTENT
    with pytest.raises(MirrorError, match="There is no profile called site"):
        transport(s3, profile="site")
    aws = tmp_path / "home/.aws"
    aws.mkdir()
    lines = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    (aws / "credentials").write_text(f"[site]\n{lines}")
    (aws / "config").write_text(f"[profile site]\nendpoint_url = {s3.url}\n")
    site = open_transport("s3://cache/x", Connection(profile="site"))
    assert site.get(url, limit=len(CONTENT)) == CONTENT
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("S3_ENDPOINT_URL", s3.url)
    assert open_transport("s3://cache/x").get(url, limit=len(CONTENT)) == CONTENT


def test_a_mirror_in_a_bucket_is_the_mirror_in_a_directory(s3: S3, golden: Path) -> None:
    root = golden / "dev" / "mirror-signed"
    for path in root.rglob("*"):
        if path.is_file():
            s3.put(f"deep/{path.relative_to(root)}", path.read_bytes())
    here = open_mirror(Mirror(MirrorName("here"), root.as_uri()))
    there = open_mirror(Mirror(MirrorName("there"), "s3://cache/deep", connection=s3.connection))
    assert there.layout == here.layout
    assert there.index_record().sha256 == here.index_record().sha256
    assert there.key_texts() == here.key_texts() != ()
    read = open_transport("s3://cache/deep", s3.connection)
    for blob in (root / "blobs").rglob("*"):
        if blob.is_file():
            url = f"s3://cache/deep/{blob.relative_to(root)}"
            assert read.get(url, limit=blob.stat().st_size) == blob.read_bytes()


def test_a_store_that_cannot_be_reached_keeps_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", SECRET)
    connection = Connection(user=KEY, secret_variable="KEPT", endpoint_url="http://127.0.0.1:1")
    with pytest.raises(MirrorError, match="does not give s3://cache/x") as caught:
        open_transport("s3://cache/x", connection).get("s3://cache/x", limit=1)
    assert caught.value.retry
    assert SECRET not in repr(caught.value.__cause__) + str(caught.value)


def test_google_cloud_storage(
    tmp_path: Path, serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The API of objects is that of a plain web server.
    (tmp_path / "served/bucket/x").mkdir(parents=True)
    (tmp_path / "served/bucket/x/blob").write_bytes(CONTENT)
    server = serving(tmp_path / "served")
    marks = {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT"}
    server.fail("bucket/x/blob", Fault(headers=marks))
    monkeypatch.setenv("GOOGLE_BASE_URL", server.url)
    opened = open_transport("gs://bucket/x")
    assert opened.get("gs://bucket/x/blob", limit=len(CONTENT)) == CONTENT
    assert "Authorization" not in server.requests[-1][1]
    with pytest.raises(NotFound):
        opened.get("gs://bucket/x/nothing", limit=1)


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(WrongUse) as caught:
        open_transport("s3://cache/x")
    assert caught.value.title == ("s3:// needs the Python package obstore, which is not installed")
    assert 'pip install "spackbin[objects]"' in caught.value.hint
