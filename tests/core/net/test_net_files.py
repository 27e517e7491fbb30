"""Mirrors on a file system: regular files and nothing else."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cancel import CancelToken
from core.errors import Interrupted, MirrorError, NotFound, TooLong, WrongUse
from core.net.files import FileTransport, file_url, path_of
from core.net.transport import open_transport


@pytest.fixture
def files() -> FileTransport:
    return FileTransport()


@given(st.lists(st.binary(min_size=1).filter(lambda name: not {0, 47} & set(name)), min_size=1))
def test_any_path_survives_its_url(parts: list[bytes]) -> None:
    path = Path(os.fsdecode(b"/" + b"/".join(parts)))
    url = file_url(path)
    assert url.isascii()
    assert " " not in url
    assert path_of(url) == path


@pytest.mark.parametrize("name", ["a b", "ümläut", "100%", "%2e%2e", "a#b?c", "a+b", "\udcff"])
def test_awkward_names_are_read(name: str, tmp_path: Path, files: FileTransport) -> None:
    path = tmp_path / name
    path.write_bytes(b"content")
    assert files.get(file_url(path), limit=7) == b"content"
    assert files.exists(file_url(path))


@pytest.mark.parametrize("url", ["file://elsewhere/a", "file://", "file:///a%00b"])
def test_urls_that_name_no_file_here_are_refused(url: str, files: FileTransport) -> None:
    with pytest.raises(MirrorError, match="names no file on this host"):
        files.get(url, limit=1)


def test_localhost_is_here(tmp_path: Path, files: FileTransport) -> None:
    (tmp_path / "a").write_bytes(b"1")
    assert files.get(f"file://localhost{tmp_path}/a", limit=1) == b"1"


def test_what_is_missing_is_not_found(tmp_path: Path, files: FileTransport) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name in ("nothing", "file/below"):
        with pytest.raises(NotFound) as caught:
            files.get(file_url(tmp_path / name), limit=1)
        assert caught.value.title == f"{tmp_path / name} does not exist"
        assert not files.exists(file_url(tmp_path / name))


def test_a_directory_exists_and_cannot_be_read(tmp_path: Path, files: FileTransport) -> None:
    assert files.exists(file_url(tmp_path))
    with pytest.raises(MirrorError) as caught:
        files.get(file_url(tmp_path), limit=1)
    assert caught.value.title == f"{tmp_path} is not a regular file"


def test_a_fifo_is_refused_at_once(tmp_path: Path, files: FileTransport) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(MirrorError, match="is not a regular file"):
        files.get(file_url(tmp_path / "fifo"), limit=1)


def test_a_device_is_refused(files: FileTransport) -> None:
    with pytest.raises(MirrorError, match="/dev/zero is not a regular file"):
        files.get("file:///dev/zero", limit=1)


def test_a_circle_of_links_is_said(tmp_path: Path, files: FileTransport) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    reason = os.strerror(errno.ELOOP)
    with pytest.raises(MirrorError, match=reason):
        files.get(file_url(tmp_path / "a"), limit=1)
    with pytest.raises(MirrorError, match=reason):
        files.exists(file_url(tmp_path / "a"))


def test_a_file_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    # In a child without privileges: whoever runs the tests as root may read everything.
    path = tmp_path / "secret"
    path.write_bytes(b"")
    path.chmod(0)
    program = (
        "import os, sys\n"
        "from core.net.files import FileTransport, file_url\n"
        "transport = FileTransport()\n"
        "os.getuid() or os.seteuid(12345)\n"
        "transport.get(sys.argv[1], limit=1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, file_url(path)], capture_output=True, text=True
    )
    assert "may not be read. Ask who runs the mirror" in done.stderr


def test_the_limit_holds_to_the_byte(tmp_path: Path, files: FileTransport) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert files.get(file_url(path), limit=5) == b"12345"
    with pytest.raises(TooLong) as caught:
        files.get(file_url(path), limit=4)
    assert caught.value.title == f"{path} has more than 4 bytes"


def test_a_file_that_is_too_long_is_not_even_begun(tmp_path: Path, files: FileTransport) -> None:
    path = tmp_path / "sparse"
    path.touch()
    os.truncate(path, 1 << 40)
    came: list[bytes] = []
    with files.stream(file_url(path), limit=1 << 20) as chunks, pytest.raises(TooLong):
        came.extend(chunks)
    assert came == []


def test_a_file_that_grows_is_stopped_at_the_limit(tmp_path: Path, files: FileTransport) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0" * (1 << 18))
    with files.stream(file_url(path), limit=(1 << 18) + 10) as chunks:
        assert len(next(chunks)) == 1 << 18
        with path.open("ab") as stream:
            stream.write(b"1" * 100)
        with pytest.raises(TooLong):
            next(chunks)


def test_reading_stops_when_cancelled(tmp_path: Path, files: FileTransport) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0" * (1 << 20))
    token = CancelToken()
    with files.stream(file_url(path), limit=1 << 20, cancel=token) as chunks:
        next(chunks)
        token.cancel()
        with pytest.raises(Interrupted):
            next(chunks)


def test_no_descriptor_stays_open(tmp_path: Path, files: FileTransport) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0" * (1 << 20))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few_more = max(map(int, os.listdir("/dev/fd"))) + 50
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, few_more), hard))
    try:
        for _ in range(400):
            with files.stream(file_url(path), limit=1 << 20) as chunks:
                next(chunks)
            with pytest.raises(MirrorError):
                files.get(file_url(tmp_path), limit=1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_scheme_chooses_the_transport() -> None:
    assert isinstance(open_transport("file:///a"), FileTransport)
    with pytest.raises(WrongUse) as caught:
        open_transport("sftp://user:secret@host/key")
    assert caught.value.title == "sftp://host/key is not a URL that can be read"
    assert "file://, http://, https://" in caught.value.hint
