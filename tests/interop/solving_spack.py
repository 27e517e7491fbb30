"""A real Spack whose solver can be asked, configured as the one that made its golden mirror.

But for one thing: it prefers another libtide, which tells what it reuses from what it would build.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from real_spack import RealSpack, version_of

from tests.program import KEY

GOLDEN = Path(__file__).parents[1] / "golden"
HARBOR = GOLDEN / "recipes/spack_repo/harbor"
PREFERRED = ("gauge", "imperial")
"""Variant and value of a libtide@2 that it would build; what is on offer is another."""
COMPILERS = (
    "acfl aocc cce fj intel-oneapi-compilers intel-oneapi-compilers-classic llvm llvm-amdgpu nag"
    " nvhpc xl"
)
PERL = {"spec": "perl@5.36.0~cpanm+opcode+open+shared+threads", "prefix": "/usr"}
PROGRAMS = {"c": "/usr/bin/gcc", "cxx": "/usr/bin/g++", "fortran": "/usr/bin/gfortran"}
GCC = {
    "spec": "gcc@12.2.0 languages='c,c++,fortran'",
    "prefix": "/usr",
    "extra_attributes": {"compilers": PROGRAMS},
}
OLD_GCC = {
    "spec": "gcc@=12.2.0",
    "paths": {"cc": "/usr/bin/gcc", "cxx": "/usr/bin/g++", "f77": None, "fc": None},
    "operating_system": "debian12",
    "target": "x86_64",
    "modules": [],
}
"""As 0.23 has compilers, in a file of their own."""


@dataclass(frozen=True)
class Harbor:
    """What a Spack has made of the harbor packages."""

    directory: Path
    """Its golden data."""
    key: str
    """Fingerprint of the key of its mirror."""


def harbor_of(checkout: Path) -> Harbor:
    """The golden data of the Spack in a checkout, or of the nearest one that there is."""
    version = version_of(checkout)
    if version < (1, 0):
        key = "858194366637A9132F3C74A8328F77E827858E14"
        return Harbor(GOLDEN / "v0.23.1", key)
    if version < (1, 2):
        key = "75AD8998361230440E416BA9FE5D47C192402A66"
        return Harbor(GOLDEN / "v1.1.0", key)
    return Harbor(GOLDEN / "dev", KEY)


def solving_spack(checkout: Path, place: Path, store: Path) -> dict[str, str]:
    """The environment in which a Spack can solve.

    Args:
        checkout: where it is.
        place: it writes only here.
        store: what it is configured to have as its install tree.
    """
    spack = RealSpack(checkout, place / "spack", store)
    spack.command()
    scope = spack.place / "scope"
    packages: dict[str, object] = {name: {"buildable": False} for name in COMPILERS.split()}
    packages |= {
        "all": {"target": ["x86_64_v3"]},
        "libtide": {"variants": ["=".join(PREFERRED)]},
        "perl": {"buildable": False, "externals": [PERL]},
    }
    if spack.is_before_1_0:
        settings: dict[str, object] = {
            "repos": [str(old_recipes(place)), str(checkout / "var/spack/repos/builtin")],
            "compilers": [{"compiler": OLD_GCC}],
        }
    else:
        packages["gcc"] = {"buildable": False, "externals": [GCC]}
        builtin = os.environ["SPACKBIN_TEST_RECIPES"] + "/repos/spack_repo/builtin"
        settings = {
            "repos": {"harbor": str(HARBOR), "builtin": builtin},
            "concretizer": {"static_analysis": True},
        }
    for section, values in {**settings, "packages": packages}.items():
        name = "repos:" if section == "repos" else section
        (scope / f"{section}.yaml").write_text(json.dumps({name: values}))
    environment = spack.environment()
    del environment["SPACK_DISABLE_LOCAL_CONFIG"]
    return environment | {
        "SPACK_USER_CONFIG_PATH": str(scope),
        "SPACK_SYSTEM_CONFIG_PATH": str(place / "nowhere"),
        "SPACK_PYTHON": os.environ["SPACKBIN_TEST_PYTHON"],
        # The recipes are those of the checkout.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def old_recipes(place: Path) -> Path:
    """The recipes in the form of repositories before 1.0, where all classes are Spack's own."""
    repository = place / "harbor"
    for recipe in HARBOR.glob("packages/*/package.py"):
        made = repository / "packages" / recipe.parent.name / "package.py"
        shutil.copytree(recipe.parent, made.parent, ignore=shutil.ignore_patterns("__pycache__"))
        lines = recipe.read_text().splitlines(keepends=True)
        made.write_text("".join(line for line in lines if not line.startswith("from spack_repo.")))
    (repository / "repo.yaml").write_text("repo:\n  namespace: harbor\n")
    return repository
