"""
What the gate for aiohttp adds to a request of a pass-holder, against the same shop without it.

Shop and client share one process, so that the difference in processor time is the gate's; rounds with and without
alternate, and the median counts. No service is running: a pass is checked offline.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvloop
from aiohttp import web

from benchmarks.hammer import hammer
from benchmarks.ratio import Ratio
from waiting_room import wire
from waiting_room.gates.aiohttp import GateSettings, WaitingRoomGate
from waiting_room.tokens import Keyring, Pass, Visitor

NAME = "gate-overhead"

ROOM = "sale"
SECRET = "k1:" + "s" * 32
VISITORS = 2_000
REQUESTS = 6_000
ROUNDS = 7
CONNECTIONS = 16
BUDGET = 0.6
"""Of what aiohttp and the client cost for an empty page; beside a page that asks a database it is nothing."""


def shop(*, gated: bool) -> web.Application:
    """
    Return a shop whose pages cost nothing, the worst case for what stands in front.
    """

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="a page of the shop\n" * 20)

    app = web.Application()
    app.router.add_get("/checkout", page)
    if gated:
        settings = GateSettings(
            room=ROOM, service_url="http://127.0.0.1:1", page_url="/waiting-room/sale", secret_keys=(SECRET,)
        )
        WaitingRoomGate(settings).setup(app)
    return app


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
        for with_gate, port in ((True, gated), (False, bare)):
            await cost_us(port, requests)  # warms up
            costs[with_gate].clear()
        for _ in range(ROUNDS):
            for with_gate, port in ((False, bare), (True, gated)):
                costs[with_gate].append(await cost_us(port, requests))
    return statistics.median(costs[True]), statistics.median(costs[False])


def run() -> list[Ratio]:
    """
    Measure and set against the shop without a gate.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        gated, bare = runner.run(measure())
    return [
        Ratio(
            "gate's time per request",
            gated - bare,
            bare,
            target=BUDGET,
            unit="us",
            better="lower",
            note="the same request without the gate, client included",
        )
    ]
