"""When a file system counts as slow."""

from core.archive.pace import ENOUGH, SLOW, Pace


def test_slow_once_enough_files_in_a_row_were() -> None:
    pace = Pace()
    for _ in range(ENOUGH - 1):
        pace.note(2 * SLOW)
        assert not pace.is_slow
    pace.note(2 * SLOW)
    assert pace.is_slow


def test_a_machine_that_is_busy_now_and_then_is_not_slow() -> None:
    pace = Pace()
    for number in range(100 * ENOUGH):
        pace.note(0.1 if number % ENOUGH else SLOW / 2)
        assert not pace.is_slow
