"""The one way to read from a mirror, whatever its URL."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from core.cancel import CancelToken
from core.errors import WrongUse
from core.net.files import FileTransport
from core.net.urls import scheme_of, shown

SCHEMES = ("file", "http", "https")
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
        self, url: str, *, limit: int, cancel: CancelToken | None = None
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes as stored, in pieces of any size; errors come while they are read.

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


def open_transport(url: str) -> Transport:
    """The transport for `url` and everything below it.

    Raises:
        WrongUse: the URL has a scheme that we do not speak.
        MirrorError: the settings for HTTP (proxy, certificates) cannot be used.
    """
    scheme = scheme_of(url)
    if scheme == "file":
        return FileTransport()
    if scheme in SCHEMES:
        # httpx takes a fifth of a second to load; who reads files need not wait for it.
        from core.net.http import HttpTransport

        return HttpTransport()
    raise WrongUse(f"{shown(url)} is not a URL that can be read", hint=f"Use {_any_of(SCHEMES)}")


def _any_of(schemes: tuple[str, ...]) -> str:
    *most, last = (f"{scheme}://" for scheme in schemes)
    return f"{', '.join(most)} or {last}"
