"""What the first screen says where there is nothing to list."""

from tui.commands import key_of
from tui.text import Line, Part, wrapped

WELCOME = (
    "No mirrors yet.",
    "A mirror is a place with binary packages made by Spack: a web address, or a directory.",
    "{mirrors} shows the mirrors, where {add} adds one. Then its index is read, you look at the key"
    " that signs its packages, and everything that runs on this machine is listed here.",
    "spackbin demo, in the shell, tries it all with a small mirror of its own.",
)


def welcome(width: int) -> list[Line]:
    """What to do first."""
    lines: list[Line] = []
    keys = {"mirrors": key_of("browse", "mirrors"), "add": key_of("mirrors", "add")}
    for at, paragraph in enumerate(WELCOME):
        lines += [
            (),
            *(
                (Part("  " + line, "" if at else "strong"),)
                for line in wrapped(paragraph.format(**keys), width - 4)
            ),
        ]
    return lines


def nothing_listed(sentences: tuple[str, ...], width: int) -> list[Line]:
    """Why no package is listed, and which keys list others."""
    return [(Part(line),) for sentence in sentences for line in wrapped(sentence, width)]
