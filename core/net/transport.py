"""The one way to read from a mirror, whatever its URL."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from core.cancel import CancelToken
from core.errors import WrongUse
from core.model.mirror import Connection
from core.net import registry
from core.net.files import FileTransport
from core.net.memory import Memory
from core.net.urls import scheme_of, shown

SCHEMES = ("file", "http", "https", "s3", "gs", *registry.SCHEMES)
"""The schemes that `open_transport` speaks."""


class Transport(Protocol):
    """Reads by URL. May be used by several threads at once.

    Every method raises `NotFound` if there is no such thing, another `MirrorError` if the place
    cannot be read, and `Interrupted` if `cancel` was cancelled.
    """

    def get(self, url: str, *, limit: int, cancel: CancelToken | None = None) -> bytes:
        """A whole small document.

        Raises:
            TooLong: it has more than `limit` bytes.
        """
        ...

    def stream(
        self, url: str, *, limit: int, start: int = 0, cancel: CancelToken | None = None
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes as stored, in pieces of any size; errors come while they are read.

        From the byte `start` on: none if there are not that many. The limit counts from the first
        byte all the same.

        A connection that breaks is resumed where it broke. If the thing changed meanwhile, the
        pieces do not fit together: hold them against a digest.

        Raises:
            TooLong: more than `limit` bytes come. No piece beyond the limit is delivered.
        """
        ...

    def exists(self, url: str) -> bool:
        """True if something is there; for files also true for a directory."""
        ...

    def close(self) -> None:
        """Give up all connections."""
        ...


def open_transport(
    url: str, connection: Connection | None = None, memory: Memory | None = None
) -> Transport:
    """The transport for `url` and everything below it.

    Args:
        url: where the mirror is.
        connection: how to log in there, if that is configured.
        memory: documents that need not be sent again if they are unchanged.

    Raises:
        WrongUse: the URL has a scheme that we do not speak, or that needs what is not installed.
        MirrorError: the settings for HTTP (proxy, certificates) or the login cannot be used.
    """
    scheme = scheme_of(url)
    if scheme == "file":
        return FileTransport()
    if scheme in ("http", "https"):
        # httpx takes a fifth of a second to load; who reads files need not wait for it.
        from core.net.http import HttpTransport
        from core.net.login import find_login

        login = find_login(url, connection or Connection())
        return HttpTransport(login=login, memory=memory)
    if scheme in ("s3", "gs"):
        from core.net.objects import ObjectTransport

        return ObjectTransport(url, connection or Connection())
    if scheme in registry.SCHEMES:
        from core.net.registry_transport import RegistryTransport

        return RegistryTransport(registry.parse_repository(url), connection or Connection())
    raise WrongUse(f"{shown(url)} is not a URL that can be read", hint=f"Use {_any_of(SCHEMES)}")


def _any_of(schemes: tuple[str, ...]) -> str:
    *most, last = (f"{scheme}://" for scheme in schemes)
    return f"{', '.join(most)} or {last}"
