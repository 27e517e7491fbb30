"""Reading from a registry, and what of a login goes where."""

import base64
import json
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.errors import MirrorError, NotFound, SpackbinError
from core.model.mirror import Connection
from core.net.http import Patience
from core.net.registry import parse_repository
from core.net.registry_transport import RegistryTransport
from tests.servers.scripted import Answer, Asked, ScriptedServer, serve_script

QUICK = Patience(connect=5, read=1.5, window=0.3, least=1000, pause=0.01, longest_pause=0.05)
LOGIN = "Basic " + base64.b64encode(b"mariner:hunter2").decode()
BLOB = "/v2/a/b/blobs/x"

Serve = Callable[[Callable[[Asked], Answer]], ScriptedServer]
Reading = Callable[[ScriptedServer], RegistryTransport]


@pytest.fixture
def serving() -> Generator[Serve]:
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(serve_script(answer))


@pytest.fixture
def reading() -> Generator[Reading]:
    with ExitStack() as stack:

        def opened(server: ScriptedServer) -> RegistryTransport:
            repository = parse_repository(f"oci+http://{server.place}/a/b")
            transport = RegistryTransport(repository, Connection(), QUICK)
            stack.callback(transport.close)
            return transport

        yield opened


@pytest.fixture
def auth_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Call it with a registry to have a login for it."""

    def write(place: str) -> None:
        pair = base64.b64encode(b"mariner:hunter2").decode()
        path = tmp_path / "auth.json"
        path.write_text(json.dumps({"auths": {place: {"auth": pair}}}))
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(path))

    return write


def unauthorized(challenge: str) -> Answer:
    return Answer(401, b"{}", {"WWW-Authenticate": challenge})


def bearer(realm: str, scope: str = "repository:a/b:pull") -> Answer:
    return unauthorized(f'Bearer realm="{realm}",service="harbor",scope="{scope}"')


def get(transport: RegistryTransport, server: ScriptedServer, path: str = BLOB) -> bytes:
    return transport.get(server.url + path, limit=1000)


def trouble(transport: RegistryTransport, server: ScriptedServer) -> SpackbinError:
    with pytest.raises(SpackbinError) as caught:
        get(transport, server)
    assert "hunter2" not in str(caught.value)
    assert LOGIN not in str(caught.value)
    return caught.value


def basic_registry(asked: Asked) -> Answer:
    if asked.headers.get("authorization") != LOGIN:
        return unauthorized('Basic realm="harbor"')
    return Answer(200, b"blob")


def test_no_login_is_sent_before_it_is_asked_for(
    serving: Serve, reading: Reading, auth_file: Callable[[str], None]
) -> None:
    server = serving(lambda _: Answer(200, b"blob"))
    auth_file(server.place)
    assert get(reading(server), server) == b"blob"
    assert server.authorizations() == [None]
    assert "application/vnd.oci.image.manifest.v1+json" in server.asked[0].headers["accept"]


def test_basic_login_is_asked_for_once(
    serving: Serve, reading: Reading, auth_file: Callable[[str], None]
) -> None:
    server = serving(basic_registry)
    auth_file(server.place)
    transport = reading(server)
    assert get(transport, server) == get(transport, server) == b"blob"
    with transport.stream(server.url + BLOB, limit=4) as chunks:
        assert b"".join(chunks) == b"blob"
    assert server.authorizations() == [None, LOGIN, LOGIN, LOGIN]


def test_without_a_login(serving: Serve, reading: Reading) -> None:
    server = serving(basic_registry)
    error = trouble(reading(server), server)
    assert error.title == f"The registry {server.place} asks for a login for a/b"
    assert "podman login" in error.hint
    assert not error.retry
    assert len(server.asked) == 1


def test_a_wrong_login_is_tried_once(
    serving: Serve, reading: Reading, auth_file: Callable[[str], None]
) -> None:
    server = serving(lambda _: unauthorized('Basic realm="harbor"'))
    auth_file(server.place)
    error = trouble(reading(server), server)
    assert error.title == f"The registry {server.place} does not accept the login for a/b"
    assert server.authorizations() == [None, LOGIN]


def test_what_is_forbidden_is_not_missing(serving: Serve, reading: Reading) -> None:
    server = serving(lambda _: Answer(403))
    error = trouble(reading(server), server)
    assert not isinstance(error, NotFound)
    assert "asks for a login" in error.title


def test_a_credential_helper_is_named(
    serving: Serve, reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "auth.json"
    path.write_text('{"credsStore": "desktop"}')
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(path))
    server = serving(basic_registry)
    error = trouble(reading(server), server)
    assert error.detail.startswith(f"{path} leaves logins to a credential helper")
    assert "REGISTRY_AUTH_FILE" in error.hint


@pytest.mark.parametrize("challenge", ["", "Negotiate", 'Digest realm="x"', "\u00e4"])
def test_other_ways_to_log_in_are_not_known(
    serving: Serve, reading: Reading, challenge: str
) -> None:
    server = serving(lambda _: unauthorized(challenge))
    assert "asks for a login that spackbin does not know" in trouble(reading(server), server).title


def token_registry(service: ScriptedServer, token: str = "t0ken") -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {token}":
            return bearer(f"{service.url}/token")
        return Answer(200, b"blob")

    return answer


@pytest.mark.parametrize("field", ["token", "access_token"])
def test_a_token_for_everybody(serving: Serve, reading: Reading, field: str) -> None:
    service = serving(lambda _: Answer(200, json.dumps({field: "t0ken"}).encode()))
    server = serving(token_registry(service))
    transport = reading(server)
    assert get(transport, server) == get(transport, server) == b"blob"
    (path,) = service.paths()
    assert path == "/token?service=harbor&scope=repository%3Aa%2Fb%3Apull&client_id=spackbin"
    assert service.authorizations() == [None]
    assert server.authorizations() == [None, "Bearer t0ken", "Bearer t0ken"]


def test_a_token_for_a_login(
    serving: Serve, reading: Reading, auth_file: Callable[[str], None]
) -> None:
    service = serving(lambda _: Answer(200, b'{"token": "t0ken"}'))
    server = serving(token_registry(service))
    auth_file(server.place)
    assert get(reading(server), server) == b"blob"
    assert service.authorizations() == [LOGIN]
    assert LOGIN not in server.authorizations()


def test_a_token_that_has_expired_is_replaced(serving: Serve, reading: Reading) -> None:
    tokens = iter(["one", "two"])
    service = serving(lambda _: Answer(200, json.dumps({"token": next(tokens)}).encode()))
    server = serving(token_registry(service, "one"))
    transport = reading(server)
    assert get(transport, server) == b"blob"
    server.answer = token_registry(service, "two")
    assert get(transport, server) == b"blob"
    expected = [None, "Bearer one", "Bearer one", "Bearer two"]
    assert server.authorizations() == expected


def test_threads_share_one_token(serving: Serve, reading: Reading) -> None:
    service = serving(lambda _: Answer(200, b'{"token": "t0ken"}'))
    server = serving(token_registry(service))
    transport = reading(server)
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(get(transport, server))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"blob"] * 8
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(200, b"<html>"), "it is a web page, not JSON"),
        (Answer(200, b"{}"), "it has no token"),
        (Answer(200, b'{"token": 5}'), "it has no token"),
        (Answer(200, b'{"token": "a\\r\\nX-Evil: 1"}'), "it has no token"),
        (Answer(200, b'{"token": "\xc3\xa4"}'), "it has no token"),
        (Answer(200, b" " * 300_000), "has more than"),
        (Answer(401), "asks for a login for a/b"),
        (Answer(403), "asks for a login for a/b"),
        (Answer(302, b"", {"Location": "https://example.invalid/"}), "status 302"),
        (Answer(500), "status 500"),
    ],
)
def test_token_services_in_trouble(
    serving: Serve, reading: Reading, answer: Answer, problem: str
) -> None:
    service = serving(lambda _: answer)
    server = serving(token_registry(service))
    assert problem in trouble(reading(server), server).title


def test_a_token_service_with_a_hiccup(serving: Serve, reading: Reading) -> None:
    answers = iter([Answer(503), Answer(200, b'{"token": "t0ken"}')])
    service = serving(lambda _: next(answers))
    server = serving(token_registry(service))
    assert get(reading(server), server) == b"blob"


@pytest.mark.parametrize(
    "realm",
    ["http://auth.example.org/token", "ftp://127.0.0.1/", "", "file:///etc/passwd", "http://[::1/"],
)
def test_token_services_must_be_safe(
    serving: Serve, reading: Reading, auth_file: Callable[[str], None], realm: str
) -> None:
    server = serving(lambda _: bearer(realm))
    auth_file(server.place)
    error = trouble(reading(server), server)
    assert "names a token service that is not reached by HTTPS" in error.title
    assert server.authorizations() == [None]


def test_a_login_in_the_realm_is_not_used(serving: Serve, reading: Reading) -> None:
    service = serving(lambda _: Answer(200, b'{"token": "t0ken"}'))
    realm = service.url.replace("http://", "http://evil:hunter2@")

    def answer(asked: Asked) -> Answer:
        return Answer(200, b"blob") if "authorization" in asked.headers else bearer(realm)

    server = serving(answer)
    assert get(reading(server), server) == b"blob"
    assert service.authorizations() == [None]


def test_a_redirect_gets_no_login(
    serving: Serve, reading: Reading, auth_file: Callable[[str], None]
) -> None:
    store = serving(lambda _: Answer(200, b"blob"))

    def answer(asked: Asked) -> Answer:
        good = basic_registry(asked)
        return Answer(307, b"", {"Location": f"{store.url}/x"}) if good.status == 200 else good

    server = serving(answer)
    auth_file(server.place)
    assert get(reading(server), server) == b"blob"
    assert store.authorizations() == [None]
    assert server.authorizations() == [None, LOGIN]


def test_a_store_that_asks_for_a_login_gets_none(
    serving: Serve, reading: Reading, auth_file: Callable[[str], None]
) -> None:
    store = serving(lambda _: unauthorized('Basic realm="x"'))
    server = serving(lambda _: Answer(307, b"", {"Location": f"{store.url}/x"}))
    auth_file(server.place)
    assert isinstance(trouble(reading(server), server), MirrorError)
    assert store.authorizations() == [None]


def test_a_redirect_within_the_registry_keeps_the_login(
    serving: Serve, reading: Reading, auth_file: Callable[[str], None]
) -> None:
    def answer(asked: Asked) -> Answer:
        good = basic_registry(asked)
        if good.status == 200 and asked.path == BLOB:
            return Answer(307, b"", {"Location": "/moved"})
        return good

    server = serving(answer)
    auth_file(server.place)
    assert get(reading(server), server) == b"blob"
    assert server.paths() == [BLOB, BLOB, "/moved"]


def test_the_login_of_another_registry_is_not_sent(
    serving: Serve, reading: Reading, auth_file: Callable[[str], None]
) -> None:
    server = serving(basic_registry)
    auth_file("127.0.0.1:1")
    assert "asks for a login" in trouble(reading(server), server).title
    assert server.authorizations() == [None]


def test_no_password_over_plain_http(
    serving: Serve,
    reading: Reading,
    auth_file: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy stands for the open network: it can read all that goes by plain HTTP."""
    service = serving(lambda _: Answer(200, b'{"token": "t0ken"}'))
    server = serving(basic_registry)
    auth_file(server.place)
    monkeypatch.setenv("http_proxy", server.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    error = trouble(reading(server), server)
    assert "would be readable on its way" in error.title
    server.answer = token_registry(service)
    assert "not reached by HTTPS" in trouble(reading(server), server).title
    assert set(server.authorizations()) == {None}
    assert service.asked == []
