"""
Status polls of one worker against a bare aiohttp handler, and against the same poll with two Redis calls.

All get the same requests of 10,000 different tickets and answer as many bytes. Rounds alternate, so that a busy moment
of the machine hits all; the best round of each counts. Servers share one core, the client has the other.
"""

import itertools
import re

from benchmarks._servers import HOST, ROOM, on_own_core, server
from benchmarks.hammer import Result, hammer
from benchmarks.ratio import Ratio
from waiting_room.store.embedded import EmbeddedValkey

NAME = "polls"

TICKETS = 10_000
ROUNDS = 7
CONNECTIONS = 32
CONNECTIONS_JOINING = 256
_COOKIE = re.compile(rb"^Set-Cookie: ([^;]+)", re.MULTILINE | re.IGNORECASE)


def run() -> list[Ratio]:
    """
    Measure, and set the three against each other.
    """
    return on_own_core(_measure)


async def join_all(port: int, count: int) -> tuple[list[bytes], Result]:
    """
    Let *count* visitors join; return their cookies and how it went.
    """
    cookies: list[bytes] = []
    request = f"POST /waiting-room/{ROOM}/join HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 0\r\n\r\n".encode()
    result = await hammer(
        HOST,
        port,
        itertools.repeat(request, count),
        CONNECTIONS_JOINING,
        lambda answer: cookies.append(b"; ".join(_COOKIE.findall(answer))),
    )
    return cookies, result


def polls_of(cookies: list[bytes]) -> list[bytes]:
    """
    Return a status poll for each ticket.
    """
    head = f"GET /waiting-room/{ROOM}/status HTTP/1.1\r\nHost: {HOST}\r\nCookie: ".encode()
    return [head + cookie + b"\r\n\r\n" for cookie in cookies]


async def _measure() -> list[Ratio]:
    with EmbeddedValkey() as valkey, server("room", valkey.url, "6", "1") as room:
        cookies, _ = await join_all(room, TICKETS)
        polls = polls_of(cookies)
        sizes: list[int] = []
        await hammer(HOST, room, iter(polls), CONNECTIONS, lambda a: sizes.append(len(a.partition(b"\r\n\r\n")[2])))
        size = str(round(sum(sizes) / len(sizes)))
        with server("bare", size) as bare, server("redis", valkey.url, size) as redis:
            rates: dict[int, float] = {}
            for port in [room, bare, redis] * ROUNDS:
                result = await hammer(HOST, port, iter(polls), CONNECTIONS)
                assert set(result.statuses) == {200}, result.statuses
                rates[port] = max(rates.get(port, 0.0), result.rate)
    return [
        Ratio("status polls", rates[room], rates[bare], 0.8, "polls/s", note="a bare aiohttp handler"),
        Ratio("status polls", rates[room], rates[redis], 3.0, "polls/s", note="the same poll with two Redis calls"),
    ]
