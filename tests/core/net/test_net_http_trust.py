"""Where a web server may lead us, who vouches for it, and what must not be shown."""

import ssl
from pathlib import Path

import pytest

from core.errors import MirrorError
from core.net.http import HttpTransport
from core.net.urls import scheme_of, shown
from tests.core.net.asking import CONTENT, QUICK, trouble
from tests.simulator.server import Fault, FaultyServer, serve


def test_redirects_are_followed_up_to_a_bound(server: FaultyServer, http: HttpTransport) -> None:
    server.fail("old", Fault(status=302, headers={"Location": "/blob"}))
    assert http.get(f"{server.url}/old", limit=len(CONTENT)) == CONTENT
    server.fail("circle", Fault(status=307, headers={"Location": "/circle"}))
    error = trouble(http, f"{server.url}/circle")
    assert error.title == f"{server.url}/circle redirects more than 5 times"
    assert len(server.asked("circle")) == 6


def test_a_redirect_to_another_scheme_is_refused(server: FaultyServer, http: HttpTransport) -> None:
    server.fail("old", Fault(status=302, headers={"Location": "ftp://example.invalid/x"}))
    error = trouble(http, f"{server.url}/old")
    assert "redirects to a URL that is not HTTP" in error.title


def test_a_redirect_without_sense_is_an_error(server: FaultyServer, http: HttpTransport) -> None:
    server.fail("old", Fault(status=302, headers={"Location": "http://[::1/blob"}))
    assert isinstance(trouble(http, f"{server.url}/old"), MirrorError)


def test_a_proxy_that_asks_for_a_login(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    server.fail("", Fault(status=407))
    transport = HttpTransport(QUICK)
    error = trouble(transport, "http://mirror.invalid/blob")
    assert error.title == "The proxy asks for a login"
    transport.close()


def test_proxy_settings_that_make_no_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "gopher://proxy.invalid")
    with pytest.raises(MirrorError, match="HTTP cannot be used with the settings of this host"):
        HttpTransport()


def test_passwords_are_sent_and_never_shown(server: FaultyServer, http: HttpTransport) -> None:
    url = server.url.replace("http://", "http://user:secret@")
    assert http.get(f"{url}/blob", limit=len(CONTENT)) == CONTENT
    assert server.requests[0][1]["Authorization"].startswith("Basic ")
    for status in (400, 401, 403, 404, 503):
        server.fail("blob", Fault(status=status))
        assert "secret" not in str(trouble(http, f"{url}/blob?token=secret"))
    server.fail("blob", Fault(status=302, headers={"Location": "http://u:secret@x.invalid/"}))
    assert "secret" not in str(trouble(http, f"{url}/blob"))


def test_shown() -> None:
    assert shown("https://u:p@host:81/a%20b?X-Sign=1#x") == "https://host:81/a%20b"
    assert shown("http://u@ss:p@host/a") == "http://host/a"
    assert shown("file:///a b") == "file:///a b"
    assert shown("http://[::1/") == "a URL that cannot be read"
    assert scheme_of("HTTPS://x") == "https"
    assert scheme_of("oci+http://x") == "oci+http"
    assert scheme_of("/a/b://c") == ""


def test_a_certificate_that_nobody_vouches_for(
    tmp_path: Path, certificate: Path, http: HttpTransport
) -> None:
    with serve(tmp_path, tls(certificate)) as server:
        error = trouble(http, f"{server.url}/blob")
    assert error.title.startswith("The certificate of 127.0.0.1:")
    assert "self-signed certificate" in error.title
    assert "SSL_CERT_FILE" in error.hint
    assert not error.retry


def test_https_with_an_authority_of_ones_own(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    (tmp_path / "blob").write_bytes(CONTENT)
    transport = HttpTransport(QUICK)
    with serve(tmp_path, tls(certificate)) as server:
        assert transport.get(f"{server.url}/blob", limit=len(CONTENT)) == CONTENT
        server.fail("old", Fault(status=301, headers={"Location": "http://127.0.0.1:1/blob"}))
        error = trouble(transport, f"{server.url}/old")
        assert error.title == f"{server.url}/old redirects from https to http"
    transport.close()


def test_a_server_that_speaks_no_tls(server: FaultyServer, http: HttpTransport) -> None:
    error = trouble(http, server.url.replace("http:", "https:") + "/blob")
    assert error.title.startswith("No secure connection to 127.0.0.1:")


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
