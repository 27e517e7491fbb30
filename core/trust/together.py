"""Calls that several threads make at the same time become one.

To start GnuPG takes ten times as long as to check one manifest. Whoever asks while a call is
under way waits, and all that wait then are answered by the next call.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Together(Generic[Question, Answer]):
    """A call for one question, made of one that answers many. Safe for threads."""

    def __init__(self, answer: Callable[[Sequence[Question]], Sequence[Answer]]) -> None:
        """Make ready.

        Args:
            answer: gives one answer for each question, in order; never called twice at once.
        """
        self._answer = answer
        self._waiting: list[tuple[Question, Future[Answer]]] = []
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def __call__(self, question: Question) -> Answer:
        """The answer to one question.

        Raises:
            Exception: what the call raised that this question was part of.
        """
        answer: Future[Answer] = Future()
        with self._lock:
            self._waiting.append((question, answer))
        with self._turn:
            if not answer.done():
                self._answer_all()
        return answer.result()

    def _answer_all(self) -> None:
        with self._lock:
            asked, self._waiting = self._waiting, []
        try:
            answers = self._answer([question for question, _ in asked])
            for (_, future), answer in zip(asked, answers, strict=True):
                future.set_result(answer)
        except BaseException as error:
            for _, future in asked:
                if not future.done():
                    future.set_exception(error)
