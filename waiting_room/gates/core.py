"""
What a gate does with a request: facts in, an outcome out. No I/O, no clock, no framework.

An adapter reads a `Request` out of its framework's, asks `GateCore.decide`, and does what the outcome says. Whatever
goes wrong on the way is an exception, never an outcome that admits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.errors import TokenError
from waiting_room.gates.crawlers import Acquaintances
from waiting_room.gates.ledger import RoomState
from waiting_room.gates.passes import JwtReader, PassBook
from waiting_room.gates.paths import PathRules
from waiting_room.gates.requests import (
    LANGUAGE_FIELD,
    LONGEST_TARGET,
    LOOKING_METHODS,
    SAFE_METHODS,
    Request,
    is_preflight,
    language_asked,
    may_start_visit,
    target_of,
    wants_json,
)
from waiting_room.gates.settings import GateSettings
from waiting_room.tokens import Keyring, Pass, PaymentStage


@dataclass(frozen=True, slots=True)
class Unprotected:
    """
    Let the request pass: it needs no pass. *listed* ones are of no weight to the shop's health.

    *since* says why: its path is never protected (``never``) or simply is not (``free``), it is a ``preflight``, or its
    sender is known by address (``staff``, ``crawler``).
    """

    listed: bool
    since: str = "free"

    @property
    def guarded(self) -> bool:
        """
        Tell whether others need a pass for the same address.
        """
        return self.since in {"staff", "crawler"}


@dataclass(frozen=True, slots=True)
class Allow:
    """
    Let the holder of *admission* pass; *late* when it has just ended and only this form is still taken.

    *paying_until_ms* is 0, or how long the payment may last that the holder has begun.
    """

    admission: Pass
    late: bool = False
    paying_until_ms: int = 0

    @property
    def end_ms(self) -> int:
        """
        Return until when the pass counts: its hard end, or later where the holder is paying.
        """
        return max(self.admission.hard_end_ms, self.paying_until_ms)


@dataclass(frozen=True, slots=True)
class SendToWait:
    """
    Send the visitor to the waiting page at *url*: browsers by redirect, programs (*as_json*) by a 429 that names it.
    """

    url: str
    as_json: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class TryStraight:
    """
    Ask the service to let this newcomer straight in; *otherwise* is what to do if it does not.

    *visitor_text* is the valid identity that the request bore, or empty. *has_place* tells that it bore a ticket
    which may still be waiting for its turn.
    """

    visitor_text: str
    has_place: bool
    otherwise: "SendToWait | LetThrough"


@dataclass(frozen=True, slots=True)
class LetThrough:
    """
    Let a newcomer pass without a pass: the service, or Redis behind it, is away, and the operator chose so.

    *shadow* tells that the room only watches: nobody is kept out, and a join that fails is no reason to.
    """

    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """
    Answer *status* and why; *as_json* to programs.
    """

    status: int
    reason: Reason
    as_json: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """
    Hold what the service answered to a newcomer: a pass, or none; and the tokens to hand on, by cookie name.
    """

    admission: Pass | None
    tokens: Mapping[str, str]


_LISTED: Final = Unprotected(listed=True, since="never")
_FREE: Final = Unprotected(listed=False)
_PREFLIGHT: Final = Unprotected(listed=False, since="preflight")

Outcome = Unprotected | Allow | TryStraight | SendToWait | LetThrough | Refuse


class GateCore:
    """
    Decide on requests by one gate's settings and what the room said last; *known* are those whom it knows by address.
    """

    def __init__(
        self,
        settings: GateSettings,
        keyring: Keyring,
        jwts: JwtReader | None = None,
        known: Acquaintances | None = None,
    ) -> None:
        self._settings = settings
        self._acquaintances = known
        self._rules = PathRules.of(settings.protect, settings.never)
        self._grace_ms = round(settings.grace_s * 1000)
        self.passes = PassBook(keyring, settings.room, self._grace_ms, jwts=jwts)
        self._pass_cookie = wire.pass_cookie(settings.room)
        self._ticket_cookie = wire.ticket_cookie(settings.room)
        self._stage_cookie = wire.stage_cookie(settings.room)

    @property
    def room(self) -> str:
        """
        Return the name of the room that stands in front of the shop.
        """
        return self._settings.room

    def decide(self, request: Request, state: RoomState, now_ms: int) -> Outcome:
        """
        Return what to do with *request* at *now_ms* of the service's clock.
        """
        if self._rules.listed(request.path, request.query, request.method):
            return _LISTED
        if not self._rules.guarded(request.path, request.method):
            return _FREE
        if is_preflight(request):
            return _PREFLIGHT
        pass_text = self._pass_text(request)
        reason = Reason.QUEUE_WAIT
        if pass_text:
            judged = self._judge(request, pass_text, state, now_ms)
            if isinstance(judged, Allow):
                return judged
            reason = judged
        known = self._acquaintances.known if self._acquaintances is not None else None
        if known is not None:
            since = known.spared(request.way, looks=request.method in LOOKING_METHODS)
            if since:
                return Unprotected(listed=False, since=since)
        return self._newcomer(request, state, reason, now_ms)

    def joined(self, answer: Any, visitor_text: str, *, has_place: bool, now_ms: int) -> Joined:
        """
        Return what the service's *answer* to a join means; raises `TokenError` or `ValueError` where it means nothing.

        The pass is verified like any other: a service that has lost its mind, or is not ours, admits nobody. A visitor
        who *has_place* and is not admitted keeps the ticket they have; the new one stands further behind.
        """
        state = answer.get("state") if isinstance(answer, dict) else None
        if not isinstance(state, str):
            raise ValueError("the service's answer to a join is no object with a state")  # noqa: TRY004 - a peer's fault
        tokens = {}
        for key, cookie in (("ticket", self._ticket_cookie), ("pass", self._pass_cookie)):
            text = answer.get(key)
            if isinstance(text, str) and text:
                if not is_token_text(text):
                    raise ValueError(f"the service's {key} is no token")
                tokens[cookie] = text
        if state != "admitted":
            tokens.pop(self._pass_cookie, None)
            if has_place:
                tokens.pop(self._ticket_cookie, None)
            return Joined(None, tokens)
        admission = self.passes.read(tokens.get(self._pass_cookie, ""), visitor_text, now_ms)
        if admission.hard_end_ms <= now_ms:
            raise TokenError(Reason.PASS_EXPIRED, "the service admitted with a pass that is over")
        return Joined(admission, tokens)

    def holder(self, request: Request, state: RoomState, now_ms: int) -> Allow | None:
        """
        Return the pass that *request* bears, or None; whether its seat is still held is not looked at.
        """
        try:
            return self.held(request, state, now_ms)
        except TokenError:
            return None

    def held(self, request: Request, state: RoomState, now_ms: int) -> Allow:
        """
        Return what `holder` does, or raise `TokenError` with the reason why the pass does not count.
        """
        return self._held(request, self._pass_text(request), state, now_ms)

    def begins_payment(self, held: Allow, state: RoomState, now_ms: int) -> PaymentStage | None:
        """
        Return the payment that the holder begins at *now_ms*, or None where one has begun that may still last.

        Whose pass is over or whose visit has ended begins none: then only a form was kept.
        """
        seat = held.admission.seat
        if held.late or held.end_ms <= now_ms or held.paying_until_ms > now_ms or seat in state.gone:
            return None
        return PaymentStage(self._settings.room, seat, now_ms)

    def bears_stage(self, request: Request) -> bool:
        """
        Tell whether *request* bears the beginning of a payment, of whatever worth.
        """
        return bool(self._stage_text(request))

    def language(self, request: Request) -> str:
        """
        Return the language in which the shop speaks to the visitor, or nothing where only their browser knows.
        """
        return language_asked(request, self._settings.language_cookie)

    def life_s(self, end_ms: int, now_ms: int) -> int:
        """
        Return how long a browser shall keep what counts until *end_ms*: longer by the grace time, or late forms come
        without it.
        """
        return (end_ms - now_ms + self._grace_ms) // 1000

    def _pass_text(self, request: Request) -> str:
        return request.headers.get(wire.PASS_HEADER) or request.cookies.get(self._pass_cookie) or ""

    def _stage_text(self, request: Request) -> str:
        return request.headers.get(wire.STAGE_HEADER) or request.cookies.get(self._stage_cookie) or ""

    def _held(self, request: Request, pass_text: str, state: RoomState, now_ms: int) -> Allow:
        """
        Return the pass of *request* with its end, or raise `TokenError`.

        Whose payment began while the pass was good holds it for as long as a payment may last, at every gate: the
        beginning is signed, and no gate need have heard of it.
        """
        stage = self.passes.payment(self._stage_text(request))
        if stage is not None and stage.entered_ms <= now_ms < stage.entered_ms + state.payment_cap_ms + self._grace_ms:
            admission = self.passes.read(pass_text, request.visitor_text, stage.entered_ms)
            if admission.seat == stage.seat and stage.entered_ms < admission.hard_end_ms:
                return Allow(admission, paying_until_ms=stage.entered_ms + state.payment_cap_ms)
        return Allow(self.passes.read(pass_text, request.visitor_text, now_ms))

    def _judge(self, request: Request, pass_text: str, state: RoomState, now_ms: int) -> Allow | Reason:
        try:
            held = self._held(request, pass_text, state, now_ms)
        except TokenError as error:
            return Reason(error.reason)
        seat = held.admission.seat
        if state.revoked.bars(seat, held.admission.visitor, now_ms):
            return Reason.REVOKED
        gone = state.gone.get(seat)
        if gone is None and held.end_ms > now_ms:
            return held
        if request.method not in SAFE_METHODS and (gone is None or gone.keeps_forms(now_ms, self._grace_ms)):
            return replace(held, late=True)
        return Reason.PASS_EXPIRED if gone is None else Reason.PASS_ENDED

    def _newcomer(self, request: Request, state: RoomState, reason: Reason, now_ms: int) -> Outcome:
        as_json = wants_json(request)
        visitor = self.passes.visitor(request.visitor_text) if request.visitor_text else None
        if reason is Reason.REVOKED or state.revoked.bars("", visitor or "", now_ms):
            # Whatever is away: an outage lets nobody in whom the operator has turned away.
            return SendToWait(self._waiting_url(request, as_json=as_json), as_json, Reason.REVOKED)
        url = self._waiting_url(request, as_json=as_json)
        otherwise: SendToWait | LetThrough = SendToWait(url, as_json, reason)
        if state.shadow:
            otherwise = LetThrough(shadow=True)
        elif state.opened or (state.down and self._settings.when_service_down == "open"):
            return LetThrough()
        elif state.down and self._settings.when_service_down == "closed":
            return Refuse(503, Reason.STORE_AWAY, as_json)
        if not state.straight or state.down or not (request.visitor_text or may_start_visit(request)):
            return otherwise
        visitor_text = request.visitor_text if visitor is not None else ""
        # Who bears a pass as well has had their turn: that ticket is used.
        ticket_text = request.headers.get(wire.TICKET_HEADER) or request.cookies.get(self._ticket_cookie)
        return TryStraight(visitor_text, bool(ticket_text) and not self._pass_text(request), otherwise)

    def _waiting_url(self, request: Request, *, as_json: bool) -> str:
        absolute = not self._settings.page_url.startswith("/")
        target = target_of(request, self._settings.shop_url, absolute=absolute, as_json=as_json)
        fields = {"target": target} if len(target) <= LONGEST_TARGET else {}
        if language := self.language(request):
            fields[LANGUAGE_FIELD] = language
        # Nothing of the target stays as it is: a proxy that takes "//" together would make another address of it.
        query = urlencode(fields, safe="", quote_via=quote, errors="replace")
        return f"{self._settings.page_url}?{query}" if query else self._settings.page_url


def is_token_text(text: str) -> bool:
    """
    Tell whether *text* consists of what tokens consist of, so that it may stand in a header.
    """
    return text.isascii() and text.replace(".", "").replace("-", "").replace("_", "").isalnum()
