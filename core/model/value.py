"""What the values of this program are made of."""

import msgspec


class Value(msgspec.Struct, frozen=True):
    """A frozen value: equal to another one of its class if all fields are.

    A dataclass would be the same to those who use it, but Python writes and compiles its methods
    anew in every process, a millisecond for each class: with a hundred classes that took a third
    of the time that a command needs to load. See docs/adr/0022.

    What is read from foreign or our own JSON is a `msgspec.Struct` without this base, see
    `core.model.structs`.
    """
