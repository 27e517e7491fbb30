"""Settings from options and the environment."""

import pytest

from core.errors import WrongUse
from core.settings import LOCK_TIMEOUT, load_settings


def test_how_long_to_wait_for_others() -> None:
    assert load_settings({}, {}).lock_timeout == LOCK_TIMEOUT
    assert load_settings({}, {"SPACKBIN_LOCK_TIMEOUT": "90"}).lock_timeout == 90
    for bad in ("soon", "-1", "inf", "nan"):
        with pytest.raises(WrongUse, match="must be a number of seconds"):
            load_settings({}, {"SPACKBIN_LOCK_TIMEOUT": bad})
