"""
Verifying passes offline, at the price of a dictionary look-up for those seen before.
"""

import logging
from collections import OrderedDict
from typing import Final, Protocol

from waiting_room.core.reasons import Reason
from waiting_room.errors import TokenError
from waiting_room.jwts.claims import LIKELY
from waiting_room.tokens import Keyring, Pass, PaymentStage

CACHE_SIZE: Final = 10_000
"""Verified passes kept: about 10 MB, and more than the seats of one shop; the one unused for longest goes first."""


COMPLAINT_MS: Final = 600_000
"""Between two lines of the log about refused JWTs, whatever visitors send."""

_log = logging.getLogger(__name__)


class JwtReader(Protocol):
    """
    Verify passes that are JWTs. Where *generation* changes, what was verified before may not count any more.
    """

    generation: int

    def admission(self, text: str, room: str, now_ms: int) -> Pass:
        """
        Return the pass for *room* that *text* proves and that has not reached its hard end, or raise `TokenError`.
        """
        ...


class PassBook:
    """
    Tell the pass that a text proves, or why it proves none; nothing about time is remembered, only signatures.

    *grace_ms* is how long after its hard end a pass is still told, for the caller to judge. Where there are *jwts*,
    passes of either format count.
    """

    def __init__(
        self, keyring: Keyring, room: str, grace_ms: int, size: int = CACHE_SIZE, jwts: JwtReader | None = None
    ) -> None:
        self._keyring = keyring
        self._jwts = jwts
        self._complained_ms = 0
        self._generation = 0 if jwts is None else jwts.generation
        self._room = room
        self._grace_ms = grace_ms
        self._size = size
        self._verified: OrderedDict[tuple[str, str], Pass] = OrderedDict()
        self._payments: OrderedDict[str, PaymentStage] = OrderedDict()

    def __len__(self) -> int:
        return len(self._verified)

    def read(self, pass_text: str, visitor_text: str, now_ms: int) -> Pass:
        """
        Return the pass for this room that is not over for longer than the grace time, or raise `TokenError`.

        A pass that comes with the valid identity of another visitor is refused. It may come without any identity.
        """
        if self._jwts is not None and self._jwts.generation != self._generation:
            self._generation = self._jwts.generation
            self._verified.clear()
        key = (pass_text, visitor_text)
        known = self._verified.get(key)
        if known is not None:
            if known.hard_end_ms + self._grace_ms > now_ms:
                self._verified.move_to_end(key)
                return known
            del self._verified[key]
        at_ms = now_ms - self._grace_ms
        is_jwt = pass_text.startswith(LIKELY)
        found = self._of_jwt(pass_text, at_ms) if is_jwt else self._keyring.admission(pass_text, self._room, at_ms)
        if visitor_text and self.visitor(visitor_text) not in {None, found.visitor}:
            raise TokenError(Reason.TICKET_OTHER_VISITOR, "the pass and the visitor cookie name two visitors")
        self._verified[key] = found
        if len(self._verified) > self._size:
            self._verified.popitem(last=False)
        return found

    def _of_jwt(self, text: str, at_ms: int) -> Pass:
        refused = TokenError(Reason.PASS_INVALID, "no public keys are set to verify it with")
        if self._jwts is not None:
            try:
                return self._jwts.admission(text, self._room, at_ms)
            except TokenError as error:
                refused = error
        # Anybody may send rubbish; but where keys or issuer are set wrongly, every visitor goes round in circles.
        if refused.reason == Reason.PASS_INVALID and at_ms - self._complained_ms >= COMPLAINT_MS:
            self._complained_ms = at_ms
            _log.warning("a pass that is a JSON Web Token was refused, room=%s: %s", self._room, refused)
        raise refused

    def payment(self, text: str) -> PaymentStage | None:
        """
        Return the beginning of a payment that *text* proves, or None; how long it lasts is for the caller to judge.
        """
        known = self._payments.get(text)
        if known is not None or not text:
            return known
        try:
            found = self._keyring.stage(text, self._room)
        except TokenError:
            return None
        self._payments[text] = found
        if len(self._payments) > self._size:
            self._payments.popitem(last=False)
        return found

    def visitor(self, text: str) -> str | None:
        """
        Return the visitor's id, or None where *text* proves none.
        """
        try:
            return self._keyring.visitor(text).id
        except TokenError:
            return None
