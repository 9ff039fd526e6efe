"""
The middleware: a holder of a pass is let in by an offline check, without any I/O; others wait, or go straight in.
"""

import asyncio
import logging
import secrets
import time
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final

import aiohttp
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from waiting_room import wire
from waiting_room.cookies import cookies_of
from waiting_room.core.reasons import Reason
from waiting_room.errors import TokenError
from waiting_room.gates.aiohttp.link import ServiceLink, said, tick_ms
from waiting_room.gates.answers import NO_STORE, sent_away
from waiting_room.gates.commands import STAGES, stage_of, stock_of, words_of
from waiting_room.gates.cookies import expired_cookie, stage_cookie, token_cookies, visitor_cookie
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
from waiting_room.gates.meters import Meters
from waiting_room.gates.requests import Request
from waiting_room.gates.settings import GateSettings
from waiting_room.gates.texts import LANGUAGE_COOKIE, pick_language
from waiting_room.telemetry.prometheus import Metrics
from waiting_room.tokens import Visitor

JOINS_AT_ONCE: Final = 64
"""Newcomers that may ask the service at the same moment; with more, the room is not idle, and they go and wait."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Visit:
    """
    Keep what the gate found out about one request until its answer goes out.
    """

    facts: Request
    held: Allow | None = None
    pass_text: str = ""
    straight: bool = False
    cookies: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)


_VISIT: Final = web.RequestKey("waiting_room_visit", Visit)


class WaitingRoomGate:
    """
    Stand in front of one shop. Nobody passes by an error: what goes wrong in here is answered with 503.

    *metrics* are the shop's own where it has them already; they need the catalogue's group "gate".
    """

    def __init__(self, settings: GateSettings, metrics: Metrics | None = None) -> None:
        self._settings = settings
        self._keyring = settings.keyring()
        self._core = GateCore(settings, self._keyring)
        self._ledger = Ledger(tick_ms())
        self._meters = Meters(settings.room, metrics)
        self._link = ServiceLink(settings, self._keyring, self._ledger, self._meters, secrets.token_hex(8))
        self._joins = 0

    def setup(self, app: web.Application, metrics_path: str | None = None) -> None:
        """
        Put the gate in front of all that *app* answers; call it once, on the outermost application.

        With *metrics_path*, the gate's metrics are told there, to everybody who can reach it.
        """
        app.middlewares.insert(0, self._middleware)
        app.on_response_prepare.append(self._before_answer)
        app.cleanup_ctx.append(self._link.run)
        if metrics_path is not None:
            never = (*self._settings.never, metrics_path)
            self._core = GateCore(replace(self._settings, never=never), self._keyring)
            app.router.add_get(metrics_path, self._tell_metrics)

    def stock(self, units: int) -> None:
        """
        Tell how many *units* are left to sell, from wherever the shop knows it; the room lets in no more than can buy.
        """
        self._ledger.stock(max(0, units))

    def sold_out(self) -> None:
        """
        Tell that nothing is left to sell: the room closes for those who wait, and those inside may finish.
        """
        self._ledger.sold_out()

    def command(self, request: web.Request, word: str) -> None:
        """
        Do what the header ``Waiting-Room-Command: word`` would do, for a handler that cannot set headers.

        *word* is ``payment``, ``basket`` or ``release``; it counts when the answer to *request* goes out.
        """
        if word not in {*STAGES, wire.RELEASE}:
            raise ValueError(f"{word!r} is no command; there are payment, basket and release")
        visit = request.get(_VISIT)
        if visit is not None:
            visit.commands.append(word)

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        try:
            visit = Visit(_facts(request))
            outcome = await self._decide(visit, secure=self._is_secure(request))
            request[_VISIT] = visit
            self._meters.decided(_counted_as(outcome, visit), time.perf_counter() - began)
        except Exception:  # noqa: BLE001 - nobody passes by an error, whichever it is
            _log.exception("the gate failed; the visitor was asked to try again")
            self._meters.decided("failed_closed", time.perf_counter() - began)
            return self._send_away(request, Refuse(HTTPStatus.SERVICE_UNAVAILABLE, Reason.STORE_AWAY, as_json=False))
        match outcome:
            case SendToWait() | Refuse():
                return self._send_away(request, outcome, self._core.language(visit.facts))
            case Unprotected(listed=True):
                return await handler(request)
            case _ if _is_websocket(request):
                return await handler(request)
            case _:
                return await self._measured(request, handler)

    async def _decide(self, visit: Visit, *, secure: bool) -> Allow | SendToWait | Refuse | Unprotected | LetThrough:
        outcome = self._core.decide(visit.facts, self._ledger.state, self._link.now_ms())
        if isinstance(outcome, TryStraight):
            outcome = await self._try_straight(visit, outcome, secure=secure)
        if isinstance(outcome, Allow):
            visit.held = outcome
            if not outcome.late:
                self._ledger.touch(outcome.admission.seat, outcome.end_ms)
        return outcome

    async def _try_straight(
        self, visit: Visit, attempt: TryStraight, *, secure: bool
    ) -> Allow | SendToWait | LetThrough:
        if self._joins >= JOINS_AT_ONCE:
            return attempt.otherwise
        visitor = attempt.visitor_text
        if not visitor:
            visitor = self._keyring.sign(Visitor(secrets.token_urlsafe(16)))
            visit.cookies.append(visitor_cookie(visitor, secure=secure))
        self._joins += 1
        try:
            answer = await self._link.join({wire.VISITOR_HEADER: visitor})
            joined = self._core.joined(answer, visitor, has_place=attempt.has_place, now_ms=self._link.now_ms())
        except (aiohttp.ClientError, TimeoutError, ValueError, TokenError) as error:
            # Whether the service has taken the join is unknown; with the same visitor, the next one is the same place.
            _log.info("a newcomer could not go straight in and was sent to the waiting page: %s", said(error))
            self._ledger.crowded()
            return attempt.otherwise
        finally:
            self._joins -= 1
        life_s = self._core.life_s(joined.admission.hard_end_ms, self._link.now_ms()) if joined.admission else 0
        visit.cookies += token_cookies(self._settings.room, joined.tokens, life_s, secure=secure)
        if joined.admission is None:
            self._ledger.crowded()
            return attempt.otherwise
        visit.straight = True
        visit.pass_text = joined.tokens[wire.pass_cookie(self._settings.room)]
        return Allow(joined.admission)

    def _send_away(self, request: web.Request, outcome: SendToWait | Refuse, language: str = "") -> web.Response:
        chosen = language or cookies_of(request.headers.get(hdrs.COOKIE, "")).get(LANGUAGE_COOKIE)
        language = pick_language(chosen, request.headers.get(hdrs.ACCEPT_LANGUAGE))
        answer = sent_away(outcome, self._settings.room, language)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _measured(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        error, counted = True, True
        self._ledger.in_flight += 1
        try:
            response = await handler(request)
            error = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            # A stream of events lasts as long as its reader stays: no time of the shop's.
            counted = not response.headers.get(hdrs.CONTENT_TYPE, "").startswith("text/event-stream")
        except web.HTTPException as answer:
            error = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            raise
        except asyncio.CancelledError:
            # The visitor went away; that says nothing of the shop.
            counted = False
            raise
        finally:
            self._ledger.in_flight -= 1
            if counted:
                took_s = time.perf_counter() - began
                self._ledger.served(round(took_s * 1000), error=error)
                self._meters.served(took_s, error=error)
        return response

    async def _before_answer(self, request: web.Request, response: web.StreamResponse) -> None:
        words = words_of(response.headers.popall(wire.COMMAND_HEADER, []))
        self._heed(words, stock_of(response.headers.popall(wire.STOCK_HEADER, [])))
        visit = request.get(_VISIT)
        if visit is None:
            return
        if words or visit.commands:
            try:
                self._obey((*words, *visit.commands), visit, secure=self._is_secure(request))
            except Exception:  # noqa: BLE001 - the order stands; its seat then ends by being idle
                _log.exception("what the shop said of a visit could not be done")
        response.headers.update(visit.headers)
        for cookie in visit.cookies:
            response.headers.add(hdrs.SET_COOKIE, cookie)
            # A shared cache must never hand one visitor's pass to another.
            response.headers[hdrs.CACHE_CONTROL] = NO_STORE

    def _heed(self, words: tuple[str, ...], stock: int | None) -> None:
        if stock is not None:
            self._ledger.stock(stock)
        if wire.SOLD_OUT in words:
            self._ledger.sold_out()

    def _obey(self, words: tuple[str, ...], visit: Visit, *, secure: bool) -> None:
        now_ms = self._link.now_ms()
        held = visit.held or self._core.holder(visit.facts, self._ledger.state, now_ms)
        if held is None:
            return
        if wire.RELEASE in words:
            self._release(visit, held, now_ms, secure=secure)
        elif stage := stage_of(words):
            self._enter(visit, held, stage, now_ms, secure=secure)

    def _release(self, visit: Visit, held: Allow, now_ms: int, *, secure: bool) -> None:
        self._ledger.release(held.admission.seat, held.end_ms, now_ms)
        room = self._settings.room
        used = (wire.pass_cookie(room), wire.ticket_cookie(room))
        visit.cookies = [cookie for cookie in visit.cookies if cookie.partition("=")[0] not in used]
        # The ticket goes as well: it is used, and with it the next visit would begin with a refusal.
        visit.cookies += [expired_cookie(name, secure=secure) for name in used]
        self._forget_payment(visit, secure=secure)

    def _enter(self, visit: Visit, held: Allow, stage: str, now_ms: int, *, secure: bool) -> None:
        seat, state = held.admission.seat, self._ledger.state
        self._ledger.enter(seat, stage)
        if stage != wire.PAYMENT:
            self._forget_payment(visit, secure=secure)
            return
        begun = self._core.begins_payment(held, state, now_ms)
        if begun is None:
            return
        text, room = self._keyring.sign(begun), self._settings.room
        until_ms = begun.entered_ms + state.payment_cap_ms
        visit.cookies.append(stage_cookie(room, text, self._core.life_s(until_ms, now_ms), secure=secure))
        bearer = visit.pass_text or visit.facts.cookies.get(wire.pass_cookie(room))
        if bearer and until_ms > held.admission.hard_end_ms:
            life_s = self._core.life_s(until_ms, now_ms)
            visit.cookies = [cookie for cookie in visit.cookies if not cookie.startswith(f"{wire.pass_cookie(room)}=")]
            visit.cookies += token_cookies(room, {wire.pass_cookie(room): bearer}, life_s, secure=secure)
        if wire.PASS_HEADER in visit.facts.headers:
            visit.headers[wire.STAGE_HEADER] = text

    def _forget_payment(self, visit: Visit, *, secure: bool) -> None:
        if self._core.bears_stage(visit.facts):
            visit.cookies.append(expired_cookie(wire.stage_cookie(self._settings.room), secure=secure))

    def _is_secure(self, request: web.Request) -> bool:
        return self._settings.shop_url.startswith("https:") or request.secure

    async def _tell_metrics(self, _request: web.Request) -> web.Response:
        self._meters.levels(self._ledger.seats_seen, self._ledger.in_flight)
        text, content_type = self._meters.exposition()
        return web.Response(body=text, headers={hdrs.CONTENT_TYPE: content_type})


def _counted_as(outcome: Outcome, visit: Visit) -> str:
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


def _facts(request: web.Request) -> Request:
    host = request.headers.get(hdrs.HOST, "")
    return Request(
        request.method,
        request.rel_url.raw_path,
        request.rel_url.raw_query_string,
        request.headers,
        cookies_of(request.headers.get(hdrs.COOKIE, "")),
        f"{request.scheme}://{host}" if host else "",
    )


def _is_websocket(request: web.Request) -> bool:
    return request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"
