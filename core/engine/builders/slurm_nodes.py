"""Whether the nodes of a partition have the microarchitecture that a build is for."""

import re
from collections.abc import Iterable

from core.engine.builders.protocol import BuildTask
from core.errors import NotAvailable
from core.host.microarch import known_targets, present_name, runnable_on

_ALL_OF = re.compile(r"\w[\w.-]*(?:&\w[\w.-]*)*")


def check_target(
    task: BuildTask, partition: str, kinds: Iterable[frozenset[str]], declared: str, constraint: str
) -> str:
    """Look whether every node that a job may get has the target of its build.

    The site says it of the partition, or the features of the nodes name a microarchitecture.

    Args:
        task: what is to be built.
        partition: name of the partition; may be empty.
        kinds: the features of each kind of node in it.
        declared: the microarchitecture that the site says these nodes have; may be empty.
        constraint: what the job asks for, in Slurm's form; may be empty.

    Returns:
        A sentence if that cannot be found out, else nothing.

    Raises:
        NotAvailable: there are nodes that lack it.
    """
    where = f"Slurm's partition {partition}" if partition else "Slurm's default partition"
    allowed = [kind for kind in kinds if _lets_in(constraint, kind)]
    found = {declared} if declared else {_target_of(kind) for kind in allowed}
    for target in sorted(found - {""}):
        if present_name(task.target) not in runnable_on(present_name(target)):
            raise NotAvailable(
                f"{task.label} is for {task.target}, and {where} has nodes with {target}",
                "What is built must be able to run where it is built",
                "Name another partition, or a constraint, in the table [slurm] of config.toml",
            )
    if found and "" not in found:
        return ""
    return f"It is not known which processors {where} has; [slurm.targets] in config.toml says it"


def _lets_in(constraint: str, kind: frozenset[str]) -> bool:
    """False if a node with these features cannot be meant; other forms than `a&b` let all in."""
    if not _ALL_OF.fullmatch(constraint):
        return True
    return kind.issuperset(constraint.split("&"))


def _target_of(features: frozenset[str]) -> str:
    """The most special microarchitecture among the features of a node; empty if there is none."""
    named = [target for target in known_targets() if target in features]
    return max(named, key=lambda target: len(runnable_on(target)), default="")
