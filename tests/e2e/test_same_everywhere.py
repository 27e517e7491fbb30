"""The same mirror from a registry, a web server and an object store, by commands."""

import shutil
from pathlib import Path
from typing import Any

from tests.program import KEY, Program
from tests.servers.nginx import nginx
from tests.servers.registry import Registry
from tests.servers.s3 import S3
from tests.trees import OURS, differences, entries_of

VARYING = {".spack/sbom/spdx-2.3.json", ".spack/install_manifest.json"}
"""Written with the time of the installation."""


def installed(program: Program) -> dict[str, dict[str, dict[str, Any]]]:
    """Every prefix in the store, by its path, and nothing of the store left behind."""
    prefixes = sorted(program.store.glob("linux-*/*"))
    found = {str(path.relative_to(program.store)): entries_of(path) for path in prefixes}
    shutil.rmtree(program.store)
    return found


def rows(program: Program) -> dict[str, dict[str, Any]]:
    """The list of builds by hash, without what names the mirror and its trust."""
    builds = program.json("list", "--all")["builds"]
    return {build.pop("hash"): without_source(build) for build in builds}


def without_source(build: dict[str, Any]) -> dict[str, Any]:
    return {key: build[key] for key in ("name", "version", "variants", "target", "os", "compiler")}


def test_the_same_from_a_registry_and_from_a_directory(
    program: Program, golden: Path, golden_registry: Registry
) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    from_directory = rows(program)
    program.good("install", "reef", "--yes")
    expected = installed(program)
    program.good("mirror", "remove", "harbor")

    unsigned = ("--unsigned", "--allow-doubtful", "reg", "--shared-store")
    added = program.json("mirror", "add", "reg", golden_registry.mirror_url(), *unsigned)
    assert added["mirror"]["layout"] == "oci"
    assert added["mirror"]["builds"] == 9
    from_registry = rows(program)
    assert len(from_registry) == 9
    assert {key: from_directory[key] for key in from_registry} == from_registry
    program.good("install", "reef", "--yes")
    found = installed(program)

    assert len(expected) == 6
    assert found.keys() == expected.keys()
    for prefix, entries in expected.items():
        assert differences(entries, found[prefix], VARYING) == [], prefix


def test_the_same_from_a_web_server_and_from_an_object_store(
    program: Program, golden: Path, tmp_path: Path, s3: S3
) -> None:
    mirror = (golden / "dev" / "mirror-signed").resolve()
    program.trusting(mirror)
    from_directory = rows(program)
    program.good("install", "reef", "--yes")
    expected = installed(program)
    bucket = s3.upload(mirror, "spack/harbor")
    with nginx(mirror, tmp_path / "nginx") as web:
        for url, more in ((web, ()), (bucket, ("--endpoint-url", s3.url))):
            program.good("mirror", "remove", "harbor")
            program.good("mirror", "add", "harbor", url, *more)
            program.good("key", "trust", "harbor", KEY)
            assert rows(program) == from_directory
            program.good("install", "reef", "--yes")
            found = installed(program)
            assert found.keys() == expected.keys()
            for prefix, entries in expected.items():
                # The manifest names the times of the files that were rewritten.
                assert differences(entries, found[prefix], {OURS}) == [], prefix


def test_a_registry_is_not_taken_for_signed(program: Program, golden_registry: Registry) -> None:
    words = program.refused(3, "mirror", "add", "reg", golden_registry.mirror_url())
    assert "registries carry no signatures" in words
    assert "--unsigned" in words
    assert program.json("mirror", "list")["mirrors"] == []


def test_a_login_in_the_url_stays_out_of_the_words(
    program: Program, golden_registry: Registry
) -> None:
    url = golden_registry.mirror_url().replace("://", "://mariner:hunter2@")
    done = program.run("mirror", "add", "reg", url, "--unsigned")
    assert done.returncode == 2
    assert "hunter2" not in done.stdout + done.stderr
    assert program.json("mirror", "list")["mirrors"] == []
