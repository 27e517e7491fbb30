"""What Docker and Podman were told, and the configuration of a mirror."""

import base64
import json
from pathlib import Path

import pytest

from core.errors import MirrorError
from core.model.mirror import Connection
from core.net.registry import parse_repository
from core.net.registry_credentials import FoundLogin, RegistryLogin, find_registry_login

REPOSITORY = parse_repository("oci://registry.example.org:5000/team/cache")


def encoded(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


def found(url: str = "oci://registry.example.org:5000/team/cache") -> FoundLogin:
    return find_registry_login(parse_repository(url), Connection())


@pytest.fixture(autouse=True)
def _no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """Docker's file in the home directory."""
    path = tmp_path / "home" / ".docker" / "config.json"
    path.parent.mkdir()
    return path


def write(path: Path, auths: object, **more: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"auths": auths, **more}))


def test_without_any_file() -> None:
    assert found() == FoundLogin()


@pytest.mark.parametrize(
    "key",
    [
        "registry.example.org:5000",
        "https://registry.example.org:5000",
        "https://registry.example.org:5000/v1/",
        "https://registry.example.org:5000/v2/",
        "REGISTRY.example.org:5000/",
        "registry.example.org:5000/team",
        "registry.example.org:5000/team/cache",
    ],
)
def test_names_of_a_registry(docker: Path, key: str) -> None:
    write(docker, {"other.example.org": encoded("no:no"), key: encoded("user:a:b")})
    assert found() == FoundLogin(RegistryLogin("user", "a:b"))


@pytest.mark.parametrize(
    "key", ["registry.example.org", "registry.example.org:5000/te", "example.org:5000", "*"]
)
def test_a_login_for_another_place_is_not_used(docker: Path, key: str) -> None:
    write(docker, {key: encoded("user:secret")})
    assert found() == FoundLogin()


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io"])
def test_names_of_docker_hub(docker: Path, key: str) -> None:
    write(docker, {key: encoded("user:secret")})
    assert found("oci://someone/cache").login == RegistryLogin("user", "secret")


def test_the_most_specific_login_counts(docker: Path) -> None:
    place = "registry.example.org:5000"
    write(docker, {place: encoded("a:1"), f"{place}/team/cache": encoded("b:2")})
    assert found().login == RegistryLogin("b", "2")
    assert found(f"oci://{place}/team/other").login == RegistryLogin("a", "1")


def test_user_and_password_in_plain(docker: Path) -> None:
    entry = {"username": "user", "password": "secret"}
    write(docker, {"registry.example.org:5000": entry})
    assert found().login == RegistryLogin("user", "secret")


def test_order_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, docker: Path) -> None:
    def place(path: Path, user: str) -> None:
        write(path, {"registry.example.org:5000": encoded(f"{user}:x")})

    def user() -> str:
        login = found().login
        assert login
        return login.user

    place(tmp_path / "home/.config/containers/auth.json", "podman-home")
    assert user() == "podman-home"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    place(tmp_path / "xdg/containers/auth.json", "podman-xdg")
    assert user() == "podman-xdg"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    place(tmp_path / "run/containers/auth.json", "podman-run")
    assert user() == "podman-run"
    place(docker, "docker-home")
    assert user() == "docker-home"
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "elsewhere"))
    assert user() == "podman-run"
    place(tmp_path / "elsewhere/config.json", "docker-config")
    assert user() == "docker-config"
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "named.json"))
    place(tmp_path / "named.json", "named")
    assert user() == "named"
    monkeypatch.setenv("HARBOR_SECRET", "y")
    connection = Connection(user="configured", secret_variable="HARBOR_SECRET")
    login = find_registry_login(REPOSITORY, connection).login
    assert login == RegistryLogin("configured", "y")


@pytest.mark.parametrize(
    "more",
    [
        {"credsStore": "desktop"},
        {"credHelpers": {"registry.example.org:5000": "some"}},
    ],
)
def test_credential_helpers_are_not_run(docker: Path, more: dict[str, object]) -> None:
    write(docker, {"registry.example.org:5000": {}}, **more)
    assert found().login is None
    assert found().obstacle == (
        f"{docker} leaves logins to a credential helper, and spackbin runs no such program."
    )


def test_a_helper_for_another_registry_is_no_obstacle(docker: Path) -> None:
    write(docker, {}, credHelpers={"other.example.org": "some"})
    assert found() == FoundLogin()


def test_a_token_of_docker_cannot_be_used(docker: Path) -> None:
    entry = {**encoded("<token>:"), "identitytoken": "hunter2"}
    write(docker, {"registry.example.org:5000": entry})
    assert found().obstacle == "The login found for it is a token that spackbin cannot use."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "it is not complete JSON"),
        ("[]", "it is not an object"),
        ('{"auths": []}', "its auths is not an object"),
        ('{"auths": {"registry.example.org:5000": "x"}}', "is not an object"),
        ('{"auths": {"registry.example.org:5000": {"auth": "hunter2!"}}}', "in base64"),
        ('{"auths": {"registry.example.org:5000": {"auth": "/w=="}}}', "in base64"),
    ],
)
def test_files_that_make_no_sense(docker: Path, text: str, reason: str) -> None:
    docker.write_text(text)
    with pytest.raises(MirrorError) as caught:
        found()
    assert reason in caught.value.title
    assert caught.value.detail == f"File {docker}"
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_a_directory(docker: Path) -> None:
    docker.mkdir()
    with pytest.raises(MirrorError, match="Is a directory"):
        found()


def test_an_empty_file_is_as_good_as_none(docker: Path) -> None:
    docker.write_text("\n")
    assert found() == FoundLogin()


def test_a_login_is_never_shown() -> None:
    login = RegistryLogin("someone", "hunter2")
    assert "hunter2" not in repr(FoundLogin(login))
    assert "someone" not in repr(login)
