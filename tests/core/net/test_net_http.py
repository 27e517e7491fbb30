"""What is read from a web server, and how troubles that pass are outlived."""

import socket
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from email.utils import formatdate

import pytest
from msgspec.structs import replace

from core.cancel import CancelToken
from core.errors import Interrupted, MirrorError, NotFound, TooLong
from core.net.http import HttpTransport, Patience
from core.net.transport import open_transport
from tests.core.net.asking import CONTENT, QUICK, streamed, trouble
from tests.simulator.server import Fault, FaultyServer


def test_a_document_and_a_stream(server: FaultyServer, http: HttpTransport) -> None:
    assert http.get(f"{server.url}/blob", limit=len(CONTENT)) == CONTENT
    assert streamed(http, f"{server.url}/blob") == CONTENT
    assert http.get(f"{server.url}/a%20b%2Bc", limit=7) == b"awkward"
    assert http.exists(f"{server.url}/blob")
    assert not http.exists(f"{server.url}/nothing")


def test_open_transport_speaks_http(server: FaultyServer) -> None:
    transport = open_transport(server.url)
    assert transport.get(f"{server.url}/blob", limit=len(CONTENT)) == CONTENT
    transport.close()


def test_many_threads_share_a_transport(server: FaultyServer, http: HttpTransport) -> None:
    with ThreadPoolExecutor(8) as pool:
        got = pool.map(lambda _: streamed(http, f"{server.url}/blob"), range(32))
        assert set(got) == {CONTENT}


def test_bytes_come_as_stored(server: FaultyServer, http: HttpTransport) -> None:
    server.fail("blob", Fault(headers={"Content-Encoding": "gzip"}))
    assert http.get(f"{server.url}/blob", limit=len(CONTENT)) == CONTENT
    assert server.asked("blob")[0]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [404, 410])
def test_missing(status: int, server: FaultyServer, http: HttpTransport) -> None:
    server.fail("blob", Fault(status=status))
    error = trouble(http, f"{server.url}/blob")
    assert isinstance(error, NotFound)
    assert error.title == f"{server.url}/blob does not exist"
    assert len(server.requests) == 1


def test_forbidden_may_mean_missing(server: FaultyServer, http: HttpTransport) -> None:
    server.fail("blob", Fault(status=403))
    error = trouble(http, f"{server.url}/blob")
    assert isinstance(error, NotFound)
    assert error.title == f"{server.url}/blob does not exist, or may not be read"
    assert "403 (forbidden)" in error.hint


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (401, "{url}/blob asks for a login"),
        (407, "The proxy asks for a login"),
        (400, "{host} answers with status 400"),
        (204, "{host} answers with status 204"),
        (304, "{host} answers with status 304"),
    ],
)
def test_other_statuses(status: int, title: str, server: FaultyServer, http: HttpTransport) -> None:
    server.fail("blob", Fault(status=status))
    error = trouble(http, f"{server.url}/blob")
    assert error.title == title.format(url=server.url, host=server.url.removeprefix("http://"))
    assert not error.retry
    assert not isinstance(error, NotFound)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_passing_statuses_are_asked_again(
    status: int, server: FaultyServer, http: HttpTransport
) -> None:
    server.fail("blob", Fault(status=status, times=3))
    assert http.get(f"{server.url}/blob", limit=len(CONTENT)) == CONTENT
    assert len(server.requests) == 4
    server.fail("blob", Fault(status=status, times=4))
    error = trouble(http, f"{server.url}/blob")
    assert error.title.endswith(f"answers with status {status}")
    assert error.retry
    server.fail("blob", Fault(status=status, times=2))
    assert http.exists(f"{server.url}/blob")


def test_retry_after_is_obeyed_up_to_a_bound(server: FaultyServer) -> None:
    waits: list[float] = []

    class Impatient(CancelToken):
        def wait(self, seconds: float) -> bool:
            waits.append(seconds)
            return super().wait(0)

    transport = HttpTransport(Patience(pause=0.0, longest_pause=30, attempts=2))
    for text in ("3600", formatdate(time.time() + 3600, usegmt=True), "0", "soon"):
        server.fail("blob", Fault(status=503, headers={"Retry-After": text}, times=1))
        transport.get(f"{server.url}/blob", limit=len(CONTENT), cancel=Impatient())
    transport.close()
    assert waits == [30, 30, 0, 0]


@pytest.mark.parametrize("share", [0, 1, 50, 99])
def test_a_cut_stream_is_resumed(share: int, server: FaultyServer, http: HttpTransport) -> None:
    cut = len(CONTENT) * share // 100
    server.fail("blob", Fault(cut_after=cut, times=1))
    assert streamed(http, f"{server.url}/blob") == CONTENT
    ranges = [headers.get("Range") for headers in server.asked("blob")]
    assert ranges == [None, f"bytes={cut}-" if cut else None]


def test_a_server_that_ignores_ranges_is_read_again(
    server: FaultyServer, http: HttpTransport
) -> None:
    server.obeys_ranges = False
    server.fail("blob", Fault(cut_after=100_000, times=2))
    assert streamed(http, f"{server.url}/blob") == CONTENT
    assert len(server.requests) == 3


def test_a_server_that_sends_another_part_is_refused(
    server: FaultyServer, http: HttpTransport
) -> None:
    server.fail("blob", Fault(cut_after=1000, times=1))
    with http.stream(f"{server.url}/blob", limit=len(CONTENT)) as chunks:
        next(chunks)
        wrong = {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"}
        server.fail("blob", Fault(status=206, body=CONTENT, headers=wrong))
        with pytest.raises(MirrorError, match="sends another part than was asked for"):
            next(chunks)


def test_a_cut_document_is_fetched_whole(server: FaultyServer, http: HttpTransport) -> None:
    server.fail("blob", Fault(cut_after=1000, times=2))
    assert http.get(f"{server.url}/blob", limit=len(CONTENT)) == CONTENT
    assert all("Range" not in headers for headers in server.asked("blob"))


def test_a_connection_that_always_breaks(server: FaultyServer, http: HttpTransport) -> None:
    server.fail("blob", Fault(cut_after=1000))
    host = server.url.removeprefix("http://")
    error = trouble(http, f"{server.url}/blob")
    assert error.title == f"{host} broke off the connection"
    assert error.retry
    with pytest.raises(MirrorError, match="broke off the connection") as caught:
        streamed(http, f"{server.url}/blob")
    assert caught.value.retry
    assert len(server.requests) == 2 * QUICK.attempts


def test_a_connection_may_break_often_if_much_comes_in_between(server: FaultyServer) -> None:
    piece = len(CONTENT) // 10
    for progress, breaks in ((piece, 10), (piece + 1, QUICK.attempts)):
        transport = HttpTransport(replace(QUICK, progress=progress))
        server.fail("blob", Fault(cut_after=piece))
        server.requests.clear()
        came: list[bytes] = []
        with (
            transport.stream(f"{server.url}/blob", limit=len(CONTENT)) as chunks,
            suppress(MirrorError),
        ):
            came.extend(chunks)
        assert b"".join(came) == CONTENT[: piece * breaks] + CONTENT[10 * piece :] * (breaks == 10)
        transport.close()


def test_a_server_that_falls_silent_in_the_middle_is_asked_for_the_rest(
    server: FaultyServer,
) -> None:
    transport = HttpTransport(replace(QUICK, read=0.3))
    server.fail("blob", Fault(linger_after=100_000, times=1))
    assert streamed(transport, f"{server.url}/blob") == CONTENT
    assert [h.get("Range") for h in server.asked("blob")] == [None, "bytes=100000-"]
    transport.close()


def test_a_length_that_lies_high_is_a_broken_connection(
    server: FaultyServer, http: HttpTransport
) -> None:
    server.fail("blob", Fault(headers={"Content-Length": str(len(CONTENT) + 1)}))
    with pytest.raises(MirrorError, match="broke off the connection"):
        streamed(http, f"{server.url}/blob", 3 * len(CONTENT))


def test_a_length_that_lies_low_gives_less(server: FaultyServer, http: HttpTransport) -> None:
    server.fail("blob", Fault(headers={"Content-Length": "1000"}))
    assert streamed(http, f"{server.url}/blob") == CONTENT[:1000]


def test_an_announced_length_beyond_the_limit_is_refused_unread(
    server: FaultyServer, http: HttpTransport
) -> None:
    came: list[bytes] = []
    with (
        pytest.raises(TooLong) as caught,
        http.stream(f"{server.url}/blob", limit=len(CONTENT) - 1) as chunks,
    ):
        came.extend(chunks)
    assert came == []
    assert caught.value.title == f"{server.url}/blob has more than {len(CONTENT) - 1:,} bytes"


def test_more_than_the_limit_without_a_length_is_stopped(http: HttpTransport) -> None:
    came: list[bytes] = []
    with endless() as url, http.stream(url, limit=1_000_000) as chunks, pytest.raises(TooLong):
        came.extend(chunks)
    assert sum(map(len, came)) <= 1_000_000


def test_a_drip_is_given_up(server: FaultyServer, http: HttpTransport) -> None:
    server.fail("blob", Fault(drip=0.02))
    error = trouble(http, f"{server.url}/blob")
    assert error.title == "The mirror sends almost nothing, very slowly"
    assert error.retry


def test_a_slow_reader_is_not_a_slow_server(server: FaultyServer, http: HttpTransport) -> None:
    got = b""
    with http.stream(f"{server.url}/blob", limit=len(CONTENT)) as chunks:
        for chunk in chunks:
            got += chunk
            if len(got) < 4 * len(chunk):
                time.sleep(0.4)
    assert got == CONTENT


def test_silence_is_given_up(server: FaultyServer, http: HttpTransport) -> None:
    server.fail("blob", Fault(stall=60))
    error = trouble(http, f"{server.url}/blob")
    assert error.title == f"{server.url.removeprefix('http://')} does not answer"
    assert error.retry


def test_a_host_that_does_not_exist(http: HttpTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def nobody(*question: object, **_: object) -> None:
        asked.append(question[0])
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # The tests ask no name server.
    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    error = trouble(http, "http://mirror.invalid/blob")
    assert error.title == "There is no host called mirror.invalid"
    assert not error.retry
    assert len(asked) == 1


def test_a_refused_connection(http: HttpTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = trouble(http, f"http://127.0.0.1:{port}/blob")
    assert error.title == f"127.0.0.1:{port} refuses the connection"
    assert error.retry


def test_a_url_that_makes_no_sense(http: HttpTransport) -> None:
    error = trouble(http, "http://user:secret@host:port/blob")
    assert "secret" not in str(error)


def test_cancelling_ends_a_stream_and_a_pause(server: FaultyServer, http: HttpTransport) -> None:
    token = CancelToken()
    with http.stream(f"{server.url}/blob", limit=len(CONTENT), cancel=token) as chunks:
        next(chunks)
        token.cancel()
        with pytest.raises(Interrupted):
            next(chunks)
    server.fail("blob", Fault(status=503, headers={"Retry-After": "60"}))
    patient = HttpTransport(Patience(longest_pause=60))
    with pytest.raises(Interrupted):
        patient.get(f"{server.url}/blob", limit=1, cancel=token)
    patient.close()


@contextmanager
def endless() -> Generator[str]:
    """A server that says no length and never stops."""

    def pour() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(bytes(65536))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=pour)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()
