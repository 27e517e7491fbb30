"""What goes wrong with HTTP, in plain sentences."""

import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from core.errors import MirrorError, NotFound
from core.net.urls import shown

TRY_LATER = "Try again later"
OTHER_MIRROR = "Check the URL and the network; other mirrors are not affected"

_LOGIN = (
    "put a login for the host into ~/.netrc, or name environment variables with it in mirrors.yaml"
    " (access_pair, access_token_variable); if one was sent, it is not accepted"
)


class PassingTrouble(Exception):
    """What may be gone when the same is asked again at once; never leaves this room."""

    def __init__(self, error: MirrorError, wait: float | None = None) -> None:
        super().__init__(error.title)
        self.error = error
        """What to raise if it does not pass."""
        self.wait = wait
        """Seconds that the server asks us to wait, `None` if it does not say."""


def check_status(response: httpx.Response, url: str) -> None:
    """Do nothing for 200 and 206.

    Raises:
        NotFound: 404, 410, and 403 too, which object stores answer for what is not there.
        PassingTrouble: 429 or 5xx.
        MirrorError: any other status.
    """
    status = response.status_code
    if status in (200, 206):
        return
    place = shown(url)
    if status in (404, 410):
        raise NotFound(f"{place} does not exist")
    if status == 403:
        raise NotFound(
            f"{place} does not exist, or may not be read",
            hint=f"The server answers 403 (forbidden). If the thing is there: {_LOGIN}",
        )
    if status == 401:
        raise MirrorError(f"{place} asks for a login", hint=_LOGIN[0].upper() + _LOGIN[1:])
    if status == 407:
        raise _proxy_login(url)
    error = MirrorError(
        f"{_host(url)} answers with status {status}",
        f"URL {place}",
        TRY_LATER if status >= 429 else OTHER_MIRROR,
        retry=status == 429 or status >= 500,
    )
    if error.retry:
        raise PassingTrouble(error, _retry_after(response))
    raise error


def trouble(error: httpx.RequestError, url: str) -> MirrorError | PassingTrouble:
    """What to raise for an exception of httpx."""
    place = f"URL {shown(url)}"
    host = _host(url)
    if isinstance(error, httpx.TimeoutException):
        return _silence(url)
    if isinstance(error, httpx.ProxyError):
        return _proxy_login(url) if "407" in str(error) else _proxy_refuses(url)
    if isinstance(error, httpx.UnsupportedProtocol):
        return MirrorError(f"{host} redirects to a URL that is not HTTP", place)
    if isinstance(error, httpx.ConnectError):
        return _no_connection(_root_cause(error), host, place)
    title = f"{host} broke off the connection"
    return PassingTrouble(MirrorError(title, place, TRY_LATER, retry=True))


def stalled(url: str) -> PassingTrouble:
    """What to raise for a server that sent something and then nothing more."""
    return PassingTrouble(_silence(url))


def _silence(url: str) -> MirrorError:
    place = f"URL {shown(url)}"
    return MirrorError(f"{_host(url)} does not answer", place, OTHER_MIRROR, retry=True)


def _no_connection(cause: BaseException, host: str, place: str) -> MirrorError | PassingTrouble:
    if isinstance(cause, socket.gaierror):
        return MirrorError(f"There is no host called {host}", place, OTHER_MIRROR)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return MirrorError(
            f"The certificate of {host} is not valid: {cause.verify_message}",
            place,
            "If your site has its own authority, name its certificates in SSL_CERT_FILE",
        )
    if isinstance(cause, ssl.SSLError):
        return MirrorError(f"No secure connection to {host} can be made", place, OTHER_MIRROR)
    title = f"{host} cannot be reached"
    if isinstance(cause, ConnectionRefusedError):
        title = f"{host} refuses the connection"
    elif isinstance(cause, OSError) and cause.strerror:
        title += f": {cause.strerror}"
    return PassingTrouble(MirrorError(title, place, OTHER_MIRROR, retry=True))


def _proxy_refuses(url: str) -> MirrorError:
    return MirrorError(
        f"The proxy does not let us reach {_host(url)}",
        f"URL {shown(url)}",
        "Look at the *_proxy variables",
    )


def _proxy_login(url: str) -> MirrorError:
    return MirrorError(
        "The proxy asks for a login",
        f"URL {shown(url)}",
        "Put user and password into the *_proxy variables, or ask for a way without it",
    )


def _host(url: str) -> str:
    return urlsplit(shown(url)).netloc or "The mirror"


def _root_cause(error: BaseException) -> BaseException:
    while inner := error.__cause__ or error.__context__:
        error = inner
    return error


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
