"""Making the Structs of msgspec fit for threads."""

import contextlib
import threading
from collections.abc import Iterator

import msgspec

from core.model.value import Value

_prepared: set[type[msgspec.Struct]] = set()
_one_at_a_time = threading.Lock()


def prepare_structs() -> None:
    """Have msgspec look at every Struct that is defined so far.

    It does so at the first use of each, and two threads that come at the same moment crash the
    process (msgspec 0.22; what is prepared already is safe). To be called once all is
    imported, before threads are started; what was prepared before costs nothing then.
    """
    with _one_at_a_time:
        for struct in _below(msgspec.Struct):
            if struct not in _prepared:
                # One that cannot be decoded is never decoded.
                with contextlib.suppress(TypeError, NameError):
                    msgspec.json.Decoder(struct)
                _prepared.add(struct)


def _below(struct: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for child in struct.__subclasses__():
        # A value is read from JSON as part of another Struct, if at all, and prepared with that;
        # those in which msgspec describes types are never read.
        if child is not Value and not child.__module__.startswith("msgspec."):
            yield child
            yield from _below(child)
