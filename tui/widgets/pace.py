"""How often the screen may be painted, and how slow the line to the terminal is."""

SLOW_SECONDS = 0.1
"""A terminal that takes longer to answer is at the end of a slow line."""
SAMPLES = 3
"""So many answers are waited for before a line is called slow; one quick answer is enough."""
TYPING_SECONDS = 0.2
"""Between two frames on a slow line, while somebody types."""
WATCHING_SECONDS = 1.0
"""Between two frames on a slow line while nobody types, and from the last key to that."""
BUSY_SECONDS = 0.05
"""Between two looks whether the terminal has taken the last frame."""


class Pace:
    """When the next frame may be sent.

    The first answer to a key is always sent at once; what a slow line is spared are the frames
    between two that are read.
    """

    def __init__(self, *, is_slow: bool = False) -> None:
        self.is_slow = is_slow
        """True if the line is to be spared."""
        self._sent = float("-inf")
        self._typed = float("-inf")

    def type(self, now: float) -> None:
        """Note that somebody pressed a key."""
        self._typed = now

    def sent(self, now: float) -> None:
        """Note that a frame was sent."""
        self._sent = now

    def wait(self, now: float, *, is_busy: bool) -> float:
        """Seconds until the next frame may be sent; `is_busy` if the last one is not out yet."""
        if is_busy:
            return BUSY_SECONDS
        if not self.is_slow:
            return 0
        is_watched_only = now - self._typed > WATCHING_SECONDS
        pause = WATCHING_SECONDS if is_watched_only else TYPING_SECONDS
        return max(0.0, self._sent + pause - now)


class AnswerTime:
    """How long the terminal takes to answer a question, the quickest of a few answers.

    The quickest, because others may have waited for this program. A terminal that never answers
    is not called slow.
    """

    def __init__(self) -> None:
        self._asked: float | None = None
        self._answers: list[float] = []

    def ask(self, now: float) -> None:
        """Note that a question was sent."""
        self._asked = now

    def answer(self, now: float) -> bool:
        """Note an answer; returns whether to ask again."""
        if self._asked is None:
            return False
        self._answers.append(now - self._asked)
        self._asked = None
        return self.seconds > SLOW_SECONDS and len(self._answers) < SAMPLES

    def is_awaited(self, now: float, patience: float) -> bool:
        """True if an answer is outstanding that may still come: not longer than `patience`."""
        return self._asked is not None and now - self._asked < patience

    @property
    def seconds(self) -> float:
        """The quickest answer; 0 if there was none."""
        return min(self._answers, default=0)

    @property
    def is_slow(self) -> bool:
        """True if all of the answers were slow."""
        return len(self._answers) == SAMPLES and self.seconds > SLOW_SECONDS


def slow_line(seconds: float) -> str:
    """What is said of a slow line, by the answer time of the terminal; 0 if it was not asked."""
    because = f"the terminal answers after {seconds * 1000:.0f} ms" if seconds else "by option"
    return (
        f"Slow line ({because}): at most {1 / TYPING_SECONDS:.0f} repaints a second, and one"
        " a second while nobody types. spackbin --no-slow paints everything at once"
    )
