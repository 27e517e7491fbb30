"""A real registry (Docker's `docker-registry`), on a free port of the loopback interface."""

import hashlib
import json
import re
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.servers.recorded import NAME, Recording

USER, PASSWORD = "mariner", "p:ss wörd"
"""A login for registries that want one."""
_BCRYPT = "$2y$05$NAvZOf4hDxseLersHmK4GOcx07w3yixHyef5hB/RZGRzGk1ZNF9my"
"""The password as `htpasswd -B` stores it."""
_LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+)")


class Registry:
    """A running registry."""

    def __init__(self, place: str, storage: Path) -> None:
        self.place = place
        """Host and port."""
        self.storage = storage
        """Where it keeps everything."""

    def mirror_url(self, name: str = NAME) -> str:
        return f"oci+http://{self.place}/{name}"

    def push(self, recording: Recording, client: httpx.Client, name: str = NAME) -> None:
        """Upload all that was recorded, as Spack does."""
        for digest, content in recording.blobs():
            self.push_blob(content, client, name, digest)
        for tag, manifest in recording.manifests():
            self.push_manifest(tag, manifest, client, name)

    def push_blob(
        self, content: bytes, client: httpx.Client, name: str = NAME, digest: str = ""
    ) -> dict[str, object]:
        """Upload a blob in one piece; returns how a manifest names it, but for its kind."""
        digest = digest or "sha256:" + hashlib.sha256(content).hexdigest()
        begun = client.post(f"http://{self.place}/v2/{name}/blobs/uploads/").raise_for_status()
        place = httpx.URL(urljoin(f"http://{self.place}/v2/", begun.headers["Location"]))
        headers = {"Content-Type": "application/octet-stream"}
        place = place.copy_merge_params({"digest": digest})
        client.put(place, content=content, headers=headers).raise_for_status()
        return {"digest": digest, "size": len(content)}

    def push_manifest(
        self, tag: str, manifest: bytes, client: httpx.Client, name: str = NAME
    ) -> None:
        kind = json.loads(manifest)["mediaType"]
        url = f"http://{self.place}/v2/{name}/manifests/{tag}"
        client.put(url, content=manifest, headers={"Content-Type": kind}).raise_for_status()


@contextmanager
def run_registry(
    directory: Path,
    auth: Mapping[str, object] | None = None,
    storage: Path | None = None,
    certificate: Path | None = None,
) -> Generator[Registry]:
    """Run a registry with its files below `directory`, and what `storage` has if that is given.

    By HTTPS if there is a `certificate`, a file with its key in it.
    """
    storage = storage or directory / "registry"
    settings: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(storage)}},
        "http": {"addr": "127.0.0.1:0", "tls": _tls(certificate)},
    }
    if auth:
        settings["auth"] = auth
    config = directory / "registry.yml"
    config.write_text(json.dumps(settings))
    command = ["docker-registry", "serve", str(config)]
    log = directory / "registry.log"
    with log.open("wb") as stream, subprocess.Popen(command, stderr=stream) as process:
        try:
            yield Registry(f"127.0.0.1:{_port(process, log)}", storage)
        finally:
            process.terminate()


def _tls(certificate: Path | None) -> dict[str, str]:
    return {"certificate": str(certificate), "key": str(certificate)} if certificate else {}


def password_file(directory: Path) -> dict[str, object]:
    """Settings of a registry that wants the login in every request."""
    path = directory / "htpasswd"
    path.write_text(f"{USER}:{_BCRYPT}\n")
    return {"htpasswd": {"realm": "harbor", "path": str(path)}}


@pytest.fixture(scope="session")
def golden_registry(tmp_path_factory: pytest.TempPathFactory, golden: Path) -> Generator[Registry]:
    """A registry open to everybody, with the golden images."""
    with run_registry(tmp_path_factory.mktemp("registry")) as registry:
        with httpx.Client(trust_env=False) as client:
            registry.push(Recording(golden), client)
        yield registry


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if found := _LISTENING.search(log.read_text(errors="replace")):
            return int(found[1])
        time.sleep(0.02)
    raise AssertionError(log.read_text(errors="replace"))
