"""
Whose passes a gate believes that are JSON Web Tokens: public keys from a file, or from an address that is asked for
them anew now and then. No I/O beyond the file's: an engine carries each `Call` there and its `Reply` back.
"""

import logging
from http import HTTPStatus
from pathlib import Path
from typing import Final

from waiting_room.errors import ConfigError, Fault
from waiting_room.gates.line import REPORT_TIME_OUT_S, Call, Reply, said
from waiting_room.jwts.keys import VerifyingKey, read_verifying
from waiting_room.jwts.seals import JwtVerifier

REFRESH_MS: Final = 300_000
"""As long as the service lets its keys be kept: a key that was taken away counts nowhere for longer than that."""
RETRY_MS: Final = 5_000
"""Between two questions at the least, whatever passes name as their key: each gate asks so often and no oftener."""
MOST_BYTES: Final = 65_536

_log = logging.getLogger(__name__)


class PublicKeys:
    """
    Hold the verifier of one gate, and keep its keys fresh where *source* is an address and no file.

    Raises `ConfigError` where a file holds no keys.
    """

    def __init__(self, source: str, issuer: str) -> None:
        self.url = source if source.startswith(("http://", "https://")) else ""
        self.verifier = JwtVerifier({} if self.url else _read(Path(source)), issuer)
        self._asked_ms: int | None = None
        self._heard_ms: int | None = None
        self._complains = False

    def due(self, tick_ms: int) -> Call | None:
        """
        Return the question for the keys if it is time, by a clock that is never set: at first, every five minutes, and
        when a pass has named an unknown key.
        """
        if not self.url or (self._asked_ms is not None and tick_ms - self._asked_ms < RETRY_MS):
            return None
        fresh = self._heard_ms is not None and tick_ms - self._heard_ms < REFRESH_MS
        if fresh and not self.verifier.missed:
            return None
        self._asked_ms = tick_ms
        return Call(self.url, {"Accept": "application/jwk-set+json, application/json"}, b"", REPORT_TIME_OUT_S, "GET")

    def heard(self, reply: Reply, tick_ms: int) -> None:
        """
        Verify with the keys that *reply* brings; raises `ValueError`, and keeps those that are known, where it has
        none.
        """
        if reply.status != HTTPStatus.OK:
            raise ValueError(f"{self.url} answered {reply.status}")
        if len(reply.body) > MOST_BYTES:
            raise ValueError(f"{self.url} answered more than {MOST_BYTES} bytes")
        self.verifier.know(read_verifying(reply.body.decode()))
        self._heard_ms = tick_ms
        if self._complains:
            self._complains = False
            _log.warning("the public keys of passes can be fetched again")

    def unheard(self, error: Exception) -> None:
        """
        Log *error* if it is the first in a row; the question is asked again.
        """
        if not self._complains:
            self._complains = True
            _log.warning("the public keys of passes cannot be fetched; those known go on to count: %s", said(error))


def _read(path: Path) -> dict[str, VerifyingKey]:
    remedy = "give a file with a JSON Web Key Set (`waiting-room keys jwks`), or the address of one"
    try:
        return read_verifying(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError((Fault("jwks", f"{path} cannot be read: {error.strerror}", remedy),)) from error
    except ValueError as error:
        raise ConfigError((Fault("jwks", f"{path} holds no public keys: {error}", remedy),)) from error
