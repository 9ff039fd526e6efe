"""
Who may give orders, what is kept of them, and what becomes of them while Redis is away.
"""

import logging

import pytest
from aiohttp import ClientResponse, ClientSession

from tests.web.office import BEARER, ROOMS, TOKEN, Client, asked, serving
from waiting_room.app import now_ms
from waiting_room.lobby import Lobby
from waiting_room.store.connection import Connection
from waiting_room.store.redis import RedisStore


async def refused(client: Client, headers: dict[str, str]) -> ClientResponse:
    """
    Try to pause the room.
    """
    session: ClientSession = client.session
    return await session.post(client.make_url(f"{ROOMS}/sale/pause"), headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer žluťoučký"},
    ],
)
async def test_without_the_token_nothing_happens(client: Client, lobby: Lobby, headers: dict[str, str]) -> None:
    """
    401, the way to authenticate, and a room that goes on as before.
    """
    answer = await refused(client, headers)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert (await answer.json())["reason"] == "admin_token_refused"
    assert lobby.admin_state("sale")["phase"] == "open"


async def test_without_a_configured_token_the_answer_says_how_to_set_one(lobby: Lobby) -> None:
    """
    No token, no access for anybody: 403 with the names of the settings.
    """
    client = await serving(lobby, None)
    answer = await refused(client, {"Authorization": "Bearer "})
    problem = await answer.json()
    await client.close()

    assert answer.status == 403
    assert "WAITING_ROOM_SERVER__ADMIN_TOKEN_FILE" in problem["detail"]


async def test_changes_are_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """
    Each change leaves a line with the room, what was done, and from where.
    """
    with caplog.at_level(logging.INFO, "waiting_room.web.admin"):
        await asked(client, "POST", "/sale/pause")
        await asked(client, "PATCH", "/sale", json={"capacity": 6})

    paused, changed = (vars(record) for record in caplog.records)
    assert (paused["room"], paused["action"], paused["by"]) == ("sale", "pause", "127.0.0.1")
    assert (changed["room"], changed["policy"]["capacity"]) == ("sale", 6)


async def test_redis_out_of_reach_is_a_503_to_change_and_no_hindrance_to_look() -> None:
    """
    The last known state is shown; a change is refused with Retry-After.
    """
    lobby = Lobby(RedisStore(Connection("redis://127.0.0.1:1/0")), now_ms)
    client = await serving(lobby, TOKEN)
    status, _ = await asked(client, "GET")
    answer = await client.put(f"{ROOMS}/sale", headers=BEARER, json={})
    await client.close()
    await lobby.store.close()

    assert status == 200
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
