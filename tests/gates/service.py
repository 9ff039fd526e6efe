"""
A small room service and a small shop, on real sockets: what the gate's middleware is tried with.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from unittest.mock import Mock, patch

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from tests.gates.makings import BROWSER, KEYRING, ROOM, pass_text, settings
from tests.waiting import wait_until
from waiting_room import wire
from waiting_room.errors import TokenError
from waiting_room.gates.aiohttp import WaitingRoomGate

Client = TestClient[Any, Any]


def now_ms() -> int:
    """
    Return this machine's time.
    """
    return time.time_ns() // 1_000_000


@dataclass
class Service:
    """
    Stand in for the room service: hears reports and joins, and answers as the test says.
    """

    straight: bool = False
    admits: bool = True
    gone: list[str] = field(default_factory=list)
    ahead_ms: int = 0
    status: int = 200
    join_answer: Any = None
    more: dict[str, Any] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)
    put_off: int = 0
    joins: list[dict[str, str]] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def report(self, request: web.Request) -> web.Response:
        """
        Take a report of a gate that proves itself.
        """
        if self.status != 200:
            return web.Response(status=self.status)
        _, _, credential = request.headers["Authorization"].partition(" ")
        try:
            gate = KEYRING.gate(credential, ROOM, now_ms() + self.ahead_ms)
        except TokenError:
            return web.Response(
                status=400, headers={"Date": formatdate((now_ms() + self.ahead_ms) / 1000, usegmt=True)}
            )
        body = await request.json()
        assert body["gate"] == gate.gate
        self.reports.append(body)
        answer = {"phase": "open", "straight": self.straight, "gone": self.gone, "now_ms": now_ms() + self.ahead_ms}
        return web.json_response(answer | self.more)

    async def join(self, request: web.Request) -> web.Response:
        """
        Give whoever asks a pass, or a ticket.
        """
        self.joins.append(dict(request.headers))
        if self.hold is not None:
            await self.hold.wait()
        if self.join_answer is not None:
            return web.json_response(self.join_answer)
        if len(self.joins) <= self.put_off:
            return web.json_response({"state": "refused", "reason": "network_busy"}, status=429)
        visitor = KEYRING.visitor(request.headers[wire.VISITOR_HEADER]).id
        if not self.admits:
            return web.json_response({"state": "waiting", "ticket": "ticket-of-" + visitor})
        number = len(self.joins)
        text = pass_text(
            visitor=visitor, number=number, seat=f"standard.{number}", issued_ms=now_ms(), hard_end_ms=now_ms() + 60_000
        )
        return web.json_response({"state": "admitted", "pass": text, "ticket": "ticket-of-" + visitor})

    def app(self) -> web.Application:
        """
        Return the stand-in as an application.
        """
        app = web.Application()
        app.router.add_post(f"/waiting-room/{ROOM}/join", self.join)
        app.router.add_post(f"/waiting-room/gate/{ROOM}/report", self.report)
        return app

    def told(self, key: str) -> set[str]:
        """
        Return the seats that reports have named under *key*, which is at least once: one given up is sent again.
        """
        return {seat for report in self.reports for seat in report[key]}


async def _page(request: web.Request) -> web.StreamResponse:
    return web.Response(text=f"shop:{request.path}")


async def _stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": request.query.get("type", "text/plain")})
    await response.prepare(request)
    for part in (b"a", b"b", b"c"):
        await response.write(part)
    await response.write_eof()
    return response


async def _socket(request: web.Request) -> web.StreamResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


async def _bought(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="thanks", headers={"Waiting-Room-Command": "release"})


async def _bought_and_moved(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther("/thanks", headers={"Waiting-Room-Command": " Release "})


async def _says(request: web.Request) -> web.StreamResponse:
    return web.Response(text="ok", headers={"Waiting-Room-Command": request.match_info["word"]})


async def _broken(request: web.Request) -> web.StreamResponse:
    match request.match_info["how"]:
        case "503":
            raise web.HTTPServiceUnavailable
        case "404":
            raise web.HTTPNotFound
        case "answer":
            return web.Response(status=500)
        case _:
            raise RuntimeError("the shop is broken")


def shop() -> web.Application:
    """
    Return a shop with one page of each kind.
    """
    app = web.Application()
    app.router.add_get("/stream", _stream)
    app.router.add_get("/socket", _socket)
    app.router.add_route("*", "/pay", _bought)
    app.router.add_route("*", "/pay-and-move", _bought_and_moved)
    app.router.add_route("*", "/says/{word}", _says)
    app.router.add_get("/broken/{how}", _broken)
    app.router.add_route("*", "/{rest:.*}", _page)
    return app


async def get(client: Client, path: str = "/checkout", **headers: str) -> ClientResponse:
    """
    Ask for a page as a browser does, but follow no redirect.
    """
    return await client.get(path, headers=BROWSER | headers, allow_redirects=False)


@dataclass
class Scene:
    """
    Hold a running shop behind its gate, a client in front and the service behind.
    """

    client: Client
    service: Service
    gate: WaitingRoomGate
    heard: Mock

    async def reported(self) -> None:
        """
        Wait until the gate has heard the answer to a report that began after this call.
        """
        seen = self.heard.call_count
        await wait_until(lambda: self.heard.call_count >= seen + 2, what="two more answers, one to a new report")

    async def admitted(self) -> str:
        """
        Give the client a pass, and return its seat.
        """
        self.client.session.cookie_jar.update_cookies({wire.pass_cookie(ROOM): good_pass()})
        return "standard.7"


def good_pass(**changed: Any) -> str:
    """
    Return a pass that is good by this machine's clock.
    """
    return pass_text(**({"issued_ms": now_ms(), "hard_end_ms": now_ms() + 60_000} | changed))


@asynccontextmanager
async def scene(
    service: Service | None = None,
    prepare: Callable[[web.Application], object] = lambda _: None,
    metrics_path: str | None = None,
    **changed: Any,
) -> AsyncIterator[Scene]:
    """
    Run service, shop and gate; reports come fast.
    """
    service = service or Service()
    async with TestServer(service.app()) as room:
        gate = WaitingRoomGate(
            settings(**({"service_url": str(room.make_url("/")), "report_interval_s": 0.05} | changed))
        )
        app = shop()
        prepare(app)
        gate.setup(app, metrics_path)
        line = gate._engine.porter.line
        with patch.object(line, "heard", wraps=line.heard) as heard:
            async with TestClient(TestServer(app)) as client:
                yield Scene(client, service, gate, heard)
