"""A mirror, as configured."""

from dataclasses import dataclass

from core.model.ident import MirrorName


@dataclass(frozen=True, slots=True)
class Mirror:
    """A place that offers builds."""

    name: MirrorName
    """Its name in the configuration."""
    url: str
    """Where it is: `file://`, `http://` or `https://`, without a final slash."""
    signed: bool = True
    """True if its builds must be signed by a key trusted for it."""
