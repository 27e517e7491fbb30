"""A real registry: open to everybody, with passwords, and with tokens."""

import base64
import json
from collections.abc import Generator
from pathlib import Path

import pytest

from core.errors import MirrorError
from core.mirror.client import MirrorClient, open_mirror
from core.model.ident import MirrorName
from core.model.mirror import Connection, Mirror
from core.model.spec import spec_from_node
from core.trust.policy import ACCEPT_UNSIGNED_BINARIES
from core.trust.verify import Verifier
from tests.core.catalog.golden_index import records_of
from tests.core.mirror.reading import fetch_archive, nothing
from tests.servers.registry import PASSWORD, USER, Registry, password_file, run_registry
from tests.servers.tokens import serve_tokens

KELP = "6sbfuoppgn7dvzn6eqvmrevoymxdwvxs"


@pytest.fixture
def with_passwords(tmp_path: Path, golden_registry: Registry) -> Generator[Registry]:
    """The golden images, for those who know the password."""
    storage = golden_registry.storage
    with run_registry(tmp_path, password_file(tmp_path), storage) as registry:
        yield registry


def mirror_of(registry: Registry, connection: Connection | None = None) -> Mirror:
    url = registry.mirror_url()
    return Mirror(MirrorName("registry"), url, signed=False, connection=connection or Connection())


def log_in(monkeypatch: pytest.MonkeyPatch, directory: Path, registry: Registry) -> None:
    """Do what `docker login` does."""
    pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    directory.mkdir(exist_ok=True)
    auths = {registry.place: {"auth": pair}}
    (directory / "config.json").write_text(json.dumps({"auths": auths}))
    monkeypatch.setenv("DOCKER_CONFIG", str(directory))


def kelp_arrives(client: MirrorClient, golden: Path, tmp_path: Path) -> None:
    """Index, and a build with all checks."""
    client.fetch_index(client.index_record(), tmp_path / "index", progress=nothing)
    assert KELP.encode() in (tmp_path / "index").read_bytes()
    spec = spec_from_node(records_of(golden)[KELP]["spec"], KELP)
    trust = Verifier(client.mirror, (), ACCEPT_UNSIGNED_BINARIES, tmp_path / "keyrings")
    manifest = trust.manifest(client.manifest(spec))
    document = client.spec_document(manifest)
    fetched = fetch_archive(client, manifest, document, tmp_path)
    assert trust.artifact(fetched).spec.hash == KELP
    client.close()


def test_a_registry_open_to_everybody(
    golden_registry: Registry, golden: Path, tmp_path: Path
) -> None:
    kelp_arrives(open_mirror(mirror_of(golden_registry)), golden, tmp_path)


def test_passwords_from_dockers_file(
    with_passwords: Registry, golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MirrorError, match="asks for a login for harbor/cache"):
        open_mirror(mirror_of(with_passwords))
    log_in(monkeypatch, tmp_path / "docker", with_passwords)
    kelp_arrives(open_mirror(mirror_of(with_passwords)), golden, tmp_path)


def test_a_password_from_the_configuration(
    with_passwords: Registry, golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Connection(user=USER, secret_variable="HARBOR_SECRET")
    monkeypatch.setenv("HARBOR_SECRET", "wrong")
    with pytest.raises(MirrorError, match="does not accept the login"):
        open_mirror(mirror_of(with_passwords, connection))
    monkeypatch.setenv("HARBOR_SECRET", PASSWORD)
    kelp_arrives(open_mirror(mirror_of(with_passwords, connection)), golden, tmp_path)


def test_tokens_for_everybody(golden_registry: Registry, golden: Path, tmp_path: Path) -> None:
    with (
        serve_tokens(tmp_path, needs_login=False) as (service, settings),
        run_registry(tmp_path, settings, golden_registry.storage) as registry,
    ):
        kelp_arrives(open_mirror(mirror_of(registry)), golden, tmp_path)
        assert service.authorizations() == [None]


def test_tokens_for_those_who_log_in(
    golden_registry: Registry, golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        serve_tokens(tmp_path, needs_login=True) as (_, settings),
        run_registry(tmp_path, settings, golden_registry.storage) as registry,
    ):
        with pytest.raises(MirrorError, match="asks for a login for harbor/cache"):
            open_mirror(mirror_of(registry))
        log_in(monkeypatch, tmp_path / "docker", registry)
        kelp_arrives(open_mirror(mirror_of(registry)), golden, tmp_path)
