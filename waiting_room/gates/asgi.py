"""
The gate for ASGI (FastAPI, Starlette, Litestar, ...): ``app = WaitingRoomGate(app, GateSettings(...))``.

A handler finds its visit in ``scope["waiting_room"]`` and may say ``scope["waiting_room"].command("payment")``.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from waiting_room import wire
from waiting_room.cookies import cookies_of
from waiting_room.gates.answers import CONFINED, Answer, says_who_keeps_it, without_life
from waiting_room.gates.asynchronous import AsyncEngine
from waiting_room.gates.core import Refuse, SendToWait, Unprotected
from waiting_room.gates.networks import NOWHERE, Way
from waiting_room.gates.porter import EVENT_STREAM, TOLD_HEADERS, Porter
from waiting_room.gates.requests import FORWARDED_HEADER, Request, SmallHeaders, undecoded
from waiting_room.gates.settings import GateSettings
from waiting_room.gates.visits import Visit
from waiting_room.telemetry.prometheus import Metrics

__all__ = ["GateSettings", "WaitingRoomGate"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Heads = list[tuple[bytes, bytes]]

VISIT: Final = "waiting_room"
"""The key of the scope under which handlers find their visit."""
DENIAL: Final = "websocket.http.response"
_BEGINNINGS: Final = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
_EVENT_STREAM: Final = EVENT_STREAM.encode()
_TOLD: Final = frozenset(name.encode() for name in TOLD_HEADERS)
_POLICY_VIOLATION: Final = 1008
_ORIGINS: Final = {"ws": "http", "wss": "https"}


class WaitingRoomGate:
    """
    Stand in front of *app*, outside all its middlewares. Nobody passes by an error: it is answered with 503.

    *metrics* are the shop's own where it has them already; they need the catalogue's group "gate". With *metrics_path*,
    the gate's metrics are told there, to everybody who can reach it.
    """

    def __init__(
        self, app: App, settings: GateSettings, metrics: Metrics | None = None, metrics_path: str | None = None
    ) -> None:
        self._app = app
        self._engine = AsyncEngine(settings, metrics)
        self._porter = self._engine.porter
        self._metrics_path = metrics_path
        if metrics_path is not None:
            self._porter.spare(metrics_path)

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Let one connection pass, or answer it; what is no request of a visitor passes untouched.
        """
        if scope["type"] in {"http", "websocket"}:
            await self._meet(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, self._along_with(send))
        else:
            await self._app(scope, receive, send)

    def _along_with(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                await self._engine.start()
            elif message["type"].startswith("lifespan.shutdown."):
                await self._engine.stop()
            await send(message)

        return sending

    async def _meet(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit, outcome = await self._engine.admit(self._read, scope)
        if isinstance(outcome, SendToWait | Refuse):
            await _give(self._porter.answer(outcome, visit), visit, scope, receive, send)
            return
        listed = isinstance(outcome, Unprotected) and outcome.listed
        if listed and visit.facts.path == self._metrics_path:
            text, content_type = self._porter.exposition()
            await _give(Answer(200, {"Content-Type": content_type}, text), visit, scope, receive, send)
            return
        scope[VISIT] = visit
        passage = _Passage(self._porter, visit, receive, send)
        if listed or scope["type"] == "websocket":
            await self._app(scope, receive, passage.send)
        else:
            await passage.measured(self._app, scope)

    def _read(self, scope: Scope) -> Visit:
        headers: Heads = list(scope["headers"])
        # The first of a name counts; only cookies come in several lines, from HTTP/2.
        by_name = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(headers)}
        cookie = by_name.get("cookie", "")
        if cookie:
            cookie = b"; ".join([value for name, value in headers if name == b"cookie"]).decode("latin-1")
        scheme, host = scope.get("scheme", "http"), by_name.get("host", "")
        scheme = _ORIGINS.get(scheme, scheme)
        facts = Request(
            scope.get("method", "GET"),
            _path(scope),
            scope["query_string"].decode("latin-1"),
            SmallHeaders(by_name),
            cookies_of(cookie),
            f"{scheme}://{host}" if host else "",
            _way(scope, headers) if self._porter.asks_whence else NOWHERE,
        )
        return Visit(facts, self._porter.is_secure(by_request=scheme == "https"))


class _Passage:
    """
    Let one answer pass to the visitor: take what the shop tells its gate out of its head, and see how the shop fares.
    """

    __slots__ = (
        "_began",
        "_counted",
        "_error",
        "_gone",
        "_inside",
        "_porter",
        "_receive",
        "_send",
        "_started",
        "_visit",
    )

    def __init__(self, porter: Porter, visit: Visit, receive: Receive, send: Send) -> None:
        self._porter = porter
        self._visit = visit
        self._receive = receive
        self._send = send
        self._began = 0.0
        self._inside = self._started = self._gone = self._error = False
        self._counted = True

    async def measured(self, app: App, scope: Scope) -> None:
        """
        Let *app* answer, and count how long it took and whether it failed.

        The time ends with the last byte: what a shop does afterwards keeps no visitor waiting.
        """
        self._began = time.perf_counter()
        self._inside = True
        self._porter.entered()
        try:
            await app(scope, self.receive, self.send)
        except asyncio.CancelledError:
            self._gone = True
            raise
        except Exception:
            self._error = True
            raise
        else:
            # An answer without its end says that nobody was there any more to read it.
            self._gone = self._gone or self._started
            self._error = not self._started
        finally:
            # A visitor who went away says nothing of the shop.
            self._leave(counted=self._counted and not self._gone)

    async def receive(self) -> Message:
        """
        Hand the request's body on, and notice a visitor who goes away.
        """
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone = True
        return message

    async def send(self, message: Message) -> None:
        """
        Hand one message of the answer on; only its head is looked into.
        """
        if message["type"] in _BEGINNINGS:
            message = self._headed(message)
        elif self._inside and not message.get("more_body", False):
            self._leave(counted=self._counted)
        await self._send(message)

    def _headed(self, message: Message) -> Message:
        visit = self._visit
        kept: Heads = []
        told: Heads = []
        content_type, life, accel = b"", b"", b""
        for head in message.get("headers", ()):
            name = head[0].lower()
            if name == b"content-type":
                content_type = head[1]
            elif name == b"cache-control":
                life += b"," + head[1]
            elif name == b"x-accel-expires":
                accel = head[1]
            (told if name in _TOLD else kept).append(head)
        self._started = True
        self._error = message.get("status", 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
        self._counted = not content_type.startswith(_EVENT_STREAM)
        if told or visit.commands:
            self._porter.heed(_lines(told, wire.COMMAND_HEADER), _lines(told, wire.STOCK_HEADER), visit)
        if visit.cookies:
            return {**message, "headers": _unkept(kept) + _additions(visit)}
        # A socket that is accepted is nothing to keep.
        if visit.guarded and message["type"] != "websocket.accept":
            silent = not (life or accel)
            if silent or not says_who_keeps_it(life.decode("latin-1"), accel.decode("latin-1")):
                return {**message, "headers": [*kept, *_CONFINED, *_additions(visit)]}
        return {**message, "headers": kept + _additions(visit)} if told or visit.headers else message

    def _leave(self, *, counted: bool) -> None:
        if self._inside:
            self._inside = False
            self._porter.left(self._began, error=self._error, counted=counted)


def _path(scope: Scope) -> str:
    """
    Return the undecoded path, which is the server's ``raw_path`` unless something has rewritten ``path`` meanwhile.
    """
    path: str = scope["path"]
    raw = scope.get("raw_path")
    if raw:
        text: str = raw.decode("latin-1")
        if text == path or unquote(raw) == path:
            return text
    return undecoded(path)


def _way(scope: Scope, headers: Heads) -> Way:
    client = scope.get("client")
    return Way(client[0] if client else "", ",".join(_lines(headers, FORWARDED_HEADER)))


def _lines(heads: Heads, name: str) -> list[str]:
    wanted = name.lower().encode()
    return [value.decode("latin-1") for found, value in heads if found.lower() == wanted]


def _coded(headers: Iterable[tuple[str, str]]) -> Heads:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]


def _additions(visit: Visit) -> Heads:
    """
    Return the headers that go out beside the shop's; no shared cache may hand one visitor's pass to another.
    """
    if not (visit.cookies or visit.headers):
        return []
    added = _coded(visit.headers.items()) + _coded(("Set-Cookie", cookie) for cookie in visit.cookies)
    return added + _coded(wire.UNCACHED.items() if visit.cookies else ())


def _unkept(heads: Heads) -> Heads:
    return _coded(without_life((name.decode("latin-1"), value.decode("latin-1")) for name, value in heads))


_CONFINED: Final = _coded(CONFINED.items())


async def _give(answer: Answer, visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
    """
    Answer in the shop's stead; a websocket is denied with the same answer where the server can, else closed.
    """
    heads = [*_coded(answer.headers.items()), (b"content-length", str(len(answer.body)).encode())]
    if visit.cookies:
        heads = _unkept(heads) + _additions(visit)
    body = b"" if scope.get("method") == "HEAD" else answer.body
    kind = "http.response"
    if scope["type"] == "websocket":
        await receive()  # the offer to connect
        if DENIAL not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        kind = DENIAL
    await send({"type": f"{kind}.start", "status": answer.status, "headers": heads})
    await send({"type": f"{kind}.body", "body": body})
