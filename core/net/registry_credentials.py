"""How to log in to a registry: what the configuration says, else what Docker or Podman were told.

Read are `$REGISTRY_AUTH_FILE`, Docker's `config.json` and Podman's `auth.json`. Programs that these
files may name (credential helpers) are not run: a file from elsewhere must not start programs.
"""

import base64
import binascii
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import MirrorError, WrongUse
from core.model.documents import as_object, json_object
from core.model.mirror import Connection
from core.net.login import access_pair
from core.net.registry import DOCKER_HUB, Repository

MAX_FILE = 1 << 20
"""Bytes that such a file may have."""

_HUB_KEYS = ("index.docker.io", "docker.io", "registry-1.docker.io")


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """User and password for one registry. Neither is ever shown."""

    user: str = field(repr=False)
    """User name."""
    password: str = field(repr=False)
    """Password or access token."""

    def basic(self) -> str:
        """The value of an `Authorization` header (RFC 7617)."""
        pair = f"{self.user}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


@dataclass(frozen=True, slots=True)
class FoundLogin:
    """What the files say about one registry."""

    login: RegistryLogin | None = None
    """User and password, if there are any that can be used."""
    obstacle: str = ""
    """Why what is there cannot be used, as a sentence; empty if nothing is in the way."""


def find_registry_login(repository: Repository, connection: Connection) -> FoundLogin:
    """The login that is configured for the mirror, else the most specific one of the first file.

    Raises:
        MirrorError: a file is there and cannot be read, or the configuration names an environment
            variable that cannot be used.
    """
    if pair := access_pair(connection):
        return FoundLogin(RegistryLogin(*pair))
    obstacle = ""
    for path in _files():
        found = _in_file(path, repository)
        if found.login:
            return found
        obstacle = obstacle or found.obstacle
    return FoundLogin(obstacle=obstacle)


def _files() -> Iterator[Path]:
    home = Path(os.path.expanduser("~"))
    if named := os.environ.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    docker = os.environ.get("DOCKER_CONFIG")
    yield (Path(docker) if docker else home / ".docker") / "config.json"
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "containers" / "auth.json"
    config = os.environ.get("XDG_CONFIG_HOME")
    yield (Path(config) if config else home / ".config") / "containers" / "auth.json"


def _in_file(path: Path, repository: Repository) -> FoundLogin:
    try:
        document = _read(path)
        if document is None:
            return FoundLogin()
        entries = as_object(document.get("auths", {}), "its auths")
        by_place = {_place(key): entry for key, entry in entries.items()}
        for place in _places(repository):
            if place in by_place:
                found = _login(as_object(by_place[place], f"its entry for {place}"))
                if found.login or found.obstacle:
                    return found
        return FoundLogin(obstacle=_helper(document, repository, path))
    except WrongUse as error:
        raise MirrorError(
            f"The logins for registries cannot be read: {error.title}",
            f"File {path}",
            "Correct the file, or log in again with `docker login` or `podman login`",
        ) from error


def _read(path: Path) -> Mapping[str, object] | None:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise WrongUse(error.strerror or "it cannot be opened") from error
    if len(data) > MAX_FILE:
        raise WrongUse(f"it has more than {MAX_FILE:,} bytes")
    return json_object(data) if data.strip() else None


def _places(repository: Repository) -> Iterator[str]:
    """The names under which a login may stand, most specific first (as Podman does)."""
    hosts = _HUB_KEYS if repository.domain == DOCKER_HUB else (repository.domain,)
    parts = repository.name.split("/")
    for count in range(len(parts), 0, -1):
        for host in hosts:
            yield "/".join([host.lower(), *parts[:count]])
    for host in hosts:
        yield host.lower()


def _place(key: str) -> str:
    """The key of an entry without scheme and API version: Docker writes `https://HOST/v1/`."""
    _, scheme, rest = key.partition("://")
    if scheme:
        key = re.sub("/v[12]/?$", "", rest)
    return key.rstrip("/").lower()


def _login(entry: Mapping[str, object]) -> FoundLogin:
    user, password, pair = (entry.get(name) for name in ("username", "password", "auth"))
    if isinstance(pair, str) and pair:
        user, password = _decoded(pair)
    if isinstance(user, str) and isinstance(password, str) and user and password:
        return FoundLogin(RegistryLogin(user, password))
    if entry.get("identitytoken") or entry.get("registrytoken"):
        return FoundLogin(obstacle="The login found for it is a token that spackbin cannot use.")
    return FoundLogin()


def _decoded(pair: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(pair, validate=True).decode()
    except (binascii.Error, ValueError):
        # Without its cause, which quotes what must not be shown.
        raise WrongUse("an auth in it is not user:password in base64") from None
    user, _, password = text.partition(":")
    # Docker ends what it writes with NUL where a token stands instead of a password.
    return user, password.rstrip("\0")


def _helper(document: Mapping[str, object], repository: Repository, path: Path) -> str:
    helpers = document.get("credHelpers")
    hosts = _HUB_KEYS if repository.domain == DOCKER_HUB else (repository.domain,)
    is_named = isinstance(helpers, dict) and any(host in helpers for host in hosts)
    if not is_named and not document.get("credsStore"):
        return ""
    return f"{path} leaves logins to a credential helper, and spackbin runs no such program."
