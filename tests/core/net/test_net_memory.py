"""Documents that are not sent again if they are unchanged."""

from pathlib import Path

import pytest

from core.errors import MirrorError, TooLong
from core.net.http import HttpTransport
from core.net.memory import Memory
from tests.core.net.asking import CONTENT, QUICK
from tests.simulator.server import Fault, FaultyServer

NAMES = frozenset({"blob"})


def ask(server: FaultyServer, directory: Path, limit: int = len(CONTENT)) -> bytes:
    """What a new process gets."""
    transport = HttpTransport(QUICK, memory=Memory(directory, NAMES))
    try:
        return transport.get(f"{server.url}/blob", limit=limit)
    finally:
        transport.close()


def tags(server: FaultyServer) -> list[str | None]:
    return [headers.get("If-None-Match") for headers in server.asked("blob")]


def test_what_is_unchanged_is_not_sent_again(server: FaultyServer, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    server.fail("blob", Fault(headers={"ETag": '"one"'}))
    assert ask(server, memory) == CONTENT
    server.fail("blob", Fault(status=304))
    assert ask(server, memory) == CONTENT
    assert tags(server) == [None, '"one"']
    server.fail("blob", Fault(body=b"new", headers={"ETag": '"two"'}))
    assert ask(server, memory) == b"new"
    server.fail("blob", Fault(status=304))
    assert ask(server, memory) == b"new"
    assert tags(server)[2:] == ['"one"', '"two"']


@pytest.mark.parametrize("tag", ['W/"weak"', "bare", '"a"b"', '"' + "x" * 600 + '"'])
def test_other_tags_are_not_used(tag: str, server: FaultyServer, tmp_path: Path) -> None:
    server.fail("blob", Fault(headers={"ETag": tag}))
    ask(server, tmp_path / "memory")
    ask(server, tmp_path / "memory")
    assert tags(server) == [None, None]


def test_only_the_named_documents_are_kept(server: FaultyServer, tmp_path: Path) -> None:
    server.fail("", Fault(headers={"ETag": '"one"'}))
    transport = HttpTransport(QUICK, memory=Memory(tmp_path / "memory", NAMES))
    transport.get(f"{server.url}/a%20b%2Bc", limit=100)
    transport.close()
    assert not (tmp_path / "memory").exists()


def test_what_was_spoiled_is_asked_for_again(server: FaultyServer, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    server.fail("blob", Fault(headers={"ETag": '"one"'}))
    ask(server, memory)
    (kept,) = memory.iterdir()
    whole = kept.read_bytes()
    for spoiled in (b"", whole[:-9], whole.replace(b"/blob", b"/other")):
        kept.write_bytes(spoiled)
        assert ask(server, memory) == CONTENT
    assert tags(server) == [None] * 4


def test_an_unasked_304_is_an_error(server: FaultyServer, tmp_path: Path) -> None:
    server.fail("blob", Fault(status=304))
    with pytest.raises(MirrorError, match="answers with status 304"):
        ask(server, tmp_path / "memory")


def test_the_limit_holds_for_what_is_remembered(server: FaultyServer, tmp_path: Path) -> None:
    server.fail("blob", Fault(headers={"ETag": '"one"'}))
    ask(server, tmp_path / "memory")
    server.fail("blob", Fault(status=304))
    with pytest.raises(TooLong):
        ask(server, tmp_path / "memory", limit=10)


def test_a_place_that_cannot_be_written_does_no_harm(server: FaultyServer) -> None:
    server.fail("blob", Fault(headers={"ETag": '"one"'}))
    assert ask(server, Path("/proc/nowhere")) == CONTENT


def test_a_login_is_not_kept(server: FaultyServer, tmp_path: Path) -> None:
    server.fail("blob", Fault(headers={"ETag": '"one"'}))
    url = server.url.replace("http://", "http://user:hunter2@")
    transport = HttpTransport(QUICK, memory=Memory(tmp_path / "memory", NAMES))
    transport.get(f"{url}/blob", limit=len(CONTENT))
    transport.close()
    (kept,) = (tmp_path / "memory").iterdir()
    assert b"hunter2" not in kept.read_bytes()
    assert kept.stat().st_mode & 0o077 == 0
