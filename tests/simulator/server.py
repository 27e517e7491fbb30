"""A real web server on this host, with faults to order."""

import re
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class Fault:
    """What to do instead of a good answer."""

    status: int | None = None
    """Answer with this status instead of 200."""
    headers: dict[str, str] = field(default_factory=dict)
    """Send these too; `Content-Length` replaces the true one."""
    body: bytes | None = None
    """Send this instead of the file."""
    cut_after: int | None = None
    """Break the connection off after so many bytes of the body."""
    linger_after: int | None = None
    """Send so many bytes of the body, and nothing more until the client goes or the test ends."""
    drip: float = 0.0
    """Send a byte at a time, with so many seconds between."""
    stall: float = 0.0
    """Say nothing at all for so many seconds, or until the test ends."""
    times: int | None = None
    """How often to do so; then the thing is served well. `None` for always."""


class FaultyServer:
    """Serves a directory; `url` is its root."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self.url = url
        self.obeys_ranges = True
        """False: serve the whole file whatever part was asked for."""
        self.requests: list[tuple[str, dict[str, str]]] = []
        """Path and headers of what was asked for, in order."""
        self._faults: dict[str, Fault] = {}
        self._lock = threading.Lock()
        self._is_well = threading.Event()

    def fail(self, path: str, fault: Fault) -> None:
        """Order a fault for one path, e.g. `v3/layout.json`; an empty one means all paths."""
        self._is_well.clear()
        self._faults[path] = fault

    def heal(self) -> None:
        """Serve all things well, from now on and what is being served."""
        self._faults.clear()
        self._is_well.set()

    @property
    def is_faulty(self) -> bool:
        """True if anything is served badly."""
        return bool(self._faults)

    def rest(self, seconds: float) -> None:
        """Do nothing for so long, or until all is well."""
        self._is_well.wait(seconds)

    def fault_for(self, path: str) -> Fault:
        with self._lock:
            fault = self._faults.get(path) or self._faults.get("")
            if fault is None or fault.times == 0:
                return Fault()
            if fault.times is not None:
                fault.times -= 1
            return fault

    def asked(self, path: str) -> list[dict[str, str]]:
        """Headers of the requests for one path."""
        return [headers for asked, headers in self.requests if asked == path]


@contextmanager
def serve(root: Path, context: ssl.SSLContext | None = None) -> Generator[FaultyServer]:
    """Serve `root` on a free port of the loopback interface, by HTTPS if there is a context."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    scheme = "http"
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    faulty = FaultyServer(root, f"{scheme}://127.0.0.1:{server.server_port}")
    server.faulty = faulty  # type: ignore[attr-defined]
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield faulty
    finally:
        faulty.heal()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        faulty: FaultyServer = self.server.faulty  # type: ignore[attr-defined]
        path = unquote(urlsplit(self.path).path).lstrip("/")
        faulty.requests.append((path, dict(self.headers)))
        fault = faulty.fault_for(path)
        if fault.stall:
            faulty.rest(fault.stall)
        status, body, headers = self._answer(faulty, path, fault)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self._send(body, fault)

    def _answer(
        self, faulty: FaultyServer, path: str, fault: Fault
    ) -> tuple[int, bytes, dict[str, str]]:
        if fault.body is not None or fault.status is not None:
            return fault.status or 200, fault.body or b"", fault.headers
        file = faulty.root / path
        if not file.is_file():
            return 404, b"no such thing", {}
        body = file.read_bytes()
        part = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if part and faulty.obeys_ranges:
            span = f"bytes {part[1]}-{len(body) - 1}/{len(body)}"
            return 206, body[int(part[1]) :], {"Content-Range": span, **fault.headers}
        return 200, body, fault.headers

    def _send(self, body: bytes, fault: Fault) -> None:
        if fault.cut_after is not None:
            self.wfile.write(body[: fault.cut_after])
            self.close_connection = True
        elif fault.linger_after is not None:
            self.wfile.write(body[: fault.linger_after])
            self.wfile.flush()
            self.connection.settimeout(20)
            with suppress(OSError):
                self.connection.recv(1)
            self.close_connection = True
        elif fault.drip:
            faulty: FaultyServer = self.server.faulty  # type: ignore[attr-defined]
            for number in range(len(body)):
                if not faulty.is_faulty:
                    self.wfile.write(body[number:])
                    break
                self.wfile.write(body[number : number + 1])
                faulty.rest(fault.drip)
        else:
            self.wfile.write(body)
        # Whoever was promised more waits for it until the connection ends.
        if "Content-Length" in fault.headers:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""
