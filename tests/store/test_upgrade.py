"""
A room from before there were lanes, and workers of both versions on it while the version is changed.
"""

import json
from dataclasses import replace

import redis

from tests.store.acts import POLICY, ROOM, call, claim, visitors
from tests.store.conftest import START_MS
from waiting_room.core.lanes import Lane
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.ports import ClaimCode
from waiting_room.store.redis import RedisStore

KEY = f"wr:{{{ROOM}}}:"
OLD_FIELDS = {
    "epoch": 4, "version": 17, "phase": "open", "run": "", "issued": 5, "frontier": 3, "high_water": 50_000,
    "tokens": 60_000, "tokens_at": START_MS, "slot_at": START_MS, "slot_ms": 15_000, "recover_until": 0, "owner": "",
    "owner_until": 0, "ticked": START_MS, "capacity": 3, "rate": 600, "idle_ms": 10_000, "session_ms": 40_000,
}  # fmt: skip


def old_room(url: str) -> None:
    """
    Write what a worker without lanes left: five numbers given, two called, one of them inside, three waiting.
    """
    settings = {"capacity": 3, "rate_per_minute": 600, "idle_timeout_s": 10, "max_session_s": 40, "claim_window_s": 20}
    with redis.Redis.from_url(url) as client:
        client.sadd("wr:rooms", ROOM)
        client.hset(f"{KEY}meta", mapping=OLD_FIELDS)
        client.set(f"{KEY}policy", json.dumps(settings))
        client.set(f"{KEY}present:standard:now:0", b"\x1c", ex=60)
        client.set(f"{KEY}claimed:standard:0", b"\x40", ex=60)
        client.rpush(f"{KEY}cohorts", f"{START_MS}:1:3:2")
        client.zadd(f"{KEY}seats", {"standard.1": START_MS + 9000})
        client.hset(f"{KEY}holders", "standard.1", f"{START_MS}:{START_MS + 40_000}")
        client.set(f"{KEY}joined:v5", "5", ex=60)
        for name in ("cohorts", "seats", "holders"):
            client.expire(f"{KEY}{name}", 60)


def join_of_old(url: str) -> int:
    """
    Give a number as a worker without lanes does.
    """
    with redis.Redis.from_url(url) as client:
        number = int(client.hincrby(f"{KEY}meta", "issued", 1))
        client.setbit(f"{KEY}present:standard:now:0", number, 1)
    return number


async def test_a_room_without_lanes_is_read_as_it_stands(redis_store: RedisStore, redis_url: str) -> None:
    """Counters, those who wait, who was called and who came."""
    old_room(redis_url)
    room = await redis_store.snapshot(ROOM)
    cohorts = [(one.low, one.high, one.present, one.claimed) for one in room.standard.cohorts]

    assert (list(room.lanes), room.policy, room.seats, room.epoch) == (["standard"], POLICY, 1, 4)
    assert (room.standard.issued, room.standard.frontier, room.waiting) == (5, 3, 3)
    assert cohorts == [(1, 3, 2, 1)]


async def test_nobody_loses_a_place_by_the_change(redis_store: RedisStore, redis_url: str) -> None:
    """The last join finds its number, the called one gets in, the next one is called after the last."""
    old_room(redis_url)
    await redis_store.configure(ROOM, replace(POLICY, lanes=(Lane("loyal", 3), Lane("standard"))))

    assert (await redis_store.join(ROOM, "standard", ["v5"]))[0].number == 5
    assert await claim(redis_store, 2) is ClaimCode.ADMITTED
    assert await claim(redis_store, 1) is ClaimCode.SAME
    assert await call(redis_store, 1) == 4
    room = await redis_store.snapshot(ROOM)
    assert {name: held.waiting for name, held in room.lanes.items()} == {"loyal": 0, "standard": 2}


async def test_workers_of_both_versions_never_give_one_number_twice(redis_store: RedisStore, redis_url: str) -> None:
    """Machine by machine: joins here and there count on in one row."""
    old_room(redis_url)
    await redis_store.set_phase(ROOM, Phase.PAUSED)
    numbers = []
    for name in visitors(3, first=10):
        numbers.append((await redis_store.join(ROOM, "standard", [name]))[0].number)
        numbers.append(join_of_old(redis_url))
    await redis_store.configure(ROOM, POLICY)
    numbers.append((await redis_store.join(ROOM, "standard", ["late"]))[0].number)

    assert numbers == list(range(6, 13))
    assert (await redis_store.snapshot(ROOM)).waiting == 10


def test_an_older_worker_can_read_the_settings() -> None:
    """What it does not know is not named while it stands at its default."""
    written = json.loads(Policy(capacity=7).to_json())

    assert written == {"capacity": 7}
