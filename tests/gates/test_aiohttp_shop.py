"""
The middleware and the shop: what passes through, and what is measured.
"""

import asyncio

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from tests.gates.makings import ROOM
from tests.gates.service import Service, get, scene
from tests.waiting import wait_until
from waiting_room import wire

PASS = wire.pass_cookie(ROOM)
TICKET = wire.ticket_cookie(ROOM)
API = {"Accept": "application/json"}


async def test_stream_passes_through() -> None:
    """
    A streamed answer is streamed, and bears the pass of a newcomer as well.
    """
    async with scene(Service(straight=True)) as at:
        answer = await get(at.client, "/stream")

        assert await answer.text() == "abc"
        assert PASS in answer.cookies


async def test_websocket_passes_through() -> None:
    """
    Who holds a pass may open a socket, and talk.
    """
    async with scene() as at:
        await at.admitted()
        async with at.client.ws_connect("/socket") as socket:
            await socket.send_str("hello")
            assert await socket.receive_str() == "hello"


async def test_websocket_needs_a_pass() -> None:
    """
    A socket is no way around the gate.
    """
    async with scene() as at:
        upgrade = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        assert (await at.client.get("/socket", headers=upgrade)).status == 429


@pytest.mark.parametrize(
    ("path", "status", "errors"),
    [
        ("/x", 200, 0),
        ("/broken/404", 404, 0),
        ("/broken/503", 503, 1),
        ("/broken/answer", 500, 1),
        ("/broken/crash", 500, 1),
    ],
)
async def test_health_of_the_shop_is_reported(path: str, status: int, errors: int) -> None:
    """
    Answers of 500 and above and crashes are errors; what the shop says on purpose is not.
    """
    async with scene() as at:
        await at.admitted()
        assert (await get(at.client, path)).status == status
        await wait_until(lambda: sum(report["health"]["requests"] for report in at.service.reports), what="the health")

        assert sum(report["health"]["errors"] for report in at.service.reports) == errors


@pytest.mark.parametrize(
    "path", ["/robots.txt", "/healthz", "/assets/x.css", "/stream?type=text/event-stream", "/socket"]
)
async def test_what_says_nothing_of_the_shop_is_not_measured(path: str) -> None:
    """
    Pages of machines, event streams, sockets and refused visitors would blur the figures.
    """
    async with scene() as at:
        await get(at.client, "/checkout")
        await at.admitted()
        if path == "/socket":
            await (await at.client.ws_connect(path)).close()
        else:
            await (await get(at.client, path)).read()
        await at.reported()

        assert sum(report["health"]["requests"] for report in at.service.reports) == 0
        assert at.service.reports[-1]["health"]["in_flight"] == 0


async def test_in_flight_requests_are_counted() -> None:
    """
    A report tells how many requests are inside the shop.
    """
    inside, go = asyncio.Event(), asyncio.Event()

    @web.middleware
    async def slow(request: web.Request, handler: Handler) -> web.StreamResponse:
        inside.set()
        await go.wait()
        return await handler(request)

    async with scene(prepare=lambda app: app.middlewares.append(slow)) as at:
        await at.admitted()
        visit = asyncio.create_task(get(at.client))
        await inside.wait()
        await wait_until(lambda: at.service.reports[-1]["health"]["in_flight"] == 1, what="one in flight")
        go.set()
        await visit
        await wait_until(lambda: at.service.reports[-1]["health"]["in_flight"] == 0, what="none in flight")


async def test_gate_stands_before_the_shop_s_own_middlewares() -> None:
    """
    Nothing of the shop runs for who is sent away, in whichever order it was put together.
    """
    ran: list[str] = []

    @web.middleware
    async def of_the_shop(request: web.Request, handler: Handler) -> web.StreamResponse:
        ran.append(request.path)
        return await handler(request)

    async with scene(prepare=lambda app: app.middlewares.append(of_the_shop)) as at:
        await get(at.client)

    assert ran == []


async def test_metrics_are_told_where_asked() -> None:
    """
    Each way a request went is counted, and the path of the metrics needs no pass.
    """
    async with scene(Service(straight=True), metrics_path="/internal/metrics") as at:
        await get(at.client)
        await get(at.client)
        await get(at.client, "/robots.txt")
        text = await (await at.client.get("/internal/metrics")).text()

    def count(outcome: str) -> str:
        return f'waiting_room_gate_requests_total{{outcome="{outcome}",room="{ROOM}"}}'

    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert (lines[count("straight")], lines[count("allowed")], lines[count("unprotected")]) == ("1.0", "1.0", "2.0")
    assert lines[f'waiting_room_gate_shop_requests_total{{outcome="ok",room="{ROOM}"}}'] == "2.0"
    assert lines[f'waiting_room_gate_reports_total{{outcome="ok",room="{ROOM}"}}'] != "0.0"


async def test_metrics_are_not_told_unasked() -> None:
    """
    Without a path for them, there is none.
    """
    async with scene() as at:
        assert await (await at.client.get("/metrics")).text() == "shop:/metrics"
