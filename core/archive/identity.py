"""Whether build info was made for the package in whose archive it lies."""

from core.archive.buildinfo import BuildInfo
from core.archive.members import BUILD_INFO
from core.archive.paths import refuse
from core.model.spec import ConcreteSpec


def check_build_info(info: BuildInfo, spec: ConcreteSpec) -> None:
    """Raise `Refused` unless `info` names the package itself among the prefixes of the builder.

    Every Spack notes it there (Spack 1.x `relocate.py`, `hash_to_prefix`; before 0.20
    `prefix_to_hash`). Without it, the paths of this package would be left as they were, and those
    of another one be replaced.
    """
    if spec.hash not in info.prefixes:
        raise refuse(f"its build info is not that of {spec.label}/{spec.hash[:7]}", BUILD_INFO)
