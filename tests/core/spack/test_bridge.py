"""One process inside of Spack: what it is asked, how it ends, and what becomes of its prints.

The script that answers is the real one; the Spack around it is a small one of our own.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.errors import Interrupted, NotAvailable, WrongUse
from core.spack.answers import concretized, names, recipe_details, recipe_views, running_spack
from core.spack.bridge import Bridge
from core.spack.instance import SpackInstance
from tests.simulator.spack import RECIPES, is_alive, write_fake_spack

NOTHING = {"database": {"version": "8", "installs": {}}}


def solve(bridge: Bridge, spec: str, cancel: CancelToken, **more: object) -> object:
    fields: dict[str, object] = {"specs": [spec], "reuse": None, "offers": NOTHING}
    return bridge.ask("concretize", cancel=cancel, **fields, **more)  # type: ignore[arg-type]


def eventually(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def spack(tmp_path: Path, golden: Path) -> SpackInstance:
    environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    return SpackInstance(write_fake_spack(tmp_path / "spack", golden), environ)


@pytest.fixture
def bridge(spack: SpackInstance) -> Iterator[Bridge]:
    made = Bridge(spack)
    yield made
    made.close()


def pids_of(home: Path) -> list[int]:
    eventually(lambda: (home / "pids").exists() and (home / "pids").read_text().count(" ") == 1)
    return [int(word) for word in (home / "pids").read_text().split()]


def test_one_process_answers_all(bridge: Bridge) -> None:
    cancel = CancelToken()
    bridge.start()
    assert bridge.database(cancel) == "8"
    running = running_spack(bridge.ask("facts", cancel=cancel))
    assert running.version == "1.3.0"
    assert [item.namespace for item in running.repositories] == ["toy"]
    found = recipe_views(bridge.ask("recipes", cancel=cancel))
    assert [view.name for view in found] == list(RECIPES)
    ghost = recipe_details(bridge.ask("recipe", cancel=cancel, name="ghost"))
    assert (ghost.summary, ghost.versions) == ("A thing of beauty.", ("2.0", "1.0"))
    possible = bridge.ask("possible", cancel=cancel, specs=["reef"], cached=["libtide"])
    assert names(possible) == {"gcc-runtime", "ghost", "libtide"}


def test_an_answer_is_read_whole_and_held_against_its_hashes(bridge: Bridge) -> None:
    cancel = CancelToken()
    fields = {"reuse": True, "offers": NOTHING}
    answer = bridge.ask("concretize", cancel=cancel, specs=["reef", "wreck"], **fields)
    found = concretized(answer, ("reef", "wreck"))
    assert [found.graph[root.hash].name for root in found.roots] == ["reef", "wreck"]
    assert [root.spec for root in found.roots] == ["reef", "wreck"]
    assert not found.graph.missing(("build", "link", "run"))
    nodes = dict(answer["nodes"])  # type: ignore[call-overload]
    lost = next(hash_ for hash_ in nodes if hash_ not in found.graph.roots)
    del nodes[lost]
    with pytest.raises(NotAvailable, match=f"does not describe /{lost[:7]}"):
        concretized({**answer, "nodes": nodes}, ("reef", "wreck"))
    with pytest.raises(NotAvailable, match="2 roots for 1 specs"):
        concretized(answer, ("reef",))
    with pytest.raises(NotAvailable, match="cannot be used"):
        running_spack({"version": 3})


def test_a_node_under_a_hash_that_is_not_its_own_is_refused(bridge: Bridge) -> None:
    graph = concretized(
        bridge.ask("concretize", cancel=CancelToken(), specs=["reef"], reuse=None, offers=NOTHING),
        ("reef",),
    ).graph
    nodes = {hash_: dict(spec.node) for hash_, spec in graph.nodes.items()}
    (root,) = graph.roots
    nodes[root]["version"] = "6.6.6"
    with pytest.raises(NotAvailable, match=r"reef@6\.6\.6 does not have the hash"):
        concretized({"roots": [root], "nodes": nodes}, ("reef",))


def test_no_comes_with_spacks_reason(bridge: Bridge) -> None:
    cancel = CancelToken()
    with pytest.raises(NotAvailable) as error:
        solve(bridge, "reef@99", cancel, refusal="Spack finds no answer to 'reef@99'")
    assert error.value.title == "Spack finds no answer to 'reef@99'"
    assert error.value.detail == "no answer / reef@99 is / \x1b[31mtoo new\x1b[0m"
    with pytest.raises(WrongUse, match="unexpected characters"):
        solve(bridge, "reef@@", cancel)
    with pytest.raises(WrongUse, match="2 specs, not one"):
        solve(bridge, "reef wreck", cancel)
    with pytest.raises(NotAvailable, match="Package 'nothing' not found"):
        bridge.ask("recipe", cancel=cancel, name="nothing")
    # None of these ends the process.
    assert running_spack(bridge.ask("facts", cancel=cancel)).version == "1.3.0"


def test_cancelled_in_the_middle_nothing_of_it_lives_on(bridge: Bridge, tmp_path: Path) -> None:
    cancel = CancelToken()
    told: list[tuple[float, str]] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            solve(bridge, "sleep", cancel, waiting=lambda *now: told.append(now))
        except Interrupted as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    pids = pids_of(tmp_path)
    assert all(map(is_alive, pids))
    eventually(lambda: any(line == "noise of a child" for _, line in told))
    before = time.monotonic()
    cancel.cancel()
    thread.join()
    assert time.monotonic() - before < 30
    assert len(failed) == 1
    eventually(lambda: not any(map(is_alive, pids)))
    # The next question starts another one.
    assert running_spack(bridge.ask("facts", cancel=CancelToken())).version == "1.3.0"


def test_who_waits_for_another_question_can_be_cancelled_too(
    bridge: Bridge, tmp_path: Path
) -> None:
    first, second = CancelToken(), CancelToken()

    def work() -> None:
        with pytest.raises(Interrupted):
            solve(bridge, "sleep", first)

    thread = threading.Thread(target=work)
    thread.start()
    pids_of(tmp_path)
    second.cancel()
    with pytest.raises(Interrupted):
        bridge.ask("facts", cancel=second)
    first.cancel()
    thread.join()


def test_when_we_are_killed_it_ends_with_its_children(spack: SpackInstance, tmp_path: Path) -> None:
    ask = (
        "from pathlib import Path; from core.cancel import CancelToken;"
        "from core.spack.bridge import Bridge; from core.spack.instance import SpackInstance;"
        f"spack = SpackInstance(Path({str(spack.prefix)!r}), {dict(spack.environ)!r});"
        "Bridge(spack).ask('concretize', cancel=CancelToken(), specs=['sleep'], reuse=None,"
        f" offers={NOTHING!r})"
    )
    us = subprocess.Popen([sys.executable, "-c", ask], cwd=Path(__file__).parents[3])
    pids = pids_of(tmp_path)
    us.kill()
    us.wait()
    eventually(lambda: not any(map(is_alive, pids)))


def test_a_spack_that_does_not_start_says_why(bridge: Bridge, spack: SpackInstance) -> None:
    (spack.prefix / "broken").touch()
    with pytest.raises(NotAvailable, match="does not start") as error:
        bridge.ask("facts", cancel=CancelToken())
    assert "this Spack is \x1b[31mbroken" in error.value.detail
    assert "bin/spack" in error.value.hint
    (spack.prefix / "bin/spack").unlink()
    with pytest.raises(NotAvailable, match="cannot be run"):
        bridge.ask("facts", cancel=CancelToken())


def test_one_that_ends_in_the_middle_is_replaced(bridge: Bridge) -> None:
    with pytest.raises(NotAvailable, match="ended in the middle") as error:
        solve(bridge, "die", CancelToken())
    assert "Killed by \x1b[31mnobody" in error.value.detail
    assert running_spack(bridge.ask("facts", cancel=CancelToken())).version == "1.3.0"


def test_one_that_never_answers_is_given_up(spack: SpackInstance, tmp_path: Path) -> None:
    bridge = Bridge(spack, patience=3)
    with pytest.raises(NotAvailable, match="does not answer"):
        solve(bridge, "sleep", CancelToken())
    eventually(lambda: not any(map(is_alive, pids_of(tmp_path))))
