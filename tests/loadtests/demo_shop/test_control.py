"""
The shop's live control: who may change it, and what becomes of the pages.
"""

from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from loadtests.demo_shop.control import change_faults
from loadtests.demo_shop.model import CONTROL_PATH, PageCosts, ShopModel
from loadtests.demo_shop.shop import POOL, build_shop

TOKEN = "t" * 16
KNOWING = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[TestServer]:
    """
    Run a shop that can be changed.
    """
    model = ShopModel(str(tmp_path / "shop.sqlite"), costs=PageCosts(home=1), control_token=TOKEN)
    server = TestServer(build_shop(model))
    async with server:
        yield server


@pytest.fixture
async def operator(shop: TestServer) -> AsyncIterator[ClientSession]:
    """
    Open a session that knows the token.
    """
    async with ClientSession(shop.make_url("/"), headers=KNOWING) as session:
        yield session


async def test_the_capacity_halves_and_the_pages_get_slower(shop: TestServer, operator: ClientSession) -> None:
    """
    What is named changes, the rest stays; both are told.
    """
    halved = await (await operator.post(CONTROL_PATH, json={"db_connections": 2})).json()
    slower = await (await operator.post(CONTROL_PATH, json={"slower": 1.5})).json()

    assert halved == {"db_connections": 2, "slower": 1.0, "lost_s": 0.0}
    assert slower == {"db_connections": 2, "slower": 1.5, "lost_s": 0.0}
    assert slower == await (await operator.get(CONTROL_PATH)).json()
    assert shop.app is not None
    assert shop.app[POOL].size == 2


async def test_without_a_database_every_page_fails_at_once(operator: ClientSession) -> None:
    """
    Until it is back.
    """
    await operator.post(CONTROL_PATH, json={"db_connections": 0})
    away = await operator.get("/")
    await operator.post(CONTROL_PATH, json={"db_connections": 1})
    back = await operator.get("/")

    assert (away.status, back.status) == (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.OK)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer " + "x" * 16}, {"Authorization": "Bearer "}])
async def test_a_stranger_finds_no_such_page(shop: TestServer, headers: dict[str, str]) -> None:
    """
    Neither to read nor to change.
    """
    async with ClientSession(shop.make_url("/"), headers=headers) as stranger:
        told = await stranger.get(CONTROL_PATH)
        changed = await stranger.post(CONTROL_PATH, json={"db_connections": 1})

    assert told.status == changed.status == HTTPStatus.NOT_FOUND


async def test_without_a_token_there_is_no_control(tmp_path: Path) -> None:
    """
    An empty token opens nothing.
    """
    async with (
        TestServer(build_shop(ShopModel(str(tmp_path / "shop.sqlite")))) as shop,
        ClientSession(shop.make_url("/"), headers={"Authorization": "Bearer "}) as session,
    ):
        assert (await session.get(CONTROL_PATH)).status == HTTPStatus.NOT_FOUND


async def test_what_cannot_be_is_refused(shop: TestServer, operator: ClientSession) -> None:
    """
    With all faults at once, and nothing changed.
    """
    answer = await operator.post(CONTROL_PATH, json={"db_connections": 2, "slower": 0, "faster": 2})
    unreadable = await operator.post(CONTROL_PATH, data="{")

    assert answer.status == unreadable.status == HTTPStatus.BAD_REQUEST
    assert len((await answer.json())["faults"]) == 2
    assert shop.app is not None
    assert shop.app[POOL].size == 4


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        {"db_connections": -1},
        {"db_connections": 257},
        {"db_connections": True},
        {"db_connections": 1.5},
        {"slower": 0},
        {"slower": 101},
        {"slower": "2"},
        {"slower": float("nan")},
    ],
)
def test_each_rule_is_told(asked: Any) -> None:
    """
    One fault for each, in words.
    """
    assert len(change_faults(asked)) == 1


def test_bounds_are_within() -> None:
    """
    No connection at all, and a hundred times as slow.
    """
    assert change_faults({"db_connections": 0, "slower": 100}) == []
