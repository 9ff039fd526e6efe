"""
What a gate does with a request: facts in, an outcome out. No I/O, no clock, no framework.

An adapter reads a `Request` out of its framework's, asks `GateCore.decide`, and does what the outcome says. Whatever
goes wrong on the way is an exception, never an outcome that admits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.errors import TokenError
from waiting_room.gates.ledger import RoomState
from waiting_room.gates.passes import PassBook
from waiting_room.gates.paths import PathRules
from waiting_room.gates.settings import GateSettings
from waiting_room.tokens import Keyring, Pass

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""RFC 9110 section 9.2.1: they ask for nothing to be done, so nothing is lost when they are sent away."""
_LONGEST_TARGET: Final = 2048
"""A longer address to come back to is dropped: the page then goes on to the room's own target."""


@dataclass(frozen=True, slots=True)
class Request:
    """
    Hold the facts of a request that a gate looks at.

    *path* is undecoded and without query, *query* without its ``?``; *headers* are looked up regardless of case.
    *origin* is scheme and host as the request has them, or empty.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    origin: str


@dataclass(frozen=True, slots=True)
class Unprotected:
    """
    Let the request pass: its path needs no pass. *listed* ones are of no weight to the shop's health.
    """

    listed: bool


@dataclass(frozen=True, slots=True)
class Allow:
    """
    Let the holder of *admission* pass; *late* when it has just ended and only this form is still taken.
    """

    admission: Pass
    late: bool = False


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
    otherwise: SendToWait


@dataclass(frozen=True, slots=True)
class LetThrough:
    """
    Let a newcomer pass without a pass: the service, or Redis behind it, is away, and the operator chose so.
    """


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


Outcome = Unprotected | Allow | TryStraight | SendToWait | LetThrough | Refuse


class GateCore:
    """
    Decide on requests by one gate's settings and what the room said last.
    """

    def __init__(self, settings: GateSettings, keyring: Keyring) -> None:
        self._settings = settings
        self._rules = PathRules.of(settings.protect, settings.never)
        self._grace_ms = round(settings.grace_s * 1000)
        self.passes = PassBook(keyring, settings.room, self._grace_ms)
        self._pass_cookie = wire.pass_cookie(settings.room)
        self._ticket_cookie = wire.ticket_cookie(settings.room)

    def decide(self, request: Request, state: RoomState, now_ms: int) -> Outcome:
        """
        Return what to do with *request* at *now_ms* of the service's clock.
        """
        if self._rules.listed(request.path):
            return Unprotected(listed=True)
        if not self._rules.guarded(request.path) or is_preflight(request):
            return Unprotected(listed=False)
        pass_text = self._pass_text(request)
        reason = Reason.QUEUE_WAIT
        if pass_text:
            judged = self._judge(request, pass_text, state, now_ms)
            if isinstance(judged, Allow):
                return judged
            reason = judged
        return self._newcomer(request, state, reason)

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

    def holder(self, request: Request, now_ms: int) -> Pass | None:
        """
        Return the pass that *request* bears, or None; whether its seat is still held is not looked at.
        """
        try:
            return self.passes.read(self._pass_text(request), _visitor_text(request), now_ms)
        except TokenError:
            return None

    def pass_life_s(self, admission: Pass, now_ms: int) -> int:
        """
        Return how long a browser shall keep the pass: beyond its end by the grace time, or late forms come without it.
        """
        return (admission.hard_end_ms - now_ms + self._grace_ms) // 1000

    def _pass_text(self, request: Request) -> str:
        return request.headers.get(wire.PASS_HEADER) or request.cookies.get(self._pass_cookie) or ""

    def _judge(self, request: Request, pass_text: str, state: RoomState, now_ms: int) -> Allow | Reason:
        try:
            admission = self.passes.read(pass_text, _visitor_text(request), now_ms)
        except TokenError as error:
            return Reason(error.reason)
        gone = state.gone.get(admission.seat)
        if gone is None and admission.hard_end_ms > now_ms:
            return Allow(admission)
        if request.method not in SAFE_METHODS and (gone is None or gone.keeps_forms(now_ms, self._grace_ms)):
            return Allow(admission, late=True)
        return Reason.PASS_EXPIRED if gone is None else Reason.PASS_ENDED

    def _newcomer(self, request: Request, state: RoomState, reason: Reason) -> Outcome:
        as_json = wants_json(request)
        if state.opened or (state.down and self._settings.when_service_down == "open"):
            return LetThrough()
        if state.down and self._settings.when_service_down == "closed":
            return Refuse(503, Reason.STORE_AWAY, as_json)
        wait = SendToWait(self._waiting_url(request), as_json, reason)
        visitor_text = _visitor_text(request)
        if not state.straight or state.down or not (visitor_text or may_start_visit(request)):
            return wait
        if visitor_text and self.passes.visitor(visitor_text) is None:
            visitor_text = ""
        # Who bears a pass as well has had their turn: that ticket is used.
        ticket_text = request.headers.get(wire.TICKET_HEADER) or request.cookies.get(self._ticket_cookie)
        return TryStraight(visitor_text, bool(ticket_text) and not self._pass_text(request), wait)

    def _waiting_url(self, request: Request) -> str:
        target = self._target(request)
        if len(target) > _LONGEST_TARGET:
            return self._settings.page_url
        return f"{self._settings.page_url}?target={quote(target, safe='/:')}"

    def _target(self, request: Request) -> str:
        base = self._settings.shop_url.rstrip("/") or request.origin
        if request.method in SAFE_METHODS:
            path = _joined(request.path, request.query)
        else:
            # The address of a form's action can often not be fetched; the page that the form stood on can.
            path = _referring_path(request.headers.get("Referer", ""), base) or _joined(request.path, request.query)
        if not path.startswith("/") or path.startswith(("//", "/\\")):
            path = "/"
        return path if self._settings.page_url.startswith("/") else base + path


def wants_json(request: Request) -> bool:
    """
    Tell programs (fetch, XMLHttpRequest, apps, sub-resources) from a browser that shows a page to a person.
    """
    headers = request.headers
    mode = headers.get("Sec-Fetch-Mode", "")
    if mode == "navigate" and "prefetch" not in headers.get("Sec-Purpose", ""):
        return False
    if mode or headers.get("X-Requested-With") or headers.get("Upgrade"):
        return True
    accept = headers.get("Accept", "").lower()
    if "text/html" in accept or "application/xhtml+xml" in accept:
        return False
    return "json" in accept or "json" in headers.get("Content-Type", "").lower() or "text/event-stream" in accept


def may_start_visit(request: Request) -> bool:
    """
    Tell whether a request without identity may take a seat for its sender.

    A browser's prefetches and sub-resources come in many at once, before the page's cookies are there: each would
    take a seat of its own, for one person.
    """
    mode = request.headers.get("Sec-Fetch-Mode", "")
    purpose = request.headers.get("Sec-Purpose", "") or request.headers.get("Purpose", "")
    return mode != "no-cors" and "prefetch" not in purpose


def is_preflight(request: Request) -> bool:
    """
    Tell a CORS preflight: browsers send it without cookies, so it can never bear a pass (Fetch standard, section 4.8).
    """
    headers = request.headers
    return (
        request.method == "OPTIONS"
        and bool(headers.get("Origin"))
        and bool(headers.get("Access-Control-Request-Method"))
        and headers.get("Content-Length", "0") == "0"
        and "Transfer-Encoding" not in headers
    )


def _visitor_text(request: Request) -> str:
    return request.headers.get(wire.VISITOR_HEADER) or request.cookies.get(wire.VISITOR_COOKIE) or ""


def _joined(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _referring_path(referrer: str, base: str) -> str:
    try:
        parts = urlsplit(referrer)
    except ValueError:
        return ""
    same = bool(base) and f"{parts.scheme}://{parts.netloc}" == base
    return _joined(parts.path or "/", parts.query) if same else ""


def is_token_text(text: str) -> bool:
    """
    Tell whether *text* consists of what tokens consist of, so that it may stand in a header.
    """
    return text.isascii() and text.replace(".", "").replace("-", "").replace("_", "").isalnum()
