"""A real S3 server (moto's) on a free port of the loopback interface."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.model.mirror import Connection

KEY, SECRET = "AKIAEXAMPLE", "hunter2-very-secret"
"""A made-up login: the server takes any."""


@dataclass
class S3:
    """An S3 server with the bucket `cache`."""

    url: str
    client: Any

    def put(self, key: str, data: bytes, acl: str = "public-read") -> None:
        self.client.put_object(Bucket="cache", Key=key, Body=data, ACL=acl)

    @property
    def connection(self) -> Connection:
        return Connection(endpoint_url=self.url)

    def upload(self, root: Path, prefix: str) -> str:
        """Put a directory below `prefix`; returns its URL."""
        for path in root.rglob("*"):
            if path.is_file():
                self.put(f"{prefix}/{path.relative_to(root)}", path.read_bytes())
        return f"s3://cache/{prefix}"


@pytest.fixture
def s3() -> Generator[S3]:
    """The server, with nothing in its bucket."""
    # Loaded by the few tests that need them: they are large.
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="cache")
    yield S3(url, client)
    client.close()
    server.stop()
