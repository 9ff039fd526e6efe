"""
A replica that takes over without the last writes.
"""

from redis.asyncio import Redis

from tests.store.acts import POLICY, ROOM, visitors
from tests.store.conftest import START_MS
from waiting_room.core.phase import Phase
from waiting_room.core.plan import MARK_STEP, RECOVERY_MS
from waiting_room.ports import JoinCode
from waiting_room.store.connection import Connection
from waiting_room.store.redis import RedisStore


async def test_a_join_on_a_promoted_replica_never_gives_a_number_again(redis_store: RedisStore, redis_url: str) -> None:
    """
    The first verb of a worker on another server begins the new epoch, even where it is a join.

    It was a snapshot of the controller's, a quarter of a second later at worst: joins before it were given numbers that
    others held already.
    """
    await redis_store.configure(ROOM, POLICY)
    await redis_store.set_phase(ROOM, Phase.PAUSED)
    await redis_store.join(ROOM, "standard", visitors(5))
    client = Redis.from_url(redis_url)
    await client.hset(f"wr:{{{ROOM}}}:meta", mapping={"run": "the master that is gone", "issued": 3})
    await client.aclose()
    another = RedisStore(Connection(redis_url, time_out_s=10), START_MS)
    at_once = (await another.join(ROOM, "standard", ["new"]))[0].code
    another.now_ms = START_MS + RECOVERY_MS
    number = (await another.join(ROOM, "standard", ["new"]))[0].number
    await another.close()

    assert (at_once, number) == (JoinCode.RECOVERING, MARK_STEP + 1)
