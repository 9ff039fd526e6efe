"""
The key of an installation that was given none.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from waiting_room.config import Settings
from waiting_room.errors import ConfigError, Fault
from waiting_room.tokens import Keyring

KEY_FILE: Final = "secret-key"
ADVICE: Final = "set server.secret_keys (docs/configuration.md says how)"


def with_keys(settings: Settings) -> tuple[Settings, str]:
    """
    Return settings that have a key, and a warning for the operator where it ends with this run ("" otherwise).

    With a ``state_folder`` the made-up key is kept there, readable by us alone; without one it ends with this run.
    Raises `ConfigError` if it cannot be kept, or if what is kept is no key.
    """
    if settings.server.secret_keys:
        return settings, ""
    folder = settings.server.state_folder
    if folder is None:
        notice = (
            f"no secret keys are set: tickets and passes end with this run, and other machines refuse them; {ADVICE}"
        )
        return settings.with_server(secret_keys=(_made_up(),)), notice
    path = folder / KEY_FILE
    key = _kept(path)
    try:
        Keyring((key,))
    except ConfigError as error:
        fault = Fault(str(path), f"holds no key: {error.faults[0].what}", "restore it, or remove it to have a new one")
        raise ConfigError((fault,)) from error
    return settings.with_server(secret_keys=(key,)), ""


def _made_up() -> str:
    return f"r{secrets.token_hex(4)}:{secrets.token_hex(32)}"


def _kept(path: Path) -> str:
    """
    Return the key in the file; of several starting at once, one makes it and all read it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            # Written aside and then linked: the file is whole from the first moment that anybody can see it.
            draft = path.with_name(f".{KEY_FILE}-{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(_made_up() + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        fault = Fault(str(path), f"the key cannot be kept here: {error}", "check the folder's rights")
        raise ConfigError((fault,)) from error
