"""
What every gate does with a request and its answer, whichever framework it stands in and however it waits.

No I/O, and one request at a time: an engine carries calls to the service, and serializes where threads share a gate.
"""

import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.gates.answers import Answer, sent_away
from waiting_room.gates.clerk import Clerk
from waiting_room.gates.commands import stock_of, words_of
from waiting_room.gates.cookies import token_cookies, visitor_cookie
from waiting_room.gates.core import (
    Allow,
    GateCore,
    LetThrough,
    Outcome,
    Refuse,
    SendToWait,
    TryStraight,
    Unprotected,
)
from waiting_room.gates.ledger import Ledger
from waiting_room.gates.line import Call, Line, Reply, said, tick_ms
from waiting_room.gates.meters import Meters
from waiting_room.gates.networks import UNIX, handed_on
from waiting_room.gates.requests import FORWARDED_HEADER
from waiting_room.gates.settings import GateSettings
from waiting_room.gates.texts import LANGUAGE_COOKIE, pick_language
from waiting_room.gates.visits import Visit
from waiting_room.telemetry.prometheus import Metrics
from waiting_room.tokens import Keyring, Visitor

if TYPE_CHECKING:
    from waiting_room.gates.jwks import PublicKeys

JOINS_AT_ONCE: Final = 64
"""Newcomers that may ask the service at the same moment; with more, the room is not idle, and they go and wait."""
EVENT_STREAM: Final = "text/event-stream"
"""A stream of events lasts as long as its reader stays: no time of the shop's."""
TOLD_HEADERS: Final = frozenset({wire.COMMAND_HEADER.lower(), wire.STOCK_HEADER.lower()})
"""What the shop tells its gate with an answer, in small letters; visitors never see these headers."""

Settled = Unprotected | Allow | SendToWait | LetThrough | Refuse
"""What is left to do once the service has been asked where it had to be."""

_log = logging.getLogger(__name__)


class Porter:
    """
    Stand at one gate: decide on requests, keep the books, and do what the shop says of its visitors.

    Passes that are JWTs count by *public_keys*, which the engine keeps fresh.
    """

    def __init__(
        self, settings: GateSettings, keyring: Keyring, metrics: Metrics | None, public_keys: "PublicKeys | None" = None
    ) -> None:
        self._settings = settings
        self._keyring = keyring
        self._acquaintances = settings.acquaintances()
        self._core = GateCore(settings, keyring, public_keys.verifier if public_keys else None, self._acquaintances)
        self.public_keys = public_keys
        self._meters = Meters(settings.room, metrics)
        self._joins = 0
        self.ledger = Ledger(tick_ms())
        self._clerk = Clerk(self._core, keyring, self.ledger)
        self.line = Line(settings, keyring, self.ledger, self._meters)

    def spare(self, path: str) -> None:
        """
        Let *path* pass without a pass, beside those of the settings.
        """
        settings = replace(self._settings, never=(*self._settings.never, path))
        jwts = self.public_keys.verifier if self.public_keys else None
        self._core = GateCore(settings, self._keyring, jwts, self._acquaintances)

    @property
    def asks_whence(self) -> bool:
        """
        Tell whether the request's way must be read: somebody is known by address, or newcomers' joins may hand it on.
        """
        return self._acquaintances.known is not None or self.ledger.state.straight

    def look_again(self) -> None:
        """
        Read what stands in files again, where that has changed; once a report is often enough.
        """
        self._acquaintances.look_again()

    def is_secure(self, *, by_request: bool) -> bool:
        """
        Tell whether the shop is reached by https: by its settings, or else as the request says.
        """
        return by_request or self._settings.shop_url.startswith("https:")

    def meet(self, visit: Visit) -> Outcome:
        """
        Return what to do with a request; with `TryStraight`, `knock` comes next.
        """
        outcome = self._core.decide(visit.facts, self.ledger.state, self.line.now_ms())
        return self._let_in(visit, outcome) if isinstance(outcome, Allow) else outcome

    def knock(self, visit: Visit, attempt: TryStraight) -> Call | None:
        """
        Return the newcomer's join, or None where too many are under way; `joined` must be called when it has ended.
        """
        if self._joins >= JOINS_AT_ONCE:
            return None
        visitor = attempt.visitor_text
        if not visitor:
            visitor = self._keyring.sign(Visitor(secrets.token_urlsafe(16)))
            visit.cookies.append(visitor_cookie(visitor, secure=visit.secure))
        self._joins += 1
        forwarded = handed_on(visit.facts.way, by_socket=UNIX in self._settings.trusted_proxies)
        whence = {FORWARDED_HEADER: forwarded} if forwarded else {}
        return self.line.join_call({wire.VISITOR_HEADER: visitor, **whence})

    def joined(self) -> None:
        """
        Note that a join has ended, whichever way.
        """
        self._joins -= 1

    def welcome(self, visit: Visit, attempt: TryStraight, call: Call, reply: Reply) -> Allow | SendToWait | LetThrough:
        """
        Return what the service's *reply* to a join means; raises `TokenError` or `ValueError` where it means nothing.
        """
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            # Their network has been given its new places for now: the way stays open to others, the page asks again.
            return attempt.otherwise
        now_ms = self.line.now_ms()
        visitor = call.headers[wire.VISITOR_HEADER]
        answer = self.line.read(call, reply)
        joined = self._core.joined(answer, visitor, has_place=attempt.has_place, now_ms=now_ms)
        life_s = self._core.life_s(joined.admission.hard_end_ms, now_ms) if joined.admission else 0
        visit.cookies += token_cookies(self._settings.room, joined.tokens, life_s, secure=visit.secure)
        if joined.admission is None:
            self.ledger.crowded()
            return attempt.otherwise
        visit.straight = True
        visit.pass_text = joined.tokens[wire.pass_cookie(self._settings.room)]
        return self._let_in(visit, Allow(joined.admission))

    def turn_away(self, attempt: TryStraight, error: Exception) -> SendToWait | LetThrough:
        """
        Return what to do with a newcomer whose join failed.

        Whether the service has taken the join is unknown; with the same visitor, the next one is the same place.
        """
        _log.info("a newcomer could not go straight in and was sent to the waiting page: %s", said(error))
        self.ledger.crowded()
        return attempt.otherwise

    def decided(self, outcome: Settled, visit: Visit, began: float) -> None:
        """
        Count a request that came at *began* of `time.perf_counter`.
        """
        visit.guarded = not isinstance(outcome, Unprotected) or outcome.guarded
        self._meters.decided(_counted_as(outcome, visit), time.perf_counter() - began)

    def failed(self, began: float) -> Refuse:
        """
        Return what to do when the gate itself fails: nobody passes by an error, whichever it is.
        """
        _log.exception("the gate failed; the visitor was asked to try again")
        self._meters.decided("failed_closed", time.perf_counter() - began)
        return Refuse(HTTPStatus.SERVICE_UNAVAILABLE, Reason.STORE_AWAY, as_json=False)

    def answer(self, outcome: SendToWait | Refuse, visit: Visit) -> Answer:
        """
        Return the answer for who does not come in now, in their language.
        """
        chosen = self._core.language(visit.facts) or visit.facts.cookies.get(LANGUAGE_COOKIE)
        language = pick_language(chosen, visit.facts.headers.get("Accept-Language"))
        return sent_away(outcome, self._settings.room, language)

    def entered(self) -> None:
        """
        Note that the shop begins to answer a request whose time says something of the shop; `left` must follow.
        """
        self.ledger.in_flight += 1

    def left(self, began: float, *, error: bool, counted: bool = True) -> None:
        """
        Note that the shop has answered, or failed to, what came at *began*; *counted* is False where that says nothing.
        """
        self.ledger.in_flight -= 1
        if counted:
            took_s = time.perf_counter() - began
            self.ledger.served(round(took_s * 1000), error=error)
            self._meters.served(took_s, error=error)

    def heed(self, commands: Sequence[str], stock: Sequence[str], visit: Visit | None) -> None:
        """
        Do what the shop says with its answer: *commands* and *stock* are the lines of the two headers.

        What then goes out with the answer stands in the visit's cookies and headers. Never raises: the order stands.
        """
        words = words_of(commands)
        units = stock_of(stock)
        if units is not None:
            self.ledger.stock(units)
        if wire.SOLD_OUT in words:
            self.ledger.sold_out()
        if visit is None or not (words or visit.commands):
            return
        try:
            self._obey((*words, *visit.commands), visit)
        except Exception:  # noqa: BLE001 - the order stands; its seat then ends by being idle
            _log.exception("what the shop said of a visit could not be done")

    def exposition(self) -> tuple[bytes, str]:
        """
        Return the gate's metrics as Prometheus scrapes them, and their content type.
        """
        self.line.tell_levels()
        return self._meters.exposition()

    def _let_in(self, visit: Visit, held: Allow) -> Allow:
        visit.held = held
        if not held.late:
            self.ledger.touch(held.admission.seat, held.end_ms)
        return held

    def _obey(self, words: tuple[str, ...], visit: Visit) -> None:
        now_ms = self.line.now_ms()
        held = visit.held or self._core.holder(visit.facts, self.ledger.state, now_ms)
        if held is not None:
            self._clerk.obey(words, visit, held, self.ledger.state, now_ms)


def _counted_as(outcome: Settled, visit: Visit) -> str:
    match outcome:
        case Allow():
            return "straight" if visit.straight else "allowed"
        case Unprotected():
            return "unprotected"
        case LetThrough(shadow):
            return "shadow" if shadow else "failed_open"
        case Refuse():
            return "failed_closed"
        case _:
            return "sent_to_wait"
