"""
Joins of one worker against what is promised: at the limit, and their time at 1,000 a second beside 2,000 polls.

The server has a core of its own, as far as there are two; the client and Valkey share the other. The best round of each
counts: a stall of the machine is none of the server's.
"""

import asyncio
import itertools

from benchmarks._servers import HOST, P99_MS, ROOM, on_own_core, server
from benchmarks.cores import CLIENTS_CORE, pin
from benchmarks.hammer import Result, pace
from benchmarks.polls import join_all, polls_of
from benchmarks.ratio import Ratio
from waiting_room.store.embedded import EmbeddedValkey

NAME = "joins"

WAITING = 10_000
AT_THE_LIMIT = 40_000
JOINS_PER_S = 1000
POLLS_PER_S = 2000
SECONDS = 10
ROUNDS = 3
LIMIT_PER_S = 8000


def run() -> list[Ratio]:
    """
    Measure both.
    """
    return on_own_core(_measure)


async def _measure() -> list[Ratio]:
    with EmbeddedValkey() as valkey, server("room", valkey.url, "6", "1") as room:
        cookies, _ = await join_all(room, WAITING)
        pin(valkey.pid, CLIENTS_CORE)
        rounds = [await _beside_polls(room, cookies) for _ in range(ROUNDS)]
        best = 0.0
        for _ in range(ROUNDS):
            _, result = await join_all(room, AT_THE_LIMIT)
            assert set(result.statuses) == {200}, result.statuses
            best = max(best, result.rate)
    assert all(set(beside.statuses) == {200} for beside in rounds), rounds
    p99_ms = min(beside.quantile_ms(0.99) for beside in rounds)
    note = f"the promise, at {JOINS_PER_S} joins/s beside {POLLS_PER_S} polls/s, {WAITING} waiting"
    return [
        Ratio("join p99", p99_ms, P99_MS, 1.0, "ms", "lower", note),
        Ratio("joins at the limit", best, LIMIT_PER_S, 1.0, "joins/s", note="the promise"),
    ]


async def _beside_polls(port: int, cookies: list[bytes]) -> Result:
    join = f"POST /waiting-room/{ROOM}/join HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 0\r\n\r\n".encode()
    polls = itertools.cycle(polls_of(cookies))
    joins, _ = await asyncio.gather(
        pace(HOST, port, itertools.repeat(join), JOINS_PER_S, SECONDS),
        pace(HOST, port, polls, POLLS_PER_S, SECONDS),
    )
    return joins
