"""How long it takes to unpack, relocate and flush one package, and `tar` with our decompressor.

`python -m bench.unpack` makes a package of 500 MB and 5,000 files, takes the demo mirror's `trawl`
beside it, and lets both ways take turns, each time in a new process. Only the work itself is timed,
not the start of Python. `tar flushed` has a `syncfs` after it, as an install must have.
"""

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.archives import MIRROR, node, write_package
from core.archive.inflate import inflate
from core.cancel import CancelToken
from core.engine.place import extract, flush, relocate
from core.engine.placer import SWITCH
from core.model.artifact import BlobRecord, VerifiedArtifact, VerifiedManifest
from core.model.ident import mirror_name, sha256
from core.model.spec import ConcreteSpec, spec_from_node

ROUNDS = 5
MEGABYTES, FILES = 500, 5000
"""Of the large package, unpacked."""
PIPE = 2**20


def trawl(place: Path) -> tuple[Path, dict[str, object]]:
    """The archive of `trawl`, and the spec in it."""
    (manifest,) = (MIRROR / "v3" / "manifests" / "spec" / "trawl").iterdir()
    text = manifest.read_text()
    digest = json.loads(text[text.index("{") : text.rindex("}") + 1])["data"][0]["checksum"]
    archive = MIRROR / "blobs" / "sha256" / digest[:2] / digest
    listed = subprocess.run(
        ["tar", "-xzOf", archive, "--wildcards", "*/.spack/spec.json"],
        capture_output=True,
        check=True,
    )
    copy = place / "trawl.tar.gz"
    shutil.copy(archive, copy)
    return copy, json.loads(listed.stdout)["spec"]["nodes"][0]


def artifact_of(archive: Path, spec: ConcreteSpec) -> VerifiedArtifact:
    """As if it had been fetched and verified."""
    digest = sha256(hashlib.sha256(b"").hexdigest())
    size = archive.stat().st_size
    record = BlobRecord("application/vnd.spack.install.v2.tar+gzip", size, "gzip", digest)
    manifest = VerifiedManifest(spec, mirror_name("bench"), record, record, signature=None)
    return VerifiedArtifact(manifest, archive, spec)


def ours(archive: Path, spec: ConcreteSpec, target: Path) -> None:
    """All of it, as the engine does it."""
    prefix = Path("/srv/store/linux-x86_64") / f"{spec.name}-{spec.version}-{spec.hash}"
    tree = extract(
        artifact_of(archive, spec), target, progress=lambda *_: None, cancel=CancelToken()
    )
    relocate(
        tree,
        prefix=prefix,
        root=Path("/srv/store"),
        sbang=Path("/srv/store/bin/sbang"),
        prefixes={},
        progress=lambda *_: None,
        cancel=CancelToken(),
        exists=lambda _: False,
        threads=os.cpu_count() or 1,
    )


def tar(archive: Path, target: Path) -> None:
    """The floor: the same decompressor, and the fastest that writes the members."""
    with subprocess.Popen(["tar", "-xf", "-", "-C", target], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        fcntl.fcntl(process.stdin, fcntl.F_SETPIPE_SZ, PIPE)
        with archive.open("rb") as source:
            for piece in inflate(source, 2**62, CancelToken()):
                process.stdin.write(piece)
    assert process.returncode == 0


def once(way: str, archive: Path, spec: ConcreteSpec, target: Path) -> None:
    """Do it, and print what it took."""
    ways: dict[str, Callable[[], None]] = {
        "spackbin": lambda: ours(archive, spec, target),
        "tar": lambda: tar(archive, target),
        "tar flushed": lambda: (tar(archive, target), flush(target))[0],
    }
    sys.setswitchinterval(SWITCH)
    before = peak()
    began, cpu = time.perf_counter(), sum(os.times()[:4])
    ways[way]()
    figures = {
        "wall": time.perf_counter() - began,
        "cpu": sum(os.times()[:4]) - cpu,
        "memory": (peak() - before) / 1024,
    }
    print(json.dumps(figures))


def peak() -> int:
    """Largest resident set of this process so far, in KiB."""
    # What `getrusage` says is that of the parent, if that was larger when it started us.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


def compare(title: str, archive: Path, spec: dict[str, object], rounds: int) -> None:
    """All ways in turns, each in a process of its own, after one turn that does not count."""
    ways = ("spackbin", "tar", "tar flushed")
    figures: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    # Nothing is removed before the end: for some minutes ext4 looks at each removed file again
    # whenever it makes a new one, which takes ten times as long as to make it.
    trees = archive.parent / "unpacked"
    trees.mkdir()
    for turn in range(rounds + 1):
        for number, way in enumerate(ways):
            target = trees / f"{turn}-{number}"
            target.mkdir()
            os.sync()
            command = [sys.executable, "-m", "bench.unpack", "--way", way, str(archive)]
            done = subprocess.run(
                [*command, "--spec", json.dumps(spec), "--target", target],
                capture_output=True,
                check=True,
            )
            if turn:
                figures[way].append(json.loads(done.stdout))
    shutil.rmtree(trees)
    print(f"\n{title}\n  {'':14}{'wall':>9}{'min .. max':>18}{'cpu':>9}{'+MB':>7}{'x tar':>8}")
    floor = [turn["wall"] for turn in figures["tar"]]
    for way, turns in figures.items():
        walls = [turn["wall"] for turn in turns]
        ratio = statistics.median(wall / low for wall, low in zip(walls, floor, strict=True))
        spread = f"{min(walls):.2f} .. {max(walls):.2f}"
        cpu = statistics.median(turn["cpu"] for turn in turns)
        memory = max(turn["memory"] for turn in turns)
        wall = statistics.median(walls)
        print(f"  {way:14}{wall:8.2f}s{spread:>18}{cpu:8.2f}s{memory:7.0f}{ratio:7.2f}x")


def run(place: Path, rounds: int, megabytes: int = MEGABYTES, files: int = FILES) -> None:
    """Measure both packages below `place`, and print."""
    compare("trawl (2,000 files)", *trawl(place), rounds)
    large = place / "whale.tar.gz"
    write_package(large, megabytes, files)
    compare(f"whale ({megabytes} MB, {files} files)", large, node(), rounds)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--directory", help="where to work: the file system that is measured")
    options.add_argument("--megabytes", type=int, default=MEGABYTES)
    options.add_argument("--files", type=int, default=FILES)
    options.add_argument("--way", help=argparse.SUPPRESS)
    options.add_argument("--spec", help=argparse.SUPPRESS)
    options.add_argument("--target", type=Path, help=argparse.SUPPRESS)
    options.add_argument("archive", nargs="?", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.way:
        spec = spec_from_node(json.loads(given.spec))
        once(given.way, given.archive, spec, given.target)
        return
    with tempfile.TemporaryDirectory(prefix="spackbin-bench-", dir=given.directory) as name:
        run(Path(name), given.rounds, given.megabytes, given.files)


if __name__ == "__main__":
    main()
