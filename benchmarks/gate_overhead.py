"""
What the gates for aiohttp and ASGI add to a request of a pass-holder, against the same shop without them.

Shop and client share one process, so that the difference in processor time is the gate's; many short rounds with and
without alternate, and the best of each count: what else the machine does only ever adds. ASGI is spoken without a
server between. No service is running: a pass is checked offline.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvloop
from aiohttp import web
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from benchmarks.hammer import hammer
from benchmarks.ratio import Ratio
from waiting_room import wire
from waiting_room.gates import asgi
from waiting_room.gates.aiohttp import GateSettings, WaitingRoomGate
from waiting_room.tokens import Keyring, Pass, Visitor

NAME = "gate-overhead"

ROOM = "sale"
SECRET = "k1:" + "s" * 32
VISITORS = 2_000
REQUESTS = 500
ASGI_REQUESTS = 1_000
ROUNDS = 50
CONNECTIONS = 16
AIM_US = 40.0
"""What the gate may add to a request; beside a page that asks a database it is nothing."""
PAGE = "a page of the shop\n" * 20


def shop(*, gated: bool) -> web.Application:
    """
    Return a shop whose pages cost nothing, the worst case for what stands in front.
    """

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=PAGE)

    app = web.Application()
    app.router.add_get("/checkout", page)
    if gated:
        WaitingRoomGate(settings()).setup(app)
    return app


def settings() -> GateSettings:
    """
    Return those of a gate whose service is away.
    """
    return GateSettings(
        room=ROOM, service_url="http://127.0.0.1:1", page_url="/waiting-room/sale", secret_keys=(SECRET,)
    )


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[int]:
    """
    Serve *app* on a free port.
    """
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def requests_of_holders() -> list[bytes]:
    """
    Return one request of each visitor, with the cookies of a browser.
    """
    keyring = Keyring((SECRET,))
    now_ms = time.time_ns() // 1_000_000
    found = []
    for number in range(VISITORS):
        visitor = f"visitor-{number:016d}"
        held = Pass(ROOM, "standard", number, visitor, f"standard.{number}", now_ms, now_ms + 3_600_000)
        cookies = {
            wire.VISITOR_COOKIE: keyring.sign(Visitor(visitor)),
            wire.pass_cookie(ROOM): keyring.sign(held),
            "shop_session": "0123456789abcdef" * 2,
        }
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        lines = ("GET /checkout HTTP/1.1", "Host: shop.example", "Accept: text/html", f"Cookie: {cookie}", "", "")
        found.append("\r\n".join(lines).encode())
    return found


async def cost_us(port: int, requests: Iterator[bytes]) -> float:
    """
    Return the processor time of one request in µs; every answer must be a page.
    """
    begun = time.process_time()
    result = await hammer("127.0.0.1", port, itertools.islice(requests, REQUESTS), CONNECTIONS)
    spent_s = time.process_time() - begun
    if result.statuses != {200: REQUESTS}:
        raise RuntimeError(f"not every request was let in: {result.statuses}")
    return spent_s / REQUESTS * 1e6


async def measure() -> tuple[float, float]:
    """
    Return the cost of a request with and without the gate, in µs.
    """
    requests = itertools.cycle(requests_of_holders())
    costs: dict[bool, list[float]] = {True: [], False: []}
    async with serving(shop(gated=True)) as gated, serving(shop(gated=False)) as bare:
        for port in (gated, bare):
            for _ in range(-(-VISITORS // REQUESTS)):  # warms up: each visitor's pass has been seen
                await cost_us(port, requests)
        for _ in range(ROUNDS):
            for with_gate, port in ((False, bare), (True, gated)):
                costs[with_gate].append(await cost_us(port, requests))
    return min(costs[True]), min(costs[False])


def asgi_shop() -> Starlette:
    """
    Return the same shop in Starlette.
    """

    async def page(_request: Request) -> Response:
        return PlainTextResponse(PAGE)

    return Starlette(routes=[Route("/checkout", page)])


def scope_of(request: bytes) -> asgi.Scope:
    """
    Return the scope that an ASGI server makes of *request*.
    """
    lines = [line.partition(b": ") for line in request.split(b"\r\n")[1:] if line]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/checkout",
        "raw_path": b"/checkout",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower(), value) for name, _, value in lines],
    }


async def asgi_cost_us(app: asgi.App, scopes: Iterator[asgi.Scope]) -> float:
    """
    Return the processor time of one request in µs; every answer must be a page.
    """
    pages = 0

    async def receive() -> asgi.Message:
        return {"type": "http.request", "body": b""}

    async def send(message: asgi.Message) -> None:
        nonlocal pages
        pages += message.get("status") == 200

    begun = time.process_time()
    for scope in itertools.islice(scopes, ASGI_REQUESTS):
        # A server makes a scope for each request, and shops write into it.
        await app(dict(scope), receive, send)
    spent_s = time.process_time() - begun
    if pages != ASGI_REQUESTS:
        raise RuntimeError(f"not every request was let in: {pages} of {ASGI_REQUESTS}")
    return spent_s / ASGI_REQUESTS * 1e6


async def measure_asgi() -> tuple[float, float]:
    """
    Return the cost of a request with and without the gate in ASGI, in µs.
    """
    scopes = itertools.cycle([scope_of(request) for request in requests_of_holders()])
    apps: dict[bool, asgi.App] = {True: asgi.WaitingRoomGate(asgi_shop(), settings()), False: asgi_shop()}
    costs: dict[bool, list[float]] = {True: [], False: []}
    for app in apps.values():
        for _ in range(-(-VISITORS // ASGI_REQUESTS)):
            await asgi_cost_us(app, scopes)
    for _ in range(ROUNDS):
        for gated, app in apps.items():
            costs[gated].append(await asgi_cost_us(app, scopes))
    return min(costs[True]), min(costs[False])


def run() -> list[Ratio]:
    """
    Measure and set against the shop without a gate.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        gated, bare = runner.run(measure())
        asgi_gated, asgi_bare = runner.run(measure_asgi())
    return [
        *compared("aiohttp", gated, bare, "the same request without the gate, client included"),
        *compared(
            "ASGI", asgi_gated, asgi_bare, "the same request of Starlette's without the gate, no server and no client"
        ),
    ]


def compared(kind: str, gated_us: float, bare_us: float, bare: str) -> list[Ratio]:
    """
    Return what the gate adds, against the aim and against the request without it.
    """
    name, added_us = f"gate's time per request, {kind}", gated_us - bare_us
    return [
        Ratio(name, added_us, AIM_US, 1.0, "us", "lower", "the aim"),
        Ratio(name, added_us, bare_us, None, "us", "lower", bare),
    ]
