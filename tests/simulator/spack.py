"""A program that stands where Spack would, with as much of its Python as our script uses.

The script that runs inside of Spack is the real one; what it imports is this. Nothing is solved:
the answer to `reef` is the golden one. A few names make it misbehave.
"""

import json
import os
import sys
from pathlib import Path

from core.environment.read import read_environment

BIN = """#!/bin/sh
exec {python} -I {prefix}/bin/main.py "$@"
"""

MAIN = """
import os, runpy, sys
prefix = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if os.path.exists(prefix + "/broken"):
    sys.exit("==> Error: this Spack is \\x1b[31mbroken\\x1b[0m")
sys.path.insert(0, prefix + "/lib/spack")
sys.argv = sys.argv[sys.argv.index("python") + 1:]
print("==> printed before anything else", flush=True)
runpy.run_path(sys.argv[0], run_name="__main__")
"""

FILES = {
    "__init__.py": '__version__ = "1.3.0"\nspack_version = __version__\n',
    "config.py": """
import contextlib
VALUES = {"concretizer:unify": True}
def get(name, default=None):
    return VALUES.get(name, default)
@contextlib.contextmanager
def override(name, value):
    VALUES[name] = value
    yield
    del VALUES[name]
""",
    "repo.py": """
import os, pathlib
class Recipe:
    '''A thing
    of beauty.

    And more of it.'''
    name, namespace, homepage, versions = "ghost", "toy", None, {"1.0": {}, "2.0": {}}
class Repo:
    namespace = "toy"
    root = ROOT
    def all_package_names(self, include_virtuals=False):
        return sorted(os.listdir(ROOT + "/packages"))
    def filename_for_package_name(self, name):
        return ROOT + "/packages/" + name + "/package.py"
class PATH:
    repos = [Repo()]
    @staticmethod
    def packages_with_tags(tag):
        return {"gcc-runtime"}
    @staticmethod
    def get_pkg_class(name):
        if name != "ghost":
            raise KeyError("Package '%s' not found" % name)
        return Recipe
""",
    "database.py": '_DB_VERSION = "8"\n',
    "binary_distribution.py": """
import json
class Index:
    def update(self):
        raise RuntimeError("an index was read")
    def get_all_built_specs(self):
        raise RuntimeError("an index was read")
BINARY_INDEX = Index()
class Record:
    def __init__(self, hash_, entry):
        self.in_buildcache = entry["in_buildcache"]
        self.spec = entry["spec"]
class BuildCacheDatabase:
    def __init__(self, root):
        self.root = root
    def _read_from_file(self, path):
        with open(str(path)) as stream:
            installs = json.load(stream)["database"]["installs"]
        self._data = {key: Record(key, entry) for key, entry in installs.items()}
""",
    "solver/__init__.py": "",
    "solver/input_analysis.py": """
import spack.binary_distribution as binaries
def create_graph_analyzer():
    return None
class Counter:
    def possible_dependencies(self):
        return {spec.name for spec in binaries.BINARY_INDEX.get_all_built_specs()} | {"ghost"}
def create_counter(specs, tests, possible_graph):
    return Counter()
""",
    "cmd.py": """
import json, os, subprocess, sys, time
import spack.binary_distribution as binaries, spack.config
class SpecParsingError(Exception):
    pass
class UnsatisfiableSpecError(Exception):
    message, long_message = "no answer", "reef@99 is\\n   \\x1b[31mtoo new\\x1b[0m"
class Answer:
    def __init__(self, document, root):
        self.document, self.root = document, root
    def dag_hash(self):
        return self.root
    def to_dict(self):
        return {"spec": {"nodes": self.document["nodes"]}}
def parse_specs(texts, concretize=False):
    if "@@" in texts[0]:
        raise SpecParsingError("unexpected characters")
    if not concretize:
        if texts[0] == "no-such-thing":
            raise UnsatisfiableSpecError()
        return texts[0].split()
    return [answer(text) for text in texts]
def answer(text):
    print("solving", text, flush=True)
    os.system("echo noise of a child")
    if text == "reef@99":
        raise UnsatisfiableSpecError()
    if text == "sleep":
        child = subprocess.Popen(["sleep", "600"])
        with open(os.environ["HOME"] + "/pids", "w") as stream:
            stream.write("%d %d" % (os.getpid(), child.pid))
        time.sleep(600)
    if text == "die":
        sys.stderr.write("Killed by \\x1b[31mnobody\\x1b[0m\\n")
        sys.stderr.flush()
        os._exit(9)
    with open(ROOT + "/answer.json") as stream:
        document = json.load(stream)
    with open(os.environ["HOME"] + "/offered", "w") as stream:
        names = sorted({spec["name"] for spec in binaries.BINARY_INDEX.get_all_built_specs()})
        json.dump({"names": names, "reuse": spack.config.get("concretizer:reuse")}, stream)
    return Answer(document, document["roots"][text])
""",
}
RECIPES = ("ghost", "reef", "unseen")


def write_fake_spack(prefix: Path, golden: Path) -> Path:
    """Make one with the recipes `RECIPES` and a virtual package; returns its prefix."""
    graph = read_environment(golden / "dev/env").graph
    root = prefix / "repo"
    for name in (*RECIPES, "wave-api"):
        recipe = root / "packages" / name / "package.py"
        recipe.parent.mkdir(parents=True)
        recipe.write_text(
            "class It(Package):\n" + ("    virtual = True\n" if name == "wave-api" else "")
        )
    roots = {graph[hash_].name: hash_ for hash_ in graph.roots}
    answer = {
        # The second is what no mirror of the golden ones has.
        "roots": {**roots, "wreck@1.1.0.1": roots["wreck"]},
        "nodes": [dict(spec.node) for spec in graph.nodes.values()],
    }
    (root / "answer.json").write_text(json.dumps(answer))
    lib = prefix / "lib/spack/spack"
    for name, text in FILES.items():
        file = lib / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"ROOT = {str(root)!r}\n{text}")
    (lib.parent / "clingo.py").write_text("")
    (prefix / "etc/spack/defaults").mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "bin/main.py").write_text(MAIN)
    program = prefix / "bin/spack"
    program.write_text(BIN.format(python=sys.executable, prefix=prefix))
    program.chmod(0o755)
    return prefix


def is_alive(pid: int) -> bool:
    """True if a process runs, zombies left out."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z" and os.getpgid(pid) > 0
