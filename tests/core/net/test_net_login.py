"""Logins for web servers: where they come from, and where they never go."""

import base64
import traceback
from pathlib import Path

import pytest

from core.errors import MirrorError
from core.model.mirror import Connection
from core.net.http import HttpTransport
from core.net.login import find_login, origin_of
from core.net.object_logins import gs_options
from core.net.transport import open_transport
from tests.core.net.asking import CONTENT, QUICK, trouble
from tests.simulator.fixtures import Serve
from tests.simulator.server import Fault, FaultyServer

SECRET = "hunter2-very-secret"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def sent(server: FaultyServer, connection: Connection) -> str | None:
    """The `Authorization` header that a transport sends."""
    transport = open_transport(server.url, connection)
    try:
        transport.get(f"{server.url}/blob", limit=len(CONTENT))
    finally:
        transport.close()
    return server.requests[-1][1].get("Authorization")


def test_without_a_login_none_is_sent(server: FaultyServer) -> None:
    assert sent(server, Connection()) is None


def test_a_token_and_a_pair_from_the_environment(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", SECRET + "\n")
    monkeypatch.setenv("PASSWORD", "pass:wörd")
    monkeypatch.setenv("WHO", "me")
    token = Connection(token_variable="TOKEN")
    assert sent(server, token) == f"Bearer {SECRET}"
    pair = Connection(user="you", secret_variable="PASSWORD")
    assert sent(server, pair) == basic("you", "pass:wörd")
    named = Connection(user_variable="WHO", secret_variable="PASSWORD")
    assert sent(server, named) == basic("me", "pass:wörd")
    both = Connection(user="you", secret_variable="PASSWORD", token_variable="TOKEN")
    assert sent(server, both) == f"Bearer {SECRET}"


@pytest.mark.parametrize("value", [None, "", f"{SECRET}\r\nX-Other: 1", f"{SECRET}\x07"])
def test_a_variable_that_cannot_be_used_is_named(
    value: str | None, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is not None:
        monkeypatch.setenv("TOKEN", value)
    with pytest.raises(MirrorError) as caught:
        open_transport(server.url, Connection(token_variable="TOKEN"))
    assert "is in the environment variable TOKEN, which" in caught.value.title
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert server.requests == []


def netrc(tmp_path: Path, text: str) -> None:
    path = tmp_path / "home" / ".netrc"
    path.write_text(text)
    path.chmod(0o600)


def test_netrc_of_the_host(
    server: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc(tmp_path, f"machine 127.0.0.1 login me password {SECRET}\n")
    assert sent(server, Connection()) == basic("me", SECRET)
    monkeypatch.setenv("TOKEN", "token")
    assert sent(server, Connection(token_variable="TOKEN")) == "Bearer token"
    (tmp_path / "other").write_text("machine 127.0.0.1 login you password p\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "other"))
    assert sent(server, Connection()) == basic("you", "p")


@pytest.mark.parametrize(
    "text",
    [
        f"machine other.example login me password {SECRET}\n",
        f"default login me password {SECRET}\n",
        f"machine 127.0.0.1 nonsense {SECRET}\n",
    ],
)
def test_netrc_sends_nothing_to_a_host_it_does_not_name(
    text: str, server: FaultyServer, tmp_path: Path
) -> None:
    netrc(tmp_path, text)
    assert sent(server, Connection()) is None


def test_a_redirect_elsewhere_loses_the_login(
    server: FaultyServer, tmp_path: Path, serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    other = serving(tmp_path)
    server.fail("old", Fault(status=302, headers={"Location": f"{other.url}/blob"}))
    server.fail("here", Fault(status=302, headers={"Location": "/blob"}))
    login = find_login(server.url, Connection(token_variable="TOKEN"))
    transport = HttpTransport(QUICK, login)
    assert transport.get(f"{server.url}/old", limit=len(CONTENT)) == CONTENT
    assert "Authorization" in server.asked("old")[0]
    assert "Authorization" not in other.asked("blob")[0]
    assert transport.get(f"{server.url}/here", limit=len(CONTENT)) == CONTENT
    assert server.asked("blob")[0]["Authorization"] == f"Bearer {SECRET}"
    assert transport.get(f"{other.url}/blob", limit=len(CONTENT)) == CONTENT
    assert "Authorization" not in other.asked("blob")[1]
    transport.close()


def test_a_resumed_stream_is_still_logged_in(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    server.fail("blob", Fault(cut_after=1000, times=1))
    login = find_login(server.url, Connection(token_variable="TOKEN"))
    transport = HttpTransport(QUICK, login)
    with transport.stream(f"{server.url}/blob", limit=len(CONTENT)) as chunks:
        assert b"".join(chunks) == CONTENT
    assert [item.get("Authorization") for item in server.asked("blob")] == [f"Bearer {SECRET}"] * 2
    transport.close()


def test_no_error_shows_the_login(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    login = find_login(server.url, Connection(token_variable="TOKEN"))
    assert SECRET not in repr(login)
    transport = HttpTransport(QUICK, login)
    for status in (400, 401, 403, 404, 500):
        server.fail("blob", Fault(status=status))
        error = trouble(transport, f"{server.url}/blob")
        assert SECRET not in "".join(traceback.format_exception(error))
    server.fail("blob", Fault(status=401))
    assert "~/.netrc" in trouble(transport, f"{server.url}/blob").hint
    transport.close()


def test_origins() -> None:
    assert origin_of("https://h.example/a") == ("https", "h.example", 443)
    assert origin_of("http://h.example:80/a") == ("http", "h.example", 80)
    assert origin_of("https://h.example:x/a") is None
    assert origin_of("file:///a") is None


def test_who_has_no_home_directory_has_no_login_there(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: {}["nobody"])
    assert sent(server, Connection()) is None
    assert gs_options() == {"skip_signature": True}
