"""
What ten million waiting visitors cost: a tick of the worker, Redis while it is blocked, memory, and a look at a place.

On a real Valkey with both presence slots full and people called at each tick. The check-ins of those who poll meanwhile
are sent once a second; what they cost stands in a line of its own. The best of three rounds counts: a stall of the
machine is none of ours.
"""

import asyncio
import gc
import time
from random import Random
from statistics import median

from redis.asyncio import Redis

from benchmarks.ratio import Ratio
from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.core.plan import plan
from waiting_room.core.policy import Policy
from waiting_room.core.presence import CHUNK_BYTES, CHUNK_RANKS, CheckIns, chunk_of
from waiting_room.core.view import View
from waiting_room.store.connection import Connection
from waiting_room.store.embedded import EmbeddedValkey
from waiting_room.store.redis import RedisStore

NAME = "ten-million"

WAITING = 10_000_000
ROUNDS = 3
TICKS = 20
POLLS_PER_S = 2000
LOOKUPS = 20_000
ROOM = "crowd"
LANE = STANDARD_LANE
POLICY = Policy(capacity=1_000_000, rate_per_minute=60_000, max_session_s=600, idle_timeout_s=300)

_OUTER = ("evalsha", "mget", "get", "hget", "wait", "info")
"""What the service itself sends."""

TICK_CPU_MS = 10.0
BLOCKED_MS = 2.0
LOOKUP_US = 2.0
_TICK = {
    "processor time of a tick, median": TICK_CPU_MS,
    "processor time of a tick, longest": TICK_CPU_MS,
    "Redis blocked in a tick, all commands": BLOCKED_MS,
    "Redis blocked by one command, longest": BLOCKED_MS,
}


def run() -> list[Ratio]:
    """
    Fill a room, let it live for some ticks, and compare with what is promised.
    """
    gc.collect()
    return asyncio.run(_measure())


async def _measure() -> list[Ratio]:
    with EmbeddedValkey() as valkey:
        client, store = Redis.from_url(valkey.url), RedisStore(Connection(valkey.url, time_out_s=30))
        bytes_each = await _fill(client, store)
        rounds = [await _round(client, store) for _ in range(ROUNDS)]
        flush_us = min([await _flush(client, store) for _ in range(ROUNDS)])
        lookup_us = _lookup_us(View(await store.snapshot(ROOM)))
        await store.close()
        await client.aclose()
    note = f"the promise, {WAITING:,} waiting"
    return [
        *(
            Ratio(what, min(figures), most, 1.0, "ms", "lower", note)
            for (what, most), figures in zip(_TICK.items(), zip(*rounds, strict=True), strict=True)
        ),
        Ratio("Redis blocked by check-ins, per tick", flush_us / 4000, BLOCKED_MS, 1.0, "ms", "lower", note),
        Ratio("memory of a waiting visitor", bytes_each, 1.0, 1.0, "bytes", "lower", note),
        Ratio("look-up of a status", lookup_us, LOOKUP_US, 1.0, "us", "lower", note),
    ]


async def _fill(client: Redis, store: RedisStore) -> float:
    await store.configure(ROOM, POLICY)
    before = int((await client.info("memory"))["used_memory"])
    await _be_present(store)
    await client.hset(f"wr:{{{ROOM}}}:meta", "slot_at", 0)
    turning = plan(await store.snapshot(ROOM), "bench")
    assert turning is not None
    assert turning.rotate
    assert await store.advance(ROOM, turning)
    await _be_present(store)
    snapshot = await store.snapshot(ROOM)
    assert snapshot.waiting > 0.99 * WAITING, snapshot.waiting
    return (int((await client.info("memory"))["used_memory"]) - before) / snapshot.waiting


async def _be_present(store: RedisStore) -> None:
    last = chunk_of(WAITING)
    for first in range(0, last + 1, 32):
        chunks = range(first, min(first + 32, last + 1))
        present = dict.fromkeys(chunks, b"\xff" * CHUNK_BYTES)
        if last in present:
            present[last] = b"\xff" * ((WAITING - last * CHUNK_RANKS) // 8)
        await store.flush(ROOM, LANE, present, min(WAITING, (chunks[-1] + 1) * CHUNK_RANKS - 1))


async def _busy_us(client: Redis) -> float:
    """
    Return for how long Redis has been at work on commands; those that a script calls stand in the script's own time.
    """
    stats: dict[str, dict[str, float]] = await client.info("commandstats")
    return sum(stats[f"cmdstat_{name}"]["usec"] for name in _OUTER if f"cmdstat_{name}" in stats)


async def _round(client: Redis, store: RedisStore) -> tuple[float, ...]:
    """
    Let the room live for some ticks; return the figures of `_TICK`.
    """
    await client.config_set("slowlog-log-slower-than", 50)
    await client.slowlog_reset()
    before_us = await _busy_us(client)
    cpu_ms = [await _tick(store) for _ in range(TICKS)]
    tick_us = (await _busy_us(client) - before_us) / TICKS
    longest_us = max((entry["duration"] for entry in await client.slowlog_get(10_000)), default=50)
    return median(cpu_ms), max(cpu_ms), tick_us / 1000, longest_us / 1000


async def _tick(store: RedisStore) -> float:
    began = time.process_time()
    snapshot = await store.snapshot(ROOM)
    View(snapshot)
    step = plan(snapshot, "bench")
    assert step is not None
    assert await store.advance(ROOM, step)
    spent_ms = (time.process_time() - began) * 1000
    await asyncio.sleep(0.05)
    return spent_ms


async def _flush(client: Redis, store: RedisStore) -> float:
    random, checkins = Random(1), CheckIns()
    for _ in range(POLLS_PER_S):
        checkins.add(random.randint(1, WAITING))
    before_us = await _busy_us(client)
    await store.flush(ROOM, LANE, checkins.chunks(), WAITING)
    return await _busy_us(client) - before_us


def _lookup_us(view: View) -> float:
    """
    Return what it takes to find a place and to say how long the wait is and when to ask again.
    """
    random = Random(2)
    ranks = [random.randint(1, WAITING) for _ in range(LOOKUPS)]
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for rank in ranks:
            view.position(LANE, rank)
        best = min(best, time.perf_counter() - began)
    return best / LOOKUPS * 1e6
