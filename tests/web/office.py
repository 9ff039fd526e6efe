"""
The operator's HTTP with a real lobby: what its tests are tried with.
"""

from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from waiting_room.lobby import Lobby
from waiting_room.web import admin, problems

TOKEN = "the-operators-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ROOMS = "/admin/api/v1/rooms"
Client = TestClient[web.Request, web.Application]


async def serving(lobby: Lobby, token: str | None) -> Client:
    """
    Serve the operator's routes, and nothing else.
    """
    app = web.Application(middlewares=[problems.middleware()])
    app.router.add_routes(admin.routes(lobby, token))
    client = TestClient(TestServer(app))
    await client.start_server()
    return client


async def asked(client: Client, method: str, path: str = "", **options: Any) -> tuple[int, Any]:
    """
    Return status and document of an operator's call.
    """
    answer = await client.request(method, ROOMS + path, headers=BEARER, **options)
    return answer.status, await answer.json()
