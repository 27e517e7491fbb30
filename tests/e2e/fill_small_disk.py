"""Installs into a store on disks that are too small, and then large enough; prints what was wrong.

Run in a mount namespace of our own. Arguments: an empty directory, and the size in KiB of the
smallest disk; each next one is a page larger, until all fits.
"""

import json
import subprocess
import sys
from pathlib import Path

from core.store.database import Database
from core.store.fsck import half_done
from core.store.verify import changes
from tests.engines import CHAIN, EngineWorld, Zygote, failures, zygote
from tests.simulator.mirror import simulated_mirror

PAGE = 4


def mounted(store: Path, size: int) -> None:
    store.mkdir(parents=True)
    options = f"size={size}k,mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", store], check=True)


def enlarged(store: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", store], check=True)


def unmounted(store: Path) -> None:
    subprocess.run(["umount", store], check=True)


def wrong_after_failure(world: EngineWorld, said: list[str]) -> list[str]:
    """A clean refusal: plain words, nothing half done, and what is registered is whole."""
    wrong = [str(item) for item in half_done(world.store.root)]
    wrong += [text for text in said if "no space is left on the file system" not in text]
    for record in Database(world.store).read().records.values():
        if record.installed and not record.spec.external and record.prefix:
            wrong += [str(problem) for problem in changes(Path(record.prefix))]
    return wrong


def main(place: str, smallest: str) -> None:
    directory = Path(place)
    world = EngineWorld(directory / "world", simulated_mirror(directory / "mirror", CHAIN))
    report: dict[str, list[str]] = {}
    with zygote() as engines:
        size, sizes, is_enough = int(smallest), 0, False
        tree, records = reference(world, engines)
        while not is_enough:
            world.clear()
            mounted(world.store.root, size)
            run = world.run("crab", "gull")
            is_enough = engines.work(run) == 0
            said = [failure.title for failure in failures(run)]
            wrong = [] if is_enough else wrong_after_failure(world, said)
            enlarged(world.store.root)
            if engines.work(world.run("crab", "gull")) != 0:
                wrong.append("the next run does not complete")
            elif world.tree() != tree or world.records() != records:
                wrong.append("the next run made another tree")
            if wrong:
                report[f"{size} KiB"] = wrong
            unmounted(world.store.root)
            size, sizes = size + PAGE, sizes + 1
    print(json.dumps({"wrong": report, "sizes": sizes}))


def reference(world: EngineWorld, engines: Zygote) -> tuple[object, object]:
    """What an install with enough room makes."""
    world.clear()
    assert engines.work(world.run("crab", "gull")) == 0
    return world.tree(), world.records()


if __name__ == "__main__":
    main(*sys.argv[1:])
