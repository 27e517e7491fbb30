"""A web server with one blob, and a transport without patience to ask it."""

from collections.abc import Generator
from pathlib import Path

import pytest

from core.errors import MirrorError
from core.net.http import HttpTransport, Patience
from tests.simulator.fixtures import Serve
from tests.simulator.server import FaultyServer

QUICK = Patience(connect=5, read=1.5, window=0.3, least=1000, pause=0.01, longest_pause=0.05)
CONTENT = bytes(range(256)) * 1024


@pytest.fixture
def http() -> Generator[HttpTransport]:
    transport = HttpTransport(QUICK)
    yield transport
    transport.close()


@pytest.fixture
def server(tmp_path: Path, serving: Serve) -> FaultyServer:
    (tmp_path / "blob").write_bytes(CONTENT)
    (tmp_path / "a b+c").write_bytes(b"awkward")
    return serving(tmp_path)


def trouble(http: HttpTransport, url: str) -> MirrorError:
    with pytest.raises(MirrorError) as caught:
        http.get(url, limit=1 << 20)
    return caught.value


def streamed(http: HttpTransport, url: str, limit: int = len(CONTENT)) -> bytes:
    with http.stream(url, limit=limit) as chunks:
        return b"".join(chunks)
