"""What is done at once, and when that is not worth it any more."""

import time

import pytest

from core.errors import NotFound
from core.session.atonce import PATIENCE, AtOnce


def test_what_came_of_a_job_is_there_at_once() -> None:
    at_once = AtOnce()
    assert at_once.submit(divmod, 7, 3).result(timeout=0) == (2, 1)
    assert at_once.submit(int, "12", base=8).result(timeout=0) == 10

    def fails() -> None:
        raise NotFound("It is not there")

    failed = at_once.submit(fails)
    assert failed.done()
    with pytest.raises(NotFound):
        failed.result(timeout=0)


def test_who_works_is_quick_and_who_waits_is_not() -> None:
    at_once = AtOnce()
    end = time.thread_time() + PATIENCE

    def works() -> None:
        while time.thread_time() < end:
            pass

    assert at_once.is_quick
    at_once.submit(works)
    assert at_once.submit(sorted, range(10)).done()
    at_once = AtOnce()
    at_once.submit(time.sleep, 2 * PATIENCE)
    assert not at_once.is_quick


def test_what_is_no_answer_is_not_kept() -> None:
    with pytest.raises(ZeroDivisionError):
        AtOnce().submit(divmod, 1, 0)
