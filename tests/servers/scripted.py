"""A real web server whose answers a function gives."""

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    """With the query."""
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(frozen=True)
class Answer:
    """What to send."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class ScriptedServer:
    """Answers as a function says, and remembers what it was asked."""

    def __init__(self, host: str, port: int, answer: Callable[[Asked], Answer]) -> None:
        self.place = f"{host}:{port}"
        """Host and port."""
        self.url = f"http://{self.place}"
        self.answer = answer
        self.asked: list[Asked] = []

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def authorizations(self) -> list[str | None]:
        """The `Authorization` header of each request."""
        return [asked.headers.get("authorization") for asked in self.asked]


@contextmanager
def serve_script(
    answer: Callable[[Asked], Answer], host: str = "127.0.0.1"
) -> Generator[ScriptedServer]:
    """Serve on a free port of the loopback interface."""
    server = ThreadingHTTPServer((host, 0), _Handler)
    scripted = ScriptedServer(host, server.server_port, answer)
    server.scripted = scripted  # type: ignore[attr-defined]
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield scripted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        scripted: ScriptedServer = self.server.scripted  # type: ignore[attr-defined]
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.path, headers)
        scripted.asked.append(asked)
        answer = scripted.answer(asked)
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002
        """Say nothing on standard error."""
