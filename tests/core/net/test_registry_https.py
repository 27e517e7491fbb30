"""A real registry by HTTPS, which is what `oci://` means."""

import base64
import json
from collections.abc import Generator
from pathlib import Path

import pytest

from core.errors import MirrorError
from core.model.mirror import Connection
from core.net.registry import Repository, parse_repository
from core.net.registry_transport import RegistryTransport
from tests.servers.recorded import NAME
from tests.servers.registry import PASSWORD, USER, Registry, password_file, run_registry
from tests.servers.scripted import Answer, serve_script

INDEX = "sha256:4676632bd530128c21959232220dd42210103218a4d68fc6ea931bbd4413e6e6"


@pytest.fixture
def repository(
    tmp_path: Path, certificate: Path, golden_registry: Registry
) -> Generator[Repository]:
    """The golden images, by HTTPS and with passwords."""
    storage = golden_registry.storage
    with run_registry(tmp_path, password_file(tmp_path), storage, certificate) as registry:
        yield parse_repository(f"oci://{registry.place}/{NAME}")


def index_of(repository: Repository) -> bytes:
    transport = RegistryTransport(repository, Connection())
    try:
        return transport.get(repository.manifest_url("index.spack"), limit=1000)
    finally:
        transport.close()


def test_passwords_by_https(
    repository: Repository, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MirrorError, match=r"The certificate of 127\.0\.0\.1:"):
        index_of(repository)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    logins = tmp_path / "auth.json"
    logins.write_text(json.dumps({"auths": {repository.domain: {"auth": pair}}}))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(logins))
    assert INDEX in index_of(repository).decode()


def test_a_registry_that_speaks_no_https() -> None:
    with serve_script(lambda _: Answer()) as server:
        repository = parse_repository(f"oci://{server.place}/a/b")
        with pytest.raises(MirrorError, match=r"No secure connection to 127\.0\.0\.1:"):
            index_of(repository)
