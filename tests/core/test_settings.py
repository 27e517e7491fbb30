"""Settings from options and the environment."""

from pathlib import Path

import pytest

from core.errors import WrongUse
from core.settings import LOCK_TIMEOUT, load_settings


def test_how_long_to_wait_for_others() -> None:
    assert load_settings({}, {}).lock_timeout == LOCK_TIMEOUT
    assert load_settings({}, {"SPACKBIN_LOCK_TIMEOUT": "90"}).lock_timeout == 90
    for bad in ("soon", "-1", "inf", "nan"):
        with pytest.raises(WrongUse, match="must be a number of seconds"):
            load_settings({}, {"SPACKBIN_LOCK_TIMEOUT": bad})


def test_a_home_directory_that_nobody_knows_is_said_plainly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(WrongUse, match="'~nobody-of-that-name/x' begins with a home directory"):
        load_settings({"store": "~nobody-of-that-name/x"}, {})
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: {}["nobody"])
    here = str(tmp_path)
    given: dict[str, str | None] = {"config_dir": here, "cache_dir": here, "state_dir": here}
    with pytest.raises(WrongUse, match="not known here") as caught:
        load_settings(given, {})
    assert caught.value.hint == "Write the whole path, or set HOME"
    assert load_settings({**given, "store": here}, {}).store == tmp_path


def test_a_config_file_that_cannot_be_read_is_said_plainly(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert load_settings({"config_dir": str(tmp_path / "nowhere")}, {})
    for text in (b"jobs = ", b"jobs = '\xff'"):
        file.write_bytes(text)
        with pytest.raises(WrongUse, match="The config file cannot be read"):
            load_settings({"config_dir": str(tmp_path)}, {})
    file.unlink()
    file.mkdir()
    with pytest.raises(WrongUse, match="The config file cannot be read"):
        load_settings({"config_dir": str(tmp_path)}, {})
