"""How long an install takes: us, real Spack, and the floor (unpacking alone).

`make bench` runs us and the floor. Where `SPACK_ROOT` names a Spack 1.x that can install from a
build cache, it takes part: same mirror, same closure, same file system, in turns. The job is a
whole process with an empty store and a warm index.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import Contestant, compare, print_table

ROOT = Path(__file__).parents[1]
MIRROR = ROOT / "tui" / "demo" / "mirror"
KEY = "559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A"
JOBS = {"reef (6 small packages)": "reef", "trawl (2,000 files)": "trawl"}


def clean_environment(place: Path) -> dict[str, str]:
    """Nothing of the user's."""
    return {"PATH": os.environ["PATH"], "HOME": str(place), "LC_ALL": "C.UTF-8"}


def empty(directory: Path) -> None:
    """Make sure that there is an empty directory."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)


class Ours:
    """spackbin with everything below one directory."""

    def __init__(self, place: Path) -> None:
        self.store = place / "ours"
        self.environment = clean_environment(place) | {
            "PYTHONPATH": str(ROOT),
            "SPACKBIN_STORE": str(self.store),
            "SPACKBIN_CONFIG_DIR": str(place / "config"),
            "SPACKBIN_CACHE_DIR": str(place / "cache"),
            "SPACKBIN_STATE_DIR": str(place / "state"),
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tui.cli", *arguments]

    def say(self, *arguments: str) -> str:
        done = subprocess.run(
            self.command(*arguments), env=self.environment, capture_output=True, check=True
        )
        return done.stdout.decode()

    def ready(self) -> None:
        self.say("mirror", "add", "harbor", str(MIRROR))
        self.say("key", "trust", "harbor", KEY)

    def contestant(self, hash_: str) -> Contestant:
        command = self.command("--quiet", "install", f"/{hash_}", "--yes")
        return Contestant("spackbin", command, self.environment, lambda: empty(self.store))


def floor(place: Path, archives: list[Path]) -> Contestant:
    """`tar` unpacks the same archives, one after the other."""
    target = place / "floor"
    script = 'for archive; do tar -xzf "$archive" -C "$TARGET"; done'
    command = ["sh", "-c", script, "sh", *map(str, archives)]
    environment = clean_environment(place) | {"TARGET": str(target)}
    return Contestant("tar alone", command, environment, lambda: empty(target))


def spack(place: Path, checkout: Path, hash_: str) -> Contestant:
    """Real Spack with a configuration of its own, and its index read before."""
    own = place / "spack"
    scope = own / "scope"
    scope.mkdir(parents=True, exist_ok=True)
    settings = {
        "config": {
            "install_tree": {"root": str(own / "store")},
            "build_stage": [str(own / "stage")],
            "misc_cache": str(own / "misc"),
        },
        "bootstrap": {"enable": True, "root": str(own / "bootstrap"), "sources": []},
        "mirrors": {"harbor": {"url": f"file://{MIRROR}", "signed": True}},
        "repos:": recipes(own),
    }
    for section, values in settings.items():
        name = section.rstrip(":")
        (scope / f"{name}.yaml").write_text(json.dumps({section: values}))
    environment = clean_environment(own) | {
        "SPACK_PYTHON": sys.executable,
        "SPACK_DISABLE_LOCAL_CONFIG": "1",
        "SPACK_USER_CACHE_PATH": str(own / "cache"),
        "SPACK_GNUPGHOME": str(own / "gnupg"),
    }
    program = [str(checkout / "bin" / "spack"), "--color", "never", "-C", str(scope)]
    subprocess.run(
        [*program, "buildcache", "keys", "--install", "--trust", "--yes-to-all"],
        env=environment,
        check=True,
        capture_output=True,
    )
    command = [*program, "install", "--cache-only", f"/{hash_}"]
    return Contestant("Spack", command, environment, lambda: empty(own / "store"))


def recipes(own: Path) -> dict[str, str]:
    """Empty recipes by name: without them Spack installs nothing, and it runs none of them."""
    index = json.loads(index_blob().read_text())["database"]["installs"]
    found: dict[str, str] = {}
    for record in index.values():
        namespace, package = record["spec"]["namespace"], record["spec"]["name"]
        repository = own / "spack_repo" / namespace
        recipe = repository / "packages" / package.replace("-", "_") / "package.py"
        recipe.parent.mkdir(parents=True, exist_ok=True)
        name = "".join(word.capitalize() for word in package.split("-"))
        recipe.write_text(
            f"from spack.package import *\n\n\nclass {name}(PackageBase):\n    has_code = False\n"
        )
        (repository / "repo.yaml").write_text(f"repo:\n  namespace: {namespace}\n  api: v2.0\n")
        found[namespace] = str(repository)
    return found


def index_blob() -> Path:
    """The index of the demo mirror."""
    manifest = json.loads((MIRROR / "v3/manifests/index/index.manifest.json").read_text())
    digest = manifest["data"][0]["checksum"]
    return MIRROR / "blobs" / "sha256" / digest[:2] / digest


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--directory", help="where to work: the file system that is measured")
    given = options.parse_args()
    checkout = os.environ.get("SPACK_ROOT")
    with tempfile.TemporaryDirectory(prefix="spackbin-bench-", dir=given.directory) as name:
        place = Path(name)
        ours = Ours(place)
        ours.ready()
        for title, package in JOBS.items():
            plan = json.loads(ours.say("plan", package, "--json"))
            digests = [node["source"]["archive_sha256"] for node in plan["nodes"] if node["source"]]
            archives = [MIRROR / "blobs/sha256" / digest[:2] / digest for digest in digests]
            hash_ = plan["roots"][0]
            contestants = [ours.contestant(hash_), floor(place, archives)]
            if checkout:
                contestants.append(spack(place, Path(checkout), hash_))
            print_table(title, compare(contestants, given.rounds))


if __name__ == "__main__":
    main()
