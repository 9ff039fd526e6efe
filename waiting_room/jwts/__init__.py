"""
Passes as JSON Web Tokens (RFC 7519), for shops and gateways that would rather use a library of theirs.

`claims` says what stands in one and needs nothing; `keys` and `seals` need the extra ``waiting-room[jwt]``, so others
import them where a setting asks for them, under `extra_needed`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from waiting_room.errors import ConfigError, Fault


@contextmanager
def extra_needed(setting: str) -> Iterator[None]:
    """
    Turn a missing library into `ConfigError`, which says what *setting* needs and how to have it.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in {"jwt", "cryptography"}:
            raise
        fault = Fault(setting, f"needs {error.name}, which is not installed", "pip install 'waiting-room[jwt]'")
        raise ConfigError((fault,)) from error
