"""Logins for web servers: from environment variables that the configuration names, and netrc.

Netrc is read where curl and others look for it: `$NETRC`, else `~/.netrc`. Its `default` entry is
not used: a password must not go to a host that nobody thought of.
"""

import base64
import netrc
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import MirrorError
from core.model.mirror import Connection


@dataclass(frozen=True, slots=True)
class Login:
    """What to send to one server, and to no other."""

    origin: tuple[str, str, int]
    """Scheme, host and port of the server."""
    header: str = field(repr=False)
    """The value of the `Authorization` header (RFC 7617, RFC 6750). Never shown."""

    def header_for(self, url: str) -> str | None:
        """The header if `url` is on the server that it is for."""
        return self.header if origin_of(url) == self.origin else None


def find_login(url: str, connection: Connection) -> Login | None:
    """The login for the server of `url`: token, else user and password, else netrc, else none.

    Raises:
        MirrorError: the configuration names an environment variable that cannot be used.
    """
    origin = origin_of(url)
    if origin is None:
        return None
    if connection.token_variable:
        return Login(origin, f"Bearer {secret_in(connection.token_variable)}")
    pair = access_pair(connection) or _in_netrc(origin[1])
    return Login(origin, _basic(*pair)) if pair else None


def access_pair(connection: Connection) -> tuple[str, str] | None:
    """User and secret, `None` if none are configured.

    Raises:
        MirrorError: an environment variable that is named cannot be used.
    """
    if not connection.secret_variable:
        return None
    user = secret_in(connection.user_variable) if connection.user_variable else connection.user
    return user, secret_in(connection.secret_variable)


def secret_in(variable: str) -> str:
    """The secret in an environment variable.

    Raises:
        MirrorError: it is not set, or has characters that no login can have.
    """
    # A header line ends at a control character: what follows would be read as another header.
    secret = os.environ.get(variable, "").strip()
    if secret and secret.isprintable():
        return secret
    problem = "has characters that cannot be sent" if secret else "is not set"
    raise MirrorError(
        f"A mirror's login is in the environment variable {variable}, which {problem}",
        hint=f"Set {variable}, or change the entry of the mirror in mirrors.yaml",
    )


def origin_of(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of a web URL; `None` if it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and port else None


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def _in_netrc(host: str) -> tuple[str, str] | None:
    path = Path(os.environ.get("NETRC") or os.path.expanduser("~/.netrc"))
    # Without a file, and with one that makes no sense, nobody is logged in; the server says so.
    entry = _quietly(lambda: netrc.netrc(path).hosts.get(host))
    return (entry[0], entry[2] or "") if entry else None


def _quietly(
    read: Callable[[], tuple[str, str | None, str | None] | None],
) -> tuple[str, str | None, str | None] | None:
    try:
        return read()
    except (OSError, netrc.NetrcParseError, ValueError):
        return None
