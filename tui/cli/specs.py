"""Words of a command line as specs."""

import re
from collections.abc import Iterable

_CONSTRAINT = re.compile(r"[@%+~^]|[A-Za-z_][\w-]*==?")


def whole_specs(words: Iterable[str]) -> list[str]:
    """One text per spec: a constraint that stands alone belongs to the spec before it.

    As Spack does: `hdf5@1.14 +cxx target=x86_64 zlib` are two specs.
    """
    specs: list[str] = []
    for word in words:
        if specs and _CONSTRAINT.match(word):
            specs[-1] += f" {word}"
        else:
            specs.append(word)
    return specs
