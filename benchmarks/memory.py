"""
What a million waiting visitors cost in Redis, against the sorted set that most waiting rooms keep.

Measured as MEMORY of the server before and after; both presence slots are full, and the minute in which joins are
remembered one by one is over (their keys are deleted, as their expiry does).
"""

import asyncio
from collections.abc import AsyncIterator

from redis.asyncio import Redis

from benchmarks.ratio import Ratio
from waiting_room.core.phase import Phase
from waiting_room.core.plan import plan
from waiting_room.core.policy import Policy
from waiting_room.core.presence import CheckIns
from waiting_room.store.connection import Connection
from waiting_room.store.embedded import EmbeddedValkey
from waiting_room.store.redis import RedisStore

NAME = "memory"

WAITING = 1_000_000
BATCH = 500
ROOM = "million"


def run() -> list[Ratio]:
    """
    Fill a room and a sorted set, and compare bytes a visitor.
    """
    return asyncio.run(_measure())


async def _measure() -> list[Ratio]:
    with EmbeddedValkey() as valkey:
        client = Redis.from_url(valkey.url)
        room = await _room_bytes(client, valkey.url)
        await client.flushall()
        sorted_set = await _sorted_set_bytes(client)
        await client.aclose()
    note = f"a sorted set of {WAITING:,}; the room must stay below 1 byte each"
    return [Ratio("memory of a waiting visitor", room, sorted_set, 1 / sorted_set, "bytes", "lower", note)]


async def _used(client: Redis) -> int:
    return int((await client.info("memory"))["used_memory"])


async def _room_bytes(client: Redis, url: str) -> float:
    store = RedisStore(Connection(url, time_out_s=30))
    await store.configure(ROOM, Policy(capacity=0, rate_per_minute=0))
    await store.set_phase(ROOM, Phase.PAUSED)
    before = await _used(client)
    for first in range(0, WAITING, BATCH):
        await store.join(ROOM, "standard", [f"visitor-{number:015d}" for number in range(first, first + BATCH)])
    async for keys in _pages(client, "wr:*:joined:*"):
        await client.unlink(*keys)
    await client.hset(f"wr:{{{ROOM}}}:meta", "slot_at", 0)
    turning = plan(await store.snapshot(ROOM), "bench")
    assert turning is not None
    assert turning.rotate
    assert await store.advance(ROOM, turning)
    everybody = CheckIns()
    for rank in range(1, WAITING + 1):
        everybody.add(rank)
    await store.flush(ROOM, "standard", everybody.chunks(), WAITING)
    assert (await store.snapshot(ROOM)).waiting == WAITING
    used = await _used(client) - before
    await store.close()
    return used / WAITING


async def _pages(client: Redis, pattern: str) -> AsyncIterator[list[bytes | str]]:
    cursor = 0
    while True:
        cursor, keys = await client.scan(cursor, match=pattern, count=5000)
        if keys:
            yield keys
        if cursor == 0:
            return


async def _sorted_set_bytes(client: Redis) -> float:
    before = await _used(client)
    for first in range(0, WAITING, 5000):
        members = {f"visitor-{number:015d}": number for number in range(first, first + 5000)}
        await client.zadd("waiting", members)
    return (await _used(client) - before) / WAITING
