"""Those who take part: spackbin, a Spack, and the floor."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Contestant

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class BenchMirror:
    """A mirror on this file system."""

    root: Path
    """Where it is."""
    key: str
    """Fingerprint of the key that signs it."""

    def index(self) -> dict[str, dict[str, dict[str, str]]]:
        """The records of its index by DAG hash."""
        manifest = json.loads((self.root / "v3/manifests/index/index.manifest.json").read_text())
        text = self.blob(manifest["data"][0]["checksum"]).read_text()
        return json.loads(text)["database"]["installs"]

    def blob(self, digest: str) -> Path:
        """Where a blob is."""
        return self.root / "blobs" / "sha256" / digest[:2] / digest


DEMO = BenchMirror(ROOT / "tui" / "demo" / "mirror", "559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A")
"""The mirror that ships with spackbin: real packages, made by real Spack."""
SMALL, LARGE = "cairn", "range"
"""Packages of the mirror made for the benchmark: closures of 60 and of 200 packages."""
SMALL_CLOSURE, LARGE_CLOSURE = 60, 200
"""How many packages these are."""
_KEPT = ("catalogs", "documents", "hosts")
"""What a warm index is, below the cache directory."""


def made_mirror(directory: Path) -> BenchMirror:
    """The mirror of many small packages, see `bench.make_mirror`."""
    # In a process of its own: ours stays small, because every process that it starts is measured
    # with at least its own memory.
    done = subprocess.run(
        [sys.executable, "-m", "bench.make_mirror", str(directory)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return BenchMirror(directory, done.stdout.strip())


def clean_environment(place: Path) -> dict[str, str]:
    """Nothing of the user's."""
    return {"PATH": os.environ["PATH"], "HOME": str(place), "LC_ALL": "C.UTF-8"}


def empty(directory: Path) -> None:
    """Make sure that there is an empty directory."""
    put_away(directory, directory.parent)
    directory.mkdir(parents=True)


def put_away(directory: Path, place: Path) -> None:
    """Have it elsewhere below `place` until the benchmark ends, when all is removed.

    For some minutes ext4 looks at removed files again whenever it makes a new one, which can take
    ten times as long as to make it, and would be most of what is measured.
    """
    if directory.exists():
        directory.rename(tempfile.mkdtemp(prefix="used-", dir=place))


def nothing() -> None:
    """All is as it should be before the job."""


class Ours:
    """spackbin with everything below one directory."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.store = place / "store"
        self.environment = clean_environment(place) | {
            "PYTHONPATH": str(ROOT),
            "SPACKBIN_STORE": str(self.store),
            "SPACKBIN_CONFIG_DIR": str(place / "config"),
            "SPACKBIN_CACHE_DIR": str(place / "cache"),
            "SPACKBIN_STATE_DIR": str(place / "state"),
            "SPACKBIN_USE_SPACK": "false",
        }
        place.mkdir(parents=True, exist_ok=True)

    def use(self, mirror: BenchMirror) -> None:
        """Add a mirror, read its index and trust its key."""
        self.say("mirror", "add", "bench", str(mirror.root))
        self.say("key", "trust", "bench", mirror.key)

    def command(self, *arguments: str) -> list[str]:
        """A command as a whole process."""
        return [sys.executable, "-m", "tui.cli", *arguments]

    def say(self, *arguments: str) -> str:
        """What a command answers."""
        done = subprocess.run(
            self.command(*arguments), env=self.environment, capture_output=True, check=True
        )
        return done.stdout.decode()

    def plan(self, package: str, mirror: BenchMirror) -> tuple[str, list[Path]]:
        """The hash of a package, and the archives of its closure."""
        plan = json.loads(self.say("plan", package, "--json"))
        sources = [node["source"] for node in plan["nodes"] if node["source"]]
        return plan["roots"][0], [mirror.blob(found["archive_sha256"]) for found in sources]

    def runs(self, *arguments: str, prepare: Callable[[], None] = nothing) -> Contestant:
        """A command, by default on what is there."""
        return Contestant("spackbin", self.command(*arguments), self.environment, prepare)

    def installs(self, hash_: str, prepare: Callable[[], None] = nothing) -> Contestant:
        """An install into an empty store, or what was prepared in it, of what is new to us."""

        def begin() -> None:
            self.forget()
            prepare()

        return self.runs("--quiet", "install", f"/{hash_}", "--yes", prepare=begin)

    def forget(self) -> None:
        """Empty the store, and forget all but the index, the key, and what machine this is."""
        empty(self.store)
        put_away(self._place / "state" / "runs", self._place)
        for found in (self._place / "state").glob("keyrings/*/lately"):
            put_away(found, self._place)
        for found in (self._place / "cache").iterdir():
            if found.name not in _KEPT:
                put_away(found, self._place)


class Spack:
    """Real Spack with one mirror, and a configuration and caches of its own."""

    def __init__(self, place: Path, checkout: Path, mirror: BenchMirror) -> None:
        self.store = place / "store"
        scope = place / "scope"
        scope.mkdir(parents=True)
        settings = {
            "config": {
                "install_tree": {"root": str(self.store)},
                "build_stage": [str(place / "stage")],
                "misc_cache": str(place / "misc"),
            },
            "bootstrap": {"enable": True, "root": str(place / "bootstrap"), "sources": []},
            "mirrors": {"bench": {"url": f"file://{mirror.root}", "signed": True}},
            "repos:": _recipes(place, mirror),
        }
        for section, values in settings.items():
            (scope / f"{section.rstrip(':')}.yaml").write_text(json.dumps({section: values}))
        self._environment = clean_environment(place) | {
            "SPACK_PYTHON": sys.executable,
            "SPACK_DISABLE_LOCAL_CONFIG": "1",
            "SPACK_USER_CACHE_PATH": str(place / "cache"),
            "SPACK_GNUPGHOME": str(place / "gnupg"),
        }
        self._program = [str(checkout / "bin" / "spack"), "--color", "never", "-C", str(scope)]
        self._run("buildcache", "keys", "--install", "--trust", "--yes-to-all")
        # Its key agent stays otherwise.
        subprocess.run(["gpgconf", "--homedir", str(place / "gnupg"), "--kill", "all"], check=True)
        # Reads the index.
        self._run("buildcache", "list")

    def _run(self, *arguments: str) -> None:
        command = [*self._program, *arguments]
        subprocess.run(command, env=self._environment, check=True, capture_output=True)

    def runs(self, *arguments: str, prepare: Callable[[], None] = nothing) -> Contestant:
        """A command, by default on what is there."""
        return Contestant("Spack", [*self._program, *arguments], self._environment, prepare)

    def installs(self, hash_: str, prepare: Callable[[], None] = nothing) -> Contestant:
        """An install into an empty store, or what was prepared in it."""

        def begin() -> None:
            empty(self.store)
            prepare()

        return self.runs("install", "--cache-only", f"/{hash_}", prepare=begin)


def _recipes(place: Path, mirror: BenchMirror) -> dict[str, str]:
    """Empty recipes by name: without them Spack installs nothing, and it runs none of them."""
    found: dict[str, str] = {}
    for record in mirror.index().values():
        namespace, package = record["spec"]["namespace"], record["spec"]["name"]
        repository = place / "spack_repo" / namespace
        recipe = repository / "packages" / package.replace("-", "_") / "package.py"
        recipe.parent.mkdir(parents=True, exist_ok=True)
        name = "".join(word.capitalize() for word in package.split("-"))
        recipe.write_text(
            f"from spack.package import *\n\n\nclass {name}(PackageBase):\n    has_code = False\n"
        )
        (repository / "repo.yaml").write_text(f"repo:\n  namespace: {namespace}\n  api: v2.0\n")
        found[namespace] = str(repository)
    return found


def floors(place: Path, archives: list[Path]) -> list[Contestant]:
    """Unpacking alone, one archive after the other: `tar`, and `tar` behind the fastest inflater.

    Nothing is verified, relocated or registered, and all inflating is done on one core.
    """
    target = place / "floor"
    tar = 'for archive; do tar -xzf "$archive" -C "$TARGET"; done'
    fast = 'for archive; do "$PYTHON" -m zlib_ng.gzip_ng -cd "$archive" | tar -x -C "$TARGET"; done'
    scripts = {"tar": tar}
    if len(archives) < 10:
        # It starts a Python for each archive, which would be all that is measured.
        scripts["zlib-ng + tar"] = fast
    environment = clean_environment(place) | {"TARGET": str(target), "PYTHON": sys.executable}
    return [
        Contestant(
            name,
            ["sh", "-c", script, "sh", *map(str, archives)],
            environment,
            lambda: empty(target),
        )
        for name, script in scripts.items()
    ]
