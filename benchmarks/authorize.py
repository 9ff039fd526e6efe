"""
Checks of the authorize endpoint on one worker: at the limit against a bare aiohttp handler, and their p99 at 5,000/s.

All checks bear cookies of 2,000 different visitors who hold a pass, and the headers that nginx sends with them. The
server has a core of its own, as far as there are two; the client and Valkey share the other. The best round of each
counts: a stall of the machine is none of the server's. How the bare handler fares by the same clock, under the same
load, tells how much of a tail is the machine's and the client's.
"""

import itertools
import math

from benchmarks._servers import HOST, P99_MS, ROOM, on_own_core, server
from benchmarks.hammer import hammer, pace
from benchmarks.polls import join_all
from benchmarks.ratio import Ratio
from waiting_room.store.embedded import EmbeddedValkey

NAME = "authorize"

HOLDERS = 2_000
IDLE = ("600000", "10000")
"""A room's rate per minute and seats such that all of them go straight in."""
ROUNDS = 5
CHECKS = 30_000
CONNECTIONS = 32
PACED_PER_S = 5_000
PACED_S = 4.0
PACED_ROUNDS = 3
AIM_PER_S = 10_000


def run() -> list[Ratio]:
    """
    Measure, and set it against the aims.
    """
    return on_own_core(_measure)


def checks(path: str, cookies: list[bytes]) -> list[bytes]:
    """
    Return a check for each holder, as nginx sends it.
    """
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {HOST}",
        "X-Original-URL: https://shop.example/checkout?step=2",
        "X-Original-Method: GET",
        "Accept: text/html,application/xhtml+xml,*/*;q=0.8",
        "Accept-Language: pl,en;q=0.7",
        "Cookie: ",
    )
    head = "\r\n".join(lines).encode()
    return [head + cookie + b"\r\n\r\n" for cookie in cookies]


async def _measure() -> list[Ratio]:
    with EmbeddedValkey() as valkey, server("room", valkey.url, *IDLE) as room, server("bare", "0") as bare:
        cookies, _ = await join_all(room, HOLDERS)
        assert all(b"wr_pass_" in cookie for cookie in cookies)
        asked = checks(f"/waiting-room/authorize/nginx/{ROOM}", cookies)
        bare_asked = checks(f"/waiting-room/{ROOM}/status", cookies)
        rates: dict[int, float] = {}
        for port, requests in [(room, asked), (bare, bare_asked)] * ROUNDS:
            result = await hammer(HOST, port, itertools.islice(itertools.cycle(requests), CHECKS), CONNECTIONS)
            assert set(result.statuses) == {200}, result.statuses
            rates[port] = max(rates.get(port, 0.0), result.rate)
        tails_ms: dict[int, float] = {}
        for port, requests in [(room, asked), (bare, bare_asked)] * PACED_ROUNDS:
            paced = await pace(HOST, port, itertools.cycle(requests), PACED_PER_S, PACED_S)
            assert set(paced.statuses) == {200}, paced.statuses
            tails_ms[port] = min(tails_ms.get(port, math.inf), paced.quantile_ms(0.99))
    tail = f"p99 at {PACED_PER_S:,} checks/s"
    return [
        Ratio("authorize checks", rates[room], rates[bare], 0.45, "checks/s", note="a bare aiohttp handler"),
        Ratio("authorize checks", rates[room], AIM_PER_S, 1.0, "checks/s", note="the aim"),
        Ratio(tail, tails_ms[room], P99_MS, 1.0, "ms", "lower", "the aim"),
        Ratio(tail, tails_ms[room], tails_ms[bare], None, "ms", "lower", "a bare aiohttp handler"),
    ]
