"""What was fetched once is not fetched again, and the cache is never a reason to fail."""

import shutil
from pathlib import Path

import pytest

from core.blobs.shelf import BLOBS
from tests.program import KEY, Program
from tests.simulator.fixtures import Serve
from tests.simulator.server import Fault, FaultyServer


@pytest.fixture
def served(tmp_path: Path, golden: Path, serving: Serve) -> FaultyServer:
    root = tmp_path / "served"
    shutil.copytree(golden / "dev" / "mirror-signed", root)
    return serving(root)


def blobs_asked(server: FaultyServer) -> list[str]:
    return [path for path, _ in server.requests if path.startswith("blobs/")]


def left_in(cache: Path) -> list[Path]:
    return [path for path in (cache / BLOBS).rglob("*") if path.is_file()]


def said_in_log(program: Program) -> str:
    events = program.json("attach")["events"]
    return "\n".join(event["text"] for event in events if event["event"] == "LogWritten")


def configure(program: Program, line: str) -> None:
    (program.directory / "config").mkdir(exist_ok=True)
    (program.directory / "config" / "config.toml").write_text(line)


def forget(program: Program) -> None:
    shutil.rmtree(program.store)


def test_a_reinstall_needs_no_network(program: Program, served: FaultyServer) -> None:
    program.trusting(served.url)
    program.good("install", "libtide@1.4.2", "--yes")
    asked = len(blobs_asked(served))
    forget(program)
    program.good("install", "libtide@1.4.2", "--yes")
    assert len(blobs_asked(served)) == asked

    forget(program)
    served.fail("", Fault(status=401))
    before = len(served.requests)
    plan = program.json("plan", "libtide@1.4.2")
    (reason,) = {node["reason"] for node in plan["nodes"] if node["disposition"] == "cached"}
    assert reason.startswith("Mirror harbor did not answer, its manifest of 20")
    assert reason.endswith(" was used")
    # One look is enough to know that it does not answer.
    assert len(served.requests) == before + 1
    program.good("install", "libtide@1.4.2", "--yes")
    assert reason in said_in_log(program)
    assert "signature good" in said_in_log(program)
    assert program.prefix("libtide").is_dir()
    program.good("verify")


def test_without_the_archive_an_old_manifest_is_of_no_use(
    program: Program, served: FaultyServer
) -> None:
    program.trusting(served.url)
    program.good("install", "libtide@1.4.2", "--yes")
    forget(program)
    program.good("cache", "clear")
    assert left_in(program.directory / "cache") == []
    served.fail("", Fault(status=401))
    done = program.run("plan", "libtide@1.4.2")
    assert done.returncode == 4
    assert "asks for a login" in done.stdout


def test_an_old_manifest_counts_only_while_its_key_is_trusted(
    program: Program, served: FaultyServer
) -> None:
    program.trusting(served.url)
    program.good("install", "libtide@1.4.2", "--yes")
    forget(program)
    program.good("key", "distrust", "harbor", KEY)
    served.fail("", Fault(status=401))
    done = program.run("plan", "libtide@1.4.2")
    assert done.returncode == 3
    assert "No key is trusted for mirror harbor" in done.stdout


def test_a_damaged_blob_is_fetched_anew(program: Program, served: FaultyServer) -> None:
    program.trusting(served.url)
    program.good("install", "libtide@1.4.2", "--yes")
    forget(program)
    archives = [path for path in left_in(program.directory / "cache") if path.stat().st_size > 9999]
    assert archives
    for path in archives:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    before = len(blobs_asked(served))
    program.good("install", "libtide@1.4.2", "--yes")
    assert len(blobs_asked(served)) - before == len(archives)
    assert "is damaged: it is fetched anew" in said_in_log(program)
    program.good("verify")


def test_the_cache_of_somebody_else(program: Program, served: FaultyServer, tmp_path: Path) -> None:
    program.trusting(served.url)
    program.good("install", "libtide@1.4.2", "--yes")
    forget(program)
    theirs = tmp_path / "theirs"
    (program.directory / "cache").rename(theirs)
    program.good("mirror", "refresh")
    configure(program, f'shared_caches = ["{theirs}", "{tmp_path / "nothing"}"]')
    before = len(blobs_asked(served))
    program.good("install", "libtide@1.4.2", "--yes")
    archives = {path.name for path in left_in(theirs) if path.stat().st_size > 5000}
    assert len(archives) == 2
    assert not archives & {path[-64:] for path in blobs_asked(served)[before:]}
    said = program.good("cache")
    assert f"looked at first: {theirs}\n" in said
    assert f"looked at first: {tmp_path / 'nothing'} (cannot be read)\n" in said


def test_a_cache_that_cannot_be_used(program: Program, served: FaultyServer) -> None:
    program.trusting(served.url)
    (program.directory / "cache" / "blobs").write_text("a file")
    program.good("install", "libtide@1.4.2", "--yes")
    assert said_in_log(program).count("a temporary directory takes its place") == 1
    program.good("verify")


def test_the_cache_has_its_size_after_a_run(program: Program, served: FaultyServer) -> None:
    program.trusting(served.url)
    program.good("install", "libtide@1.4.2", "--yes")
    found = program.json("cache")
    assert found["kind"] == "cache"
    cache = found["cache"]
    here = left_in(program.directory / "cache")
    assert cache["blobs"] == len(here)
    assert cache["size"] == sum(path.stat().st_size for path in here)
    assert cache["directory"] == str(program.directory / "cache")
    assert (cache["parts"], cache["shared"]) == (0, [])
    assert cache["manifests"] > 0
    configure(program, 'cache_size = "1 kB"')
    program.good("install", "beacon@1.3.0", "--yes")
    assert program.json("cache")["cache"]["size"] <= 1000
    assert "are left" in program.good("cache", "trim")
    assert program.json("cache", "clear")["cache"]["blobs"] == 0
    assert program.json("cache")["cache"]["manifests"] == 0


def test_a_size_that_is_none(program: Program) -> None:
    configure(program, 'cache_size = "much"')
    assert "cache_size must be a size like 500M or 20G" in program.refused(2, "cache")
