"""Whose certificates are believed."""

from pathlib import Path

import pytest

from core.errors import MirrorError
from core.net.http import HttpTransport
from tests.core.net.asking import CONTENT, QUICK, trouble
from tests.core.net.test_net_http_trust import tls
from tests.simulator.server import serve


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_an_authority_of_ones_own(
    variable: str, tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blob").write_bytes(CONTENT)
    with serve(tmp_path, tls(certificate)) as server:
        stranger = HttpTransport(QUICK)
        assert "certificate" in trouble(stranger, f"{server.url}/blob").title
        stranger.close()
        monkeypatch.setenv(variable, str(certificate))
        transport = HttpTransport(QUICK)
        assert transport.get(f"{server.url}/blob", limit=len(CONTENT)) == CONTENT
        transport.close()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_file_that_is_not_there(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "none.pem"))
    with pytest.raises(MirrorError) as caught:
        HttpTransport()
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint
