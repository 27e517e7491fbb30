"""Runs inside of Spack, by `spack python`, and answers questions of spackbin.

One question and one answer a line, each a JSON object, over two descriptors whose numbers are the
arguments. Nothing else is written to them: what Spack prints goes to standard error. The process
ends when the pipe of the questions is closed, whatever Spack does at that moment.

This file is never imported by spackbin. It must be understood by Python 3.6 and may use nothing but
the standard library and Spack, 0.23 to 1.x.
"""
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false

import contextlib
import importlib
import json
import os
import pathlib
import platform
import queue
import signal
import sys
import tempfile
import threading

import spack
import spack.config
import spack.repo

SMALL = 2048
"""Bytes that the recipe of a virtual package has at most: it says little."""
BAD_SPEC = ("SpecSyntaxError", "SpecParsingError", "SpecTokenizationError")
"""Names of the exceptions for a spec that cannot be parsed."""


def facts(_question):
    """Which Spack this is, and its repositories, the one that is asked first first."""
    return {
        "version": str(spack.spack_version),
        "python": sys.executable,
        "python_version": platform.python_version(),
        "repositories": [
            {"namespace": repo.namespace, "path": str(repo.root)} for repo in spack.repo.PATH.repos
        ],
    }


def recipes(_question):
    """Names of all packages and the namespace that each is taken from; no recipe is loaded."""
    found = {}
    for repo in spack.repo.PATH.repos:
        # Spack itself loads all recipes to tell which names are virtual.
        for name in repo.all_package_names(include_virtuals=True):
            if name not in found and not _is_virtual(repo.filename_for_package_name(name)):
                found[name] = repo.namespace
    return {"recipes": sorted(found.items())}


def recipe(question):
    """What the recipe of one package says."""
    package = spack.repo.PATH.get_pkg_class(question["name"])
    versions = sorted(package.versions, reverse=True)
    return {
        "name": package.name,
        "namespace": package.namespace,
        "summary": " ".join((package.__doc__ or "").split("\n\n")[0].split()),
        "homepage": str(getattr(package, "homepage", None) or ""),
        "versions": [str(version) for version in versions],
    }


def possible(question):
    """Names of the packages that an answer to these specs may contain."""
    specs = _parsed(question["specs"])
    # Before the binary index is replaced: the solver may come from a mirror of its own.
    _have_solver()
    names = set(spack.repo.PATH.packages_with_tags("runtime"))
    with _offering([_Named(name) for name in question["cached"]]):
        names.update(_counter(specs).possible_dependencies())
    return {"names": sorted(names)}


def concretize(question):
    """The specs made concrete, as Spack's own commands would."""
    _have_solver()
    texts = question["specs"]
    _parsed(texts)
    offered = _read_database(question["offers"])
    with contextlib.ExitStack() as stack:
        stack.enter_context(_offering(offered))
        if question["reuse"] is not None:
            stack.enter_context(spack.config.override("concretizer:reuse", question["reuse"]))
        if len(texts) > 1 and not spack.config.get("concretizer:unify", False):
            # One after the other, here: Spack would start processes that know nothing of offers.
            answers = [_concretized([text])[0] for text in texts]
        else:
            answers = _concretized(texts)
    nodes = {}
    for spec in answers:
        for node in spec.to_dict()["spec"]["nodes"]:
            nodes.setdefault(node["hash"], node)
    return {"roots": [spec.dag_hash() for spec in answers], "nodes": nodes}


QUESTIONS = {
    "facts": facts,
    "recipes": recipes,
    "recipe": recipe,
    "possible": possible,
    "concretize": concretize,
}


class _Named:
    """Stands for the builds of a package where Spack wants to know only that there are some."""

    def __init__(self, name):
        self.name = name


def _is_virtual(path):
    file = pathlib.Path(path)
    return file.stat().st_size <= SMALL and b"\n    virtual = True" in file.read_bytes()


class SpecSyntaxError(Exception):
    """A text is not one spec."""


def _parsed(texts):
    import spack.cmd

    found = []
    for text in texts:
        specs = spack.cmd.parse_specs([text])
        if len(specs) != 1:
            raise SpecSyntaxError(f"{text!r} is {len(specs)} specs, not one")
        found += specs
    return found


def _concretized(texts):
    import spack.cmd

    return spack.cmd.parse_specs(texts, concretize=True)


def _have_solver():
    """Make clingo importable, as Spack does before it solves."""
    try:
        importlib.import_module("clingo")
    except ImportError:
        import spack.bootstrap

        with spack.bootstrap.ensure_bootstrap_configuration():
            spack.bootstrap.ensure_clingo_importable_or_raise()


def _counter(specs):
    """What finds the possible packages of a solve, as the solver of this Spack has it."""
    try:
        from spack.solver import input_analysis
    except ImportError:
        from spack.solver.counter import MinimalDuplicatesCounter

        return MinimalDuplicatesCounter(specs, tests=False)
    graph = input_analysis.create_graph_analyzer()
    return input_analysis.create_counter(specs, tests=False, possible_graph=graph)


@contextlib.contextmanager
def _offering(specs):
    """Have Spack take `specs` for all that its mirrors offer; none of their indices is read."""
    import spack.binary_distribution as binaries

    index = getattr(binaries.BINARY_INDEX, "instance", binaries.BINARY_INDEX)
    replaced = {
        "update": lambda *_, **__: None,
        "get_all_built_specs": lambda: list(specs),
        "mirrors_without_index": set(),
    }
    before = {name: index.__dict__[name] for name in replaced if name in index.__dict__}
    index.__dict__.update(replaced)
    try:
        yield
    finally:
        for name in replaced:
            del index.__dict__[name]
        index.__dict__.update(before)


def _read_database(document):
    """The specs of a document in the form of an index, those that have a binary."""
    from spack.binary_distribution import BuildCacheDatabase

    if not document["database"]["installs"]:
        return []
    database = BuildCacheDatabase("/nonexistent")
    with tempfile.TemporaryFile("w+") as stream:
        json.dump(document, stream)
        stream.flush()
        stream.seek(0)
        path = f"/dev/fd/{stream.fileno()}"
        try:
            database._read_from_file(pathlib.Path(path))
        except TypeError:
            database._read_from_file(path)
    return [record.spec for record in database._data.values() if record.in_buildcache]


def _database_version():
    import spack.database

    return str(spack.database._DB_VERSION)


def _error(error):
    """An exception in plain words, with the reasons that Spack gives."""
    names = [kind.__name__ for kind in type(error).__mro__]
    parts = [getattr(error, "message", None) or str(error), getattr(error, "long_message", None)]
    return {
        "kind": "wrong use" if set(names) & set(BAD_SPEC) else names[0],
        "message": "\n".join(str(part) for part in parts if part) or names[0],
    }


def _answered(line):
    question = json.loads(line)
    try:
        return {"answer": QUESTIONS[question["ask"]](question)}
    except (Exception, SystemExit) as error:
        return {"error": _error(error)}


def _listen(stream, questions):
    """Pass on what is asked; when nobody can ask any more, end this process and its children."""
    for line in stream:
        questions.put(line)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def main(asked, answered):
    """Answer until nobody asks any more; the arguments are descriptors."""
    for descriptor in (asked, answered):
        os.set_inheritable(descriptor, False)
    questions = queue.Queue()
    stream = os.fdopen(asked, "r", encoding="utf-8")
    threading.Thread(target=_listen, args=(stream, questions), daemon=True).start()
    with os.fdopen(answered, "w", encoding="utf-8") as out:
        greeting = {"version": str(spack.spack_version), "database": _database_version()}
        answer = {"answer": greeting}
        while True:
            out.write(json.dumps(answer) + "\n")
            out.flush()
            answer = _answered(questions.get())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
