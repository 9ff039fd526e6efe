"""
Both stores, behind one door.
"""

from collections.abc import AsyncIterator

import pytest

from waiting_room.store.connection import Connection
from waiting_room.store.memory import MemoryStore
from waiting_room.store.redis import RedisStore

START_MS = 1_800_000_000_000
AnyStore = MemoryStore | RedisStore


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[AnyStore]:
    """
    Offer each store in turn; its clock stands still until the test moves it.
    """
    if request.param == "memory":
        yield MemoryStore(START_MS)
        return
    made = RedisStore(Connection(request.getfixturevalue("redis_url"), time_out_s=10), START_MS)
    yield made

    await made.close()


@pytest.fixture
async def redis_store(redis_url: str) -> AsyncIterator[RedisStore]:
    """
    Offer the store over a real Valkey.
    """
    made = RedisStore(Connection(redis_url, time_out_s=10), START_MS)
    yield made

    await made.close()
