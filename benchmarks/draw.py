"""
The draw of a million: the write that opens, a place, and a poll's look-up, against what the design allows.

The opening is timed on a real Valkey by its own slow log, so that no network and no Python is in the figure.
"""

import asyncio
import gc
from time import process_time

from benchmarks.ratio import Ratio
from waiting_room.core.draw import Draw, Order, commitment
from waiting_room.core.opening import opening_of
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.view import View
from waiting_room.store.connection import Connection
from waiting_room.store.embedded import EmbeddedValkey
from waiting_room.store.redis import RedisStore

NAME = "draw"
CROWD = 1_000_000
LOOKS = 50_000
ROOM = "bench"
MOST_OPENING_MS, MOST_PLACE_US, MOST_LOOK_US = 5.0, 10.0, 2.0


async def opened(url: str) -> tuple[float, View]:
    """
    Gather a million, open, and return how many ms the write blocked the server, and the view after it.
    """
    store = RedisStore(Connection(url, time_out_s=10))
    await store.configure(ROOM, Policy())
    await store.set_phase(ROOM, Phase.PREQUEUE)
    await store.promise(ROOM, "ab" * 32, "", None)
    chunks = dict.fromkeys(range(CROWD // 65536), b"\xff" * 8192)
    await store.flush(ROOM, "standard", chunks, CROWD)
    client = store._connection.client  # noqa: SLF001 - the slow log is no verb of a room
    await client.config_set("slowlog-log-slower-than", 0)
    await client.slowlog_reset()
    await store.set_phase(ROOM, Phase.OPEN, opening=opening_of(await store.snapshot(ROOM)))
    logged = await client.slowlog_get(10)
    longest = max(entry["duration"] for entry in logged if b"EVAL" in bytes(entry["command"]).upper()) / 1000
    view = View(await store.snapshot(ROOM))
    await store.close()
    return longest, view


def us_each(look: object, numbers: range) -> float:
    """
    Return how many microseconds *look* takes, on the mean of the best of five runs, by the
    processor's own time: others may be using the core.
    """
    assert callable(look)
    runs = []
    for _ in range(5):
        begun = process_time()
        for number in numbers:
            look(number)
        runs.append((process_time() - begun) / len(numbers) * 1e6)
    return min(runs)


def run() -> list[Ratio]:
    """
    Return each figure against its limit.
    """
    with EmbeddedValkey() as valkey:
        opening_ms, view = asyncio.run(opened(valkey.url))
    seed = "ab" * 32
    order = Order(Draw(seed, commitment(seed), "", "standard", 1, CROWD))
    numbers = range(1, CROWD, CROWD // LOOKS)
    gc.disable()
    place_us = us_each(order.rank_of, numbers)
    look_us = us_each(lambda number: view.position("standard", view.rank_of("standard", number)), numbers)
    gc.enable()
    return [
        Ratio("the write that opens a million", opening_ms, MOST_OPENING_MS, 1.0, "ms", "lower", "its limit"),
        Ratio("a place", place_us, MOST_PLACE_US, 1.0, "us", "lower", "its limit"),
        Ratio("a position with a draw", look_us, MOST_LOOK_US, 1.0, "us", "lower", "its limit"),
    ]
