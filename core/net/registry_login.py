"""Logging in to a registry: from a challenge and a login to an `Authorization` header."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit, urlunsplit

from core.errors import MirrorError, WrongUse
from core.model.documents import json_object
from core.net.registry import Repository, is_private
from core.net.registry_challenge import Challenge, parse_challenges
from core.net.registry_credentials import FoundLogin
from core.net.urls import shown

MAX_TOKEN_ANSWER = 1 << 18
"""Bytes that the answer of a token service may have."""

Ask = Callable[[str, str], bytes]
"""Fetches (URL, `Authorization` header or an empty string) from a token service."""


def authorization(repository: Repository, header: str, found: FoundLogin, ask: Ask) -> str:
    """The `Authorization` header that answers a challenge.

    User and password go to the registry, or to the token service that it names, and only where
    nobody on the way can read them. Without them a token is asked for all the same: registries
    give tokens for public repositories to everybody.

    Args:
        repository: what is to be read.
        header: the `WWW-Authenticate` header of the answer 401.
        found: the login for this registry.
        ask: fetches from the token service; its errors pass.

    Raises:
        MirrorError: there is no login that the registry accepts, or it may not be sent.
    """
    challenges = {challenge.scheme: challenge for challenge in parse_challenges(header)[::-1]}
    if "bearer" in challenges:
        return _bearer(repository, challenges["bearer"], found, ask)
    if "basic" not in challenges:
        ways = ", ".join(challenges) or "nothing that can be understood"
        raise MirrorError(
            f"The registry {repository.domain} asks for a login that spackbin does not know",
            f"It offers: {ways[:60]}",
        )
    if found.login is None:
        raise login_needed(repository, found)
    if not is_private(repository.url):
        raise MirrorError(
            f"The password for {repository.domain} would be readable on its way",
            "The registry is reached by oci+http://",
            "Use oci:// if the registry speaks HTTPS",
        )
    return found.login.basic()


def login_needed(repository: Repository, found: FoundLogin) -> MirrorError:
    """The error for a registry that lets nobody in, or not us."""
    domain = repository.domain
    if found.login:
        return MirrorError(
            f"The registry {domain} does not accept the login for {repository.name}",
            "User and password come from the files of Docker or Podman",
            f"Log in again with `docker login {domain}` or `podman login {domain}`",
        )
    hint = f"Log in with `podman login {domain}`, or `docker login {domain}`, and try again"
    if found.obstacle:
        hint = (
            f"Put the login into a file: podman login --authfile FILE {domain}, and set"
            " REGISTRY_AUTH_FILE=FILE"
        )
    return MirrorError(
        f"The registry {domain} asks for a login for {repository.name}",
        found.obstacle or "If the name is right, it is not open to everybody",
        hint,
    )


def _bearer(repository: Repository, challenge: Challenge, found: FoundLogin, ask: Ask) -> str:
    """A token from the token service that the challenge names (Docker's token protocol)."""
    given = challenge.parameters
    realm = given.get("realm", "")
    scope = given.get("scope") or f"repository:{repository.name}:pull"
    # A service on this machine may do without HTTPS, but only for a registry on this machine.
    is_safe = realm.startswith("https://") or is_private(repository.url)
    if not is_private(realm) or not is_safe:
        raise MirrorError(
            f"The registry {repository.domain} names a token service that is not reached by HTTPS",
            shown(realm),
            "Tell who runs the registry",
        )
    query = {"service": given.get("service", ""), "scope": scope, "client_id": "spackbin"}
    pairs = {name: value for name, value in query.items() if value}
    parts = urlsplit(realm)
    url = urlunsplit(
        (parts.scheme, parts.netloc.rpartition("@")[2], parts.path, urlencode(pairs), "")
    )
    login = found.login if is_private(repository.url) else None
    return "Bearer " + _token(repository, ask(url, login.basic() if login else ""))


def _token(repository: Repository, answer: bytes) -> str:
    try:
        fields = json_object(answer)
    except WrongUse as error:
        raise _no_token(repository, error.title) from error
    token = fields.get("token") or fields.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise _no_token(repository, "it has no token")
    return token


def _no_token(repository: Repository, reason: str) -> MirrorError:
    return MirrorError(
        f"The answer of the token service of {repository.domain} cannot be used: {reason}",
        hint="Try again later, or tell who runs the registry",
    )
