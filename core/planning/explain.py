"""Why a build can be used here, or why not: the sentences, made of what is known. Pure."""

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from core.model.explanation import (
    Aspect,
    Difference,
    Nearest,
    Remedy,
    RemedyKind,
    Statement,
    StatementKind,
)
from core.model.graph import SpecGraph
from core.model.host import Verdict
from core.model.ident import DagHash, MirrorName
from core.model.plan import Blocker, Disposition, Plan, PlanNode
from core.model.spec import ConcreteSpec
from core.model.version import version_key
from core.model.views import BuildView
from core.planning.difference import spec_text

READY = (Disposition.INSTALLED, Disposition.CACHED)
"""Builds that can be used as they are."""
USABLE = (*READY, Disposition.BLOCKED)
"""Builds that can be used, if need be after a key was trusted."""
_WEIGHTS = {
    Aspect.NAME: 100,
    Aspect.VERSION: 12,
    Aspect.VARIANT: 6,
    Aspect.COMPILER: 6,
    Aspect.FLAG: 3,
    Aspect.DEPENDENCY: 3,
}
_SAID_OF_BLOCKER = {
    Blocker.TRUST: StatementKind.TRUST,
    Blocker.HOST: StatementKind.HOST,
    Blocker.MIRROR: StatementKind.MIRROR,
    Blocker.STORE: StatementKind.STORE,
    Blocker.EXTERNAL: StatementKind.HOST,
}
_NOT_WRITTEN = {"build_system", "commit", "dev_path", "patches"}
_NODES_SAID = 8


def weight(differences: Iterable[Difference]) -> int:
    """How far a build is from what is wanted; 0 if it is what is wanted."""
    return sum(_weight(difference) for difference in differences)


def _weight(difference: Difference) -> int:
    found = _WEIGHTS.get(difference.aspect, 1)
    if difference.package:
        return 1
    if difference.aspect is Aspect.VERSION:
        # 1.14.5 is nearer to 1.14.6 than 1.10.0 is.
        ones, others = (
            version_key(text.lstrip("@=")).release
            for text in (difference.wanted, difference.offered)
        )
        found -= 2 * min(3, _common(ones, others))
    return found


def _common(ones: Sequence[object], others: Sequence[object]) -> int:
    return next(
        (at for at, pair in enumerate(zip(ones, others, strict=False)) if pair[0] != pair[1]),
        min(len(ones), len(others)),
    )


def said_of_host(verdict: Verdict) -> Iterator[Statement]:
    """Why a build does not run on the machine."""
    for obstacle in verdict.obstacles:
        yield Statement(StatementKind.HOST, capital(obstacle.sentence), obstacle.kind)


def said_of_plan(plan: Plan, hash_: DagHash) -> Iterator[Statement]:
    """What a plan says of a build, and of what it needs.

    Raises:
        KeyError: the build is not in the plan.
    """
    own = plan.node(hash_)
    yield from _said_of_node(own)
    if own.disposition is Disposition.INSTALLED:
        return
    needed = plan.graph.closure(hash_) - {hash_}
    stuck = [
        node
        for node in plan.nodes
        if node.spec.hash in needed
        and node.disposition in (Disposition.BLOCKED, Disposition.BUILD)
        # What is in the way of the build itself as well is no news.
        and node.reason != own.reason
    ]
    for node in stuck[:_NODES_SAID]:
        state = "is blocked" if node.disposition is Disposition.BLOCKED else "is to be built"
        sentence = f"It needs {node.spec.label}, which {state}: {node.reason}"
        yield Statement(StatementKind.DEPENDENCY, sentence, node=node.spec.hash)
    if len(stuck) > _NODES_SAID:
        more = len(stuck) - _NODES_SAID
        sentence = f"It needs {more} more packages that are blocked or to be built"
        yield Statement(StatementKind.DEPENDENCY, sentence)


def _said_of_node(node: PlanNode) -> Iterator[Statement]:
    if node.source:
        signed = f", signed by {node.source.signer_name}" if node.source.signer else ", unsigned"
        yield Statement(StatementKind.USABLE, f"Mirror {node.source.mirror} has it{signed}")
    elif node.blocker:
        yield Statement(_SAID_OF_BLOCKER[node.blocker], capital(node.reason))
    elif node.disposition is Disposition.INSTALLED:
        yield Statement(StatementKind.INSTALLED, "It is installed")
    else:
        yield Statement(StatementKind.NO_BINARY, capital(node.reason))


def said_of_nearest(nearest: Nearest) -> Statement:
    """How the nearest build differs from what is wanted."""
    build = nearest.build
    differences = ", ".join(item.sentence for item in nearest.differences)
    where = "can be used here" if build.disposition in USABLE else "is on offer"
    sentence = f"The nearest build that {where} is {build.label}: {differences}"
    return Statement(StatementKind.OTHER_BUILD, sentence)


def remedy_of_nearest(nearest: Nearest) -> Iterator[Remedy]:
    """To install the nearest build, if it can be used here."""
    build = nearest.build
    if build.disposition is Disposition.INSTALLED:
        sentence = f"Use {build.label}, which is installed"
        yield Remedy(RemedyKind.INSTALL_NEAREST, sentence, hash=build.hash)
    elif build.disposition in USABLE:
        is_ready = build.disposition in READY
        after = "" if is_ready else ", once a key of its mirror is trusted"
        sentence = f"Install {build.label} instead{after}"
        command = f"spackbin install /{build.hash}"
        yield Remedy(RemedyKind.INSTALL_NEAREST, sentence, command, build.hash)


def remedies_of(
    kinds: Collection[StatementKind], build: BuildView, trusted_keys: Mapping[MirrorName, int]
) -> tuple[Remedy, ...]:
    """What to do about a build that cannot be used as it is.

    Args:
        kinds: what is said of it.
        build: the build.
        trusted_keys: how many keys are trusted for each mirror.
    """
    return tuple(_remedies_of(kinds, build, trusted_keys))


def _remedies_of(
    kinds: Collection[StatementKind], build: BuildView, trusted_keys: Mapping[MirrorName, int]
) -> Iterator[Remedy]:
    for name in build.mirrors if StatementKind.TRUST in kinds else ():
        if trusted_keys.get(name):
            sentence = f"Tell those who run mirror {name}; trust no other key unseen"
            yield Remedy(RemedyKind.TRUST, sentence)
        else:
            sentence = f"Look at the keys of mirror {name}, and trust the right one"
            yield Remedy(RemedyKind.TRUST, sentence, f"spackbin key list {name}")
    if StatementKind.STORE in kinds:
        command = f"spackbin --store DIR install /{build.hash}"
        yield Remedy(RemedyKind.STORE, "Choose a store with a shorter path", command)
    for name in build.mirrors if StatementKind.MIRROR in kinds else ():
        sentence = f"Read the index of mirror {name} again"
        yield Remedy(RemedyKind.REFRESH, sentence, f"spackbin mirror refresh {name}")


def remedy_to_build(spec: str) -> Remedy:
    """To build it with Spack.

    Args:
        spec: what to build, in spec syntax.
    """
    command = f"spack install {shlex.quote(spec)}"
    return Remedy(RemedyKind.BUILD, "Build it with Spack, where there is one", command)


def written_spec(spec: ConcreteSpec, graph: SpecGraph, *, with_target: bool) -> str:
    """A concrete spec as people write it: version, variants, flags and compiler.

    Args:
        spec: the spec.
        graph: where its compiler is found.
        with_target: True if it is to be for the same target.
    """
    kept = {name: value for name, value in spec.variants.items() if name not in _NOT_WRITTEN}
    switches = [spec_text(value, name) for name, value in kept.items() if isinstance(value, bool)]
    words = [f"{spec.name}@={spec.version}{''.join(switches)}"]
    words += [spec_text(value, name) for name, value in kept.items() if not isinstance(value, bool)]
    words += [f'{name}="{" ".join(flags)}"' for name, flags in spec.flags.items()]
    if with_target:
        words.append(f"target={spec.target}")
    compiler = graph.compiler_of(spec)
    return " ".join([*words, *([f"%{compiler}"] if compiler else [])])


def capital(sentence: str) -> str:
    """The sentence with a capital at its beginning."""
    return sentence[:1].upper() + sentence[1:]
