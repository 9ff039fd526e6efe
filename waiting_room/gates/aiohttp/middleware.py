"""
The middleware for aiohttp: what it reads from a request, and what it writes into an answer.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict, istr

from waiting_room import wire
from waiting_room.cookies import cookies_of
from waiting_room.gates.answers import CONFINED, says_who_keeps_it
from waiting_room.gates.asynchronous import AsyncEngine
from waiting_room.gates.commands import command_of
from waiting_room.gates.core import Refuse, SendToWait, Unprotected
from waiting_room.gates.networks import NOWHERE, Way
from waiting_room.gates.porter import EVENT_STREAM
from waiting_room.gates.requests import FORWARDED_HEADER, Request
from waiting_room.gates.settings import GateSettings
from waiting_room.gates.visits import Visit
from waiting_room.telemetry.prometheus import Metrics

_VISIT: Final = web.RequestKey("waiting_room_visit", Visit)
# Names that need not be put into small letters for each answer.
_COMMAND: Final = istr(wire.COMMAND_HEADER)
_STOCK: Final = istr(wire.STOCK_HEADER)
_CONFINED: Final = tuple((istr(name), value) for name, value in CONFINED.items())


class WaitingRoomGate:
    """
    Stand in front of one shop. Nobody passes by an error: what goes wrong in here is answered with 503.

    *metrics* are the shop's own where it has them already; they need the catalogue's group "gate".
    """

    def __init__(self, settings: GateSettings, metrics: Metrics | None = None) -> None:
        self._engine = AsyncEngine(settings, metrics)
        self._porter = self._engine.porter

    def setup(self, app: web.Application, metrics_path: str | None = None) -> None:
        """
        Put the gate in front of all that *app* answers; call it once, on the outermost application.

        With *metrics_path*, the gate's metrics are told there, to everybody who can reach it.
        """
        app.middlewares.insert(0, self._middleware)
        app.on_response_prepare.append(self._before_answer)
        app.cleanup_ctx.append(self._running)
        if metrics_path is not None:
            self._porter.spare(metrics_path)
            app.router.add_get(metrics_path, self._tell_metrics)

    def stock(self, units: int) -> None:
        """
        Tell how many *units* are left to sell, from wherever the shop knows it; the room lets in no more than can buy.
        """
        self._porter.ledger.stock(max(0, units))

    def sold_out(self) -> None:
        """
        Tell that nothing is left to sell: the room closes for those who wait, and those inside may finish.
        """
        self._porter.ledger.sold_out()

    def command(self, request: web.Request, word: str) -> None:
        """
        Do what the header ``Waiting-Room-Command: word`` would do, for a handler that cannot set headers.

        *word* is ``payment``, ``basket`` or ``release``; it counts when the answer to *request* goes out.
        """
        said = command_of(word)
        visit = request.get(_VISIT)
        if visit is not None:
            visit.command(said)

    async def _running(self, _app: web.Application) -> AsyncIterator[None]:
        await self._engine.start()
        yield
        await self._engine.stop()

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        visit, outcome = await self._engine.admit(self._read, request)
        request[_VISIT] = visit
        if isinstance(outcome, SendToWait | Refuse):
            answer = self._porter.answer(outcome, visit)
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
        if (isinstance(outcome, Unprotected) and outcome.listed) or _is_websocket(request):
            return await handler(request)
        return await self._measured(request, handler)

    async def _measured(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        error, counted = True, True
        self._porter.entered()
        try:
            response = await handler(request)
            error = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            counted = not response.headers.get(hdrs.CONTENT_TYPE, "").startswith(EVENT_STREAM)
        except web.HTTPException as answer:
            error = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            raise
        except asyncio.CancelledError:
            # The visitor went away; that says nothing of the shop.
            counted = False
            raise
        finally:
            self._porter.left(began, error=error, counted=counted)
        return response

    async def _before_answer(self, request: web.Request, response: web.StreamResponse) -> None:
        headers, visit = response.headers, request.get(_VISIT)
        if _COMMAND in headers or _STOCK in headers or (visit is not None and visit.commands):
            self._porter.heed(headers.popall(_COMMAND, []), headers.popall(_STOCK, []), visit)
        if visit is None:
            return
        if visit.headers:
            headers.update(visit.headers)
        if visit.cookies:
            for cookie in visit.cookies:
                headers.add(hdrs.SET_COOKIE, cookie)
            # A shared cache must never hand one visitor's pass to another.
            headers.update(wire.UNCACHED)
        elif visit.guarded and not _says_who_keeps_it(headers):
            for name, value in _CONFINED:
                headers.add(name, value)

    def _read(self, request: web.Request) -> Visit:
        host = request.headers.get(hdrs.HOST, "")
        facts = Request(
            request.method,
            request.rel_url.raw_path,
            request.rel_url.raw_query_string,
            request.headers,
            cookies_of(request.headers.get(hdrs.COOKIE, "")),
            f"{request.scheme}://{host}" if host else "",
            _way(request) if self._porter.asks_whence else NOWHERE,
        )
        return Visit(facts, self._porter.is_secure(by_request=request.secure))

    async def _tell_metrics(self, _request: web.Request) -> web.Response:
        text, content_type = self._porter.exposition()
        return web.Response(body=text, headers={hdrs.CONTENT_TYPE: content_type})


def _way(request: web.Request) -> Way:
    return Way(request.remote or "", ",".join(request.headers.getall(FORWARDED_HEADER, ())))


def _says_who_keeps_it(headers: CIMultiDict[str]) -> bool:
    # Most pages say nothing of it, and pay for no more than the question.
    said = [",".join(headers.getall(name)) if name in headers else "" for name, _ in _CONFINED]
    return any(said) and says_who_keeps_it(*said)


def _is_websocket(request: web.Request) -> bool:
    return request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"
