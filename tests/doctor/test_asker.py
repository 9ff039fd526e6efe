"""
How gently a shop is asked.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from waiting_room.doctor.answers import Answer, Silence
from waiting_room.doctor.asker import PATIENCE, USER_AGENT, Asker

HERE = frozenset({"127.0.0.1"})


@pytest.fixture
async def shop() -> AsyncIterator[TestServer]:
    """
    Run a shop that tells how it was asked, or fails.
    """

    async def told(request: web.Request) -> web.Response:
        return web.json_response({"path": request.raw_path, "headers": dict(request.headers)})

    async def piecemeal(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x" * 1000)
            await asyncio.sleep(0)
        return response

    async def failing(_request: web.Request) -> web.Response:
        return web.Response(status=502)

    async def moved(_request: web.Request) -> web.Response:
        raise web.HTTPFound("https://elsewhere.example/", headers={"Set-Cookie": "a=1"})

    app = web.Application()
    app.router.add_get("/failing", failing)
    app.router.add_get("/piecemeal", piecemeal)
    app.router.add_get("/moved", moved)
    app.router.add_route("*", "/{rest:.*}", told)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


def at(shop: TestServer, path: str) -> str:
    """
    Return an address of the shop.
    """
    return f"http://127.0.0.1:{shop.port}{path}"


async def test_it_says_who_it_is_and_spells_as_told(shop: TestServer) -> None:
    """
    Nothing is decoded or resolved on the way.
    """
    async with Asker(HERE, 1000, login="tom:x") as asker:
        reply = await asker.ask(at(shop, "/a/../%63heckout;a=1"))

    assert isinstance(reply, Answer)
    said: dict[str, Any] = reply.document
    assert said["path"] == "/a/../%63heckout;a=1"
    assert (said["headers"]["User-Agent"], said["headers"]["Authorization"]) == (USER_AGENT, "Basic dG9tOng=")


async def test_a_page_is_read_to_a_bound_however_it_comes(shop: TestServer) -> None:
    """
    In pieces, and no more than is needed to know it.
    """
    async with Asker(HERE, 1000) as asker:
        reply = await asker.ask(at(shop, "/piecemeal"))

    assert isinstance(reply, Answer)
    assert len(reply.text) == 65_536


async def test_redirects_are_not_followed_and_cookies_not_kept(shop: TestServer) -> None:
    """
    Each request stands alone.
    """
    async with Asker(HERE, 1000) as asker:
        moved = await asker.ask(at(shop, "/moved"))
        next_ = await asker.ask(at(shop, "/"))

    assert isinstance(moved, Answer)
    assert isinstance(next_, Answer)
    assert moved.moved == "https://elsewhere.example/"
    assert "Cookie" not in next_.document["headers"]


async def test_other_hosts_are_left_alone() -> None:
    """
    Whatever a shop redirects to.
    """
    async with Asker(HERE, 1000) as asker:
        reply = await asker.ask("http://elsewhere.example/")

    assert isinstance(reply, Silence)
    assert asker.asked == 0


async def test_nothing_is_asked_by_a_method_that_changes_something(shop: TestServer) -> None:
    """
    It is a fault of ours, and stops it.
    """
    async with Asker(HERE, 1000) as asker:
        with pytest.raises(AssertionError):
            await asker.ask(at(shop, "/"), "POST")


async def test_there_is_a_bound_on_all_requests(shop: TestServer) -> None:
    """
    Then there are silences.
    """
    async with Asker(HERE, 1000, most=2) as asker:
        replies = [await asker.ask(at(shop, "/")) for _ in range(3)]

    assert [isinstance(reply, Answer) for reply in replies] == [True, True, False]


async def test_a_shop_that_fails_is_left_alone(shop: TestServer) -> None:
    """
    After some failures in a row.
    """
    async with Asker(HERE, 1000) as asker:
        replies = [await asker.ask(at(shop, "/failing")) for _ in range(PATIENCE + 1)]

    assert [isinstance(reply, Answer) for reply in replies] == [True] * PATIENCE + [False]


async def test_it_keeps_to_its_pace(shop: TestServer) -> None:
    """
    Five requests at fifty a second take four gaps, however quick the shop is.
    """
    began = time.monotonic()
    async with Asker(HERE, 50) as asker:
        for _ in range(5):
            await asker.ask(at(shop, "/"))

    assert time.monotonic() - began >= 4 / 50
