"""
A room at the desk, for visitors and gates, and one in the office, for the operator.
"""

from collections.abc import AsyncIterator

import pytest

from tests.web.desk import Desk, open_desk
from tests.web.office import TOKEN, Client, serving
from waiting_room.app import now_ms
from waiting_room.core.policy import Policy
from waiting_room.lobby import Lobby
from waiting_room.store.connection import Connection
from waiting_room.store.redis import RedisStore


@pytest.fixture(params=[True, False], ids=["quick", "routed"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """
    Serve a room, with the quick way and without it: nobody may notice.
    """
    async with open_desk(quick=request.param) as desk:
        yield desk


@pytest.fixture
async def lobby(redis_url: str) -> AsyncIterator[Lobby]:
    """
    Open a room called sale with five seats.
    """
    lobby = Lobby(RedisStore(Connection(redis_url, time_out_s=10)), now_ms)
    await lobby.configure("sale", Policy(capacity=5))
    yield lobby
    await lobby.store.close()


@pytest.fixture
async def client(lobby: Lobby) -> AsyncIterator[Client]:
    """
    Serve with a token.
    """
    client = await serving(lobby, TOKEN)
    yield client
    await client.close()
