"""
The key that is made up where none is configured.
"""

from pathlib import Path

import pytest

from waiting_room.config import load
from waiting_room.config.keys import with_keys
from waiting_room.errors import ConfigError

KEY = "k1:" + "0123456789abcdef" * 4


def test_a_configured_key_stays() -> None:
    """
    Nothing is made up, and nothing is said, where there is a key.
    """
    settings = load(None, {}, {"server.secret_keys": (KEY,)})

    assert with_keys(settings) == (settings, "")


def test_a_key_for_this_run_is_told_to_end_with_it() -> None:
    """
    Without a state folder each run has its own key, and the operator hears what that means.
    """
    first, notice = with_keys(load(None, {}, {}))
    second, _ = with_keys(load(None, {}, {}))

    assert first.server.secret_keys != second.server.secret_keys
    assert "tickets and passes end with this run" in notice


def test_a_state_folder_keeps_the_key(tmp_path: Path) -> None:
    """
    With a state folder the next run finds the key again, in a file for our eyes only.
    """
    settings = load(None, {}, {"server.state_folder": tmp_path / "state"})
    first, _ = with_keys(settings)
    second, _ = with_keys(settings)

    assert first.server.secret_keys == second.server.secret_keys
    assert (tmp_path / "state" / "secret-key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["secret-key"]


def test_a_spoilt_key_is_refused(tmp_path: Path) -> None:
    """
    A file that holds no key is named, not silently replaced: tickets may be out that it signed.
    """
    (tmp_path / "secret-key").write_text("oops", encoding="utf-8")

    with pytest.raises(ConfigError, match="secret-key: holds no key"):
        with_keys(load(None, {}, {"server.state_folder": tmp_path}))


def test_an_impossible_folder_is_told(tmp_path: Path) -> None:
    """
    A state folder that cannot be made is a fault of the configuration.
    """
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="the key cannot be kept here"):
        with_keys(load(None, {}, {"server.state_folder": tmp_path / "file" / "state"}))
