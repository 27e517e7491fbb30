"""Mirrors on a web server."""

import re
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from random import SystemRandom

import httpx

from core.cancel import CancelToken
from core.errors import MirrorError, NotFound, TooLong
from core.model.value import Value
from core.net.http_errors import TRY_LATER, PassingTrouble, check_status, stalled, trouble
from core.net.login import Login
from core.net.memory import Memory, Remembered
from core.net.tls import tls_context
from core.net.urls import shown

_HEADERS = {"User-Agent": "spackbin", "Accept": "*/*", "Accept-Encoding": "identity"}
"""Blobs are named by the digest of the bytes as stored: nobody may compress them on the way."""

_ANSWERS = ((304, "If-None-Match"), (416, "Range"))
"""Statuses that are answers, each to a request with one header: unchanged, and no more bytes."""

_random = SystemRandom()


class Patience(Value, frozen=True):
    """How long to wait for a server, and how often to ask again. Times are in seconds."""

    connect: float = 10.0
    """For a connection."""
    read: float = 30.0
    """For the next bytes."""
    window: float = 60.0
    """Span over which the rate is looked at."""
    least: int = 1 << 14
    """Bytes that must come within a window."""
    attempts: int = 4
    """How often the same is asked for, the first time included."""
    progress: int = 1 << 20
    """Bytes after which a connection that broke is forgotten: large archives take hours."""
    pause: float = 0.5
    """Longest pause before the second attempt; it doubles from attempt to attempt."""
    longest_pause: float = 30.0
    """Longest pause, also if the server asks for more."""
    redirects: int = 5
    """How many redirects are followed."""


class HttpTransport:
    """Reads by HTTP and HTTPS, with one pool of connections for all threads."""

    def __init__(
        self,
        patience: Patience | None = None,
        login: Login | None = None,
        memory: Memory | None = None,
    ) -> None:
        """Make ready to connect.

        Args:
            patience: how long to wait.
            login: what to send to the one server that it is for.
            memory: documents that need not be sent again if they are unchanged.

        Raises:
            MirrorError: the proxy or certificate settings in the environment cannot be used.
        """
        self._patience = patience or Patience()
        self._login = login
        self._memory = memory
        timeout = httpx.Timeout(self._patience.read, connect=self._patience.connect, pool=None)
        try:
            self._client = httpx.Client(headers=_HEADERS, timeout=timeout, verify=tls_context())
        except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
            raise MirrorError(
                f"HTTP cannot be used with the settings of this host: {error}",
                hint="Look at the *_proxy, SSL_CERT_* and REQUESTS_CA_BUNDLE variables",
            ) from error

    def get(self, url: str, *, limit: int, cancel: CancelToken | None = None) -> bytes:
        """See `Transport.get`."""
        attempt = 0
        while True:
            try:
                return self._document(url, limit, cancel)
            except PassingTrouble as passing:
                attempt += 1
                self._pause(passing, attempt, cancel)

    @contextmanager
    def stream(
        self, url: str, *, limit: int, start: int = 0, cancel: CancelToken | None = None
    ) -> Generator[Iterator[bytes]]:
        """See `Transport.stream`."""
        with closing(self._resumed(url, limit, start, cancel)) as chunks:
            yield chunks

    def exists(self, url: str) -> bool:
        """See `Transport.exists`."""
        attempt = 0
        while True:
            try:
                with self._answer(url, {}, None):
                    return True
            except NotFound:
                return False
            except PassingTrouble as passing:
                attempt += 1
                self._pause(passing, attempt, None)

    def close(self) -> None:
        """See `Transport.close`."""
        self._client.close()

    def _resumed(
        self, url: str, limit: int, start: int, cancel: CancelToken | None
    ) -> Generator[bytes]:
        done, attempt, broken_at = start, 0, start
        while True:
            try:
                for chunk in self._body(url, done, limit, cancel):
                    done += len(chunk)
                    yield chunk
                return
            except PassingTrouble as passing:
                attempt = 1 if done - broken_at >= self._patience.progress else attempt + 1
                broken_at = done
                self._pause(passing, attempt, cancel)

    def _pause(self, passing: PassingTrouble, attempt: int, cancel: CancelToken | None) -> None:
        if attempt >= self._patience.attempts:
            raise passing.error from passing
        longest = min(self._patience.longest_pause, self._patience.pause * 2 ** (attempt - 1))
        # Full jitter: many clients that were cut off together must not come back together.
        seconds = _random.uniform(0, longest)
        if passing.wait is not None:
            seconds = min(passing.wait, self._patience.longest_pause)
        (cancel or CancelToken()).wait(seconds)

    def _document(self, url: str, limit: int, cancel: CancelToken | None) -> bytes:
        known = self._memory.recall(url) if self._memory else None
        headers = {"If-None-Match": known.tag} if known else {}
        with self._answer(url, headers, cancel) as response:
            if known and response.status_code == 304:
                return _within(known, limit)
            data = b"".join(self._pieces(response, url, 0, limit, cancel))
            if self._memory:
                self._memory.keep(url, response.headers.get("ETag", ""), data)
        return data

    def _body(
        self, url: str, start: int, limit: int, cancel: CancelToken | None
    ) -> Generator[bytes]:
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._answer(url, headers, cancel) as response:
            # 416 (range not satisfiable): there are not that many bytes.
            if response.status_code != 416:
                yield from self._pieces(response, url, start, limit, cancel)

    def _pieces(
        self,
        response: httpx.Response,
        url: str,
        start: int,
        limit: int,
        cancel: CancelToken | None,
    ) -> Generator[bytes]:
        position = _first_byte(response, start, url)
        if position + _announced(response) > limit:
            raise TooLong(f"{shown(url)} has more than {limit:,} bytes")
        for chunk in self._paced(response, url):
            if cancel:
                cancel.check()
            position += len(chunk)
            if position > limit:
                raise TooLong(f"{shown(url)} sends more than {limit:,} bytes")
            # A server that ignores ranges begins anew: drop what is here already.
            fresh = chunk[max(0, len(chunk) - (position - start)) :]
            if fresh:
                yield fresh

    def _paced(self, response: httpx.Response, url: str) -> Iterator[bytes]:
        chunks = response.iter_raw()
        waited, came, is_begun = 0.0, 0, False
        while True:
            began = time.monotonic()
            try:
                chunk = next(chunks, None)
            except httpx.ReadTimeout as error:
                # Who fell silent in the middle may have lost the connection and not know it.
                raise (stalled(url) if is_begun else trouble(error, url)) from error
            if chunk is None:
                return
            is_begun = True
            # Only the time spent waiting counts, not what is done with the bytes.
            waited += time.monotonic() - began
            came += len(chunk)
            if waited > self._patience.window:
                if came < self._patience.least:
                    raise MirrorError(
                        "The mirror sends almost nothing, very slowly",
                        f"URL {shown(url)}",
                        TRY_LATER,
                        retry=True,
                    )
                waited, came = 0.0, 0
            yield chunk

    def _send(self, request: httpx.Request) -> httpx.Response:
        """Send one request and no other; the body is still to be read."""
        return self._client.send(request, stream=True)

    @contextmanager
    def _answer(
        self, url: str, headers: Mapping[str, str], cancel: CancelToken | None
    ) -> Generator[httpx.Response]:
        login = self._login.header_for(url) if self._login else None
        sent = {**headers, "Authorization": login} if login else headers
        try:
            # A redirect to another server loses the login: httpx takes it out.
            request = self._client.build_request("GET", url, headers=sent)
            for _ in range(self._patience.redirects + 1):
                if cancel:
                    cancel.check()
                response = self._send(request)
                with closing(response):
                    if response.next_request is None:
                        if (response.status_code, *headers) not in _ANSWERS:
                            check_status(response, url)
                        yield response
                        return
                request = _followed(request, response.next_request)
        except httpx.InvalidURL as error:
            raise MirrorError(f"{shown(url)} is not a URL that can be read") from error
        except httpx.RequestError as error:
            raise trouble(error, url) from error
        raise MirrorError(
            f"{shown(url)} redirects more than {self._patience.redirects} times",
            hint="Check the URL: it may be a login page",
        )


def _within(known: Remembered, limit: int) -> bytes:
    if len(known.data) > limit:
        raise TooLong(f"{known.url} has more than {limit:,} bytes")
    return known.data


def _followed(request: httpx.Request, target: httpx.Request) -> httpx.Request:
    if request.url.scheme == "https" and target.url.scheme != "https":
        raise MirrorError(
            f"{shown(str(request.url))} redirects from https to {target.url.scheme}",
            hint="Tell who runs the mirror: anybody on the way could change what it sends",
        )
    return target


def _first_byte(response: httpx.Response, start: int, url: str) -> int:
    """Where in the thing the body begins: at `start`, or at 0 if the range was ignored."""
    if response.status_code == 200:
        return 0
    if start and re.match(rf"bytes {start}-", response.headers.get("Content-Range", "")):
        return start
    raise MirrorError(f"{shown(url)} sends another part than was asked for", retry=True)


def _announced(response: httpx.Response) -> int:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else 0
