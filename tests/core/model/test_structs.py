"""Structs that several threads use for the first time at once."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys, threading
import msgspec
from core.model.structs import prepare_structs

sys.setswitchinterval(1e-6)
def made(number):
    class Inner(msgspec.Struct):
        words: "list[str]"
    class Outer(msgspec.Struct):
        inner: Inner
        many: dict[str, list[Inner]]
    return Outer

outers = [made(number) for number in range(int(sys.argv[1]))]
prepare_structs()
text = b'{"inner":{"words":["a"]},"many":{"b":[{"words":[]}]}}'
for outer in outers:
    together = threading.Barrier(3)
    def use():
        together.wait()
        msgspec.json.decode(text, type=outer)
    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_prepared_structs_may_be_used_by_many_at_once() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", SCRIPT, "500"], cwd=root, check=False)
    assert done.returncode == 0
