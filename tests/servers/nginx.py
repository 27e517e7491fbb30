"""A real nginx on a free port of the loopback interface, serving one directory."""

import os
import pwd
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {place}/nginx.pid;
error_log {place}/error.log;
{user}
events {{ worker_connections 64; }}
http {{
    access_log {place}/access.log;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{port};
        root {root};
    }}
}}
"""


@contextmanager
def nginx(root: Path, place: Path) -> Generator[str]:
    """Serve `root`; yields its URL. Everything that nginx writes goes below `place`."""
    place.mkdir(parents=True)
    port = _free_port()
    # As root, nginx would give its workers to somebody who may not read a test's directory.
    user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
    configuration = place / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(place=place, root=root, port=port, user=user))
    server = subprocess.Popen(
        ["nginx", "-p", str(place), "-c", str(configuration), "-e", str(place / "error.log")],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_answer(port, server, place)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await_answer(port: int, server: "subprocess.Popen[bytes]", place: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert server.poll() is None, (place / "error.log").read_text()
            assert time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.02)
        else:
            return
