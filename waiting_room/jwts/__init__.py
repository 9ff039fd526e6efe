"""
Passes as JSON Web Tokens (RFC 7519), for shops and gateways that would rather use a library of theirs.

`claims` says what stands in one and needs nothing; `keys` and `seals` need the extra ``waiting-room[jwt]``, so others
import them where a setting asks for them, under `extra_needed`.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from waiting_room.errors import ConfigError, Fault
from waiting_room.tokens import Keyring

if TYPE_CHECKING:
    from waiting_room.jwts.keys import SigningKey
    from waiting_room.jwts.seals import JwtOffice


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


def signing_keys(files: Sequence[str]) -> "tuple[SigningKey, ...]":
    """
    Return the private keys of the setting ``jwt.keys``; raises `ConfigError` with all faults.
    """
    if not files:
        return ()
    with extra_needed("jwt.keys"):
        from waiting_room.jwts.keys import read_signing  # noqa: PLC0415 - of an extra
    return read_signing([Path(file) for file in files], "jwt.keys")


def open_office(files: Sequence[str], rooms: Collection[str], issuer: str, keyring: Keyring) -> "JwtOffice | None":
    """
    Return what a service needs that has keys for JWTs, or None without; raises `ConfigError` with all faults.
    """
    keys = signing_keys(files)
    if not keys:
        return None
    from waiting_room.jwts.seals import JwtOffice  # noqa: PLC0415 - of an extra

    return JwtOffice.of(keys, rooms, issuer, keyring)
