"""Reads a `mirrors.yaml` of the form in which spackbin and Spack write it, without a YAML library.

To load one takes longer than most commands. What is not surely of this form is left to it.
"""

import re

_Block = dict[object, object]

_LINE = re.compile(
    r"((?:  )*)([A-Za-z][A-Za-z0-9_-]*):"
    r"(?: (true|false|(?:/|[a-z][a-z0-9]*://)[A-Za-z0-9_./:@%+~=-]*[A-Za-z0-9_/]))?"
)
"""Indentation, key, and a value that is a truth, an absolute path or a URL: YAML takes nothing else
for one of these, and these for nothing else."""
_NO_TEXTS = {"false", "n", "no", "null", "off", "on", "true", "y", "yes"}
"""Keys that YAML takes for something else than a text, in some way of writing them."""


def plain_blocks(data: bytes) -> _Block | None:
    """What `data` says in YAML, if it is nothing but mappings of truths, paths and URLs."""
    if not data.isascii():
        return None
    open_blocks: list[_Block] = [{}]
    blocks = [*open_blocks]
    for line in data.decode("ascii").rstrip("\n").split("\n"):
        found = _LINE.fullmatch(line)
        if not found or found[2].lower() in _NO_TEXTS:
            return None
        depth, key, value = len(found[1]) // 2, found[2], found[3]
        # Only the block that the line above has opened may be deeper than that line.
        if depth >= len(open_blocks) or key in open_blocks[depth]:
            return None
        del open_blocks[depth + 1 :]
        if value is None:
            block: _Block = {}
            open_blocks[depth][key] = block
            open_blocks.append(block)
            blocks.append(block)
        else:
            open_blocks[depth][key] = value == "true" if value in ("true", "false") else value
    # A key without a value stands for nothing at all, and not for an empty mapping.
    return blocks[0] if all(blocks) else None
