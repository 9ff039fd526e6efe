"""
The gate in front of a shop, with the real room service and a real Valkey behind it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import BaseTestServer, TestClient, TestServer

from tests.gates.makings import BROWSER, settings
from tests.gates.real import ADMIN_TOKEN
from tests.gates.service import Client, get, shop
from tests.waiting import wait_until
from waiting_room import wire
from waiting_room.gates.aiohttp import WaitingRoomGate


@asynccontextmanager
async def _gated(url: str, room: str) -> AsyncIterator[BaseTestServer]:
    app = shop()
    page_url = f"{url}/waiting-room/{room}"
    WaitingRoomGate(settings(room=room, service_url=url, page_url=page_url, report_interval_s=0.05)).setup(app)
    async with TestServer(app) as server:
        yield server


@asynccontextmanager
async def _browser(server: BaseTestServer) -> AsyncIterator[Client]:
    # One jar per visitor: cookies know no port, so shop and room share them, as behind one proxy.
    session = ClientSession(cookie_jar=CookieJar(unsafe=True))
    client: Client = TestClient(server, cookie_jar=session.cookie_jar)
    try:
        yield client
    finally:
        await client.session.close()
        await session.close()


async def _call(client: Client, url: str, room: str, verb: str) -> dict[str, object]:
    ask = client.session.get if verb == "status" else client.session.post
    async with ask(f"{url}/waiting-room/{room}/{verb}") as answer:
        told: dict[str, object] = await answer.json(content_type=None)
        return told


async def _seats(client: Client, url: str, room: str) -> int:
    async with client.session.get(f"{url}/waiting-room/{room}/state.json") as answer:
        return int((await answer.json())["seats"])


async def test_newcomer_goes_straight_in(service_url: str) -> None:
    """
    One request, no page of the room, and from then on an offline check.
    """
    async with _gated(service_url, "idle") as server, _browser(server) as anna:
        first = await get(anna)
        again = await get(anna)

        assert (first.status, await first.text()) == (200, "shop:/checkout")
        assert wire.pass_cookie("idle") in first.cookies
        assert (again.status, again.cookies) == (200, {})


async def test_second_visitor_waits_and_comes_in_when_the_first_has_bought(service_url: str) -> None:
    """
    The whole story: full, wait, release by the shop, called, claim, in; the first one's pass is over.
    """
    async with _gated(service_url, "full") as server, _browser(server) as anna, _browser(server) as ben:
        assert (await get(anna)).status == 200
        sent = await get(ben)
        assert sent.status == 303
        assert sent.headers["Location"].startswith(f"{service_url}/waiting-room/full?target=http%3A%2F%2F127.0.0.1")
        place = await _call(ben, service_url, "full", "join")
        assert place["state"] == "waiting"

        assert (await get(anna, "/pay")).status == 200

        async def claimed() -> bool:
            return (await _call(ben, service_url, "full", "claim"))["state"] == "admitted"

        await wait_until(claimed, what="Ben's turn")
        assert (await get(ben)).status == 200
        assert (await get(anna)).status == 303


async def test_pass_of_one_room_opens_no_other(service_url: str) -> None:
    """
    A real pass of a neighbouring room is none here.
    """
    async with _gated(service_url, "late") as server, _browser(server) as anna:
        text = (await get(anna)).cookies[wire.pass_cookie("late")].value
        app = shop()
        WaitingRoomGate(settings(room="nowhere", service_url=service_url)).setup(app)
        async with TestClient(TestServer(app)) as elsewhere:
            answer = await elsewhere.get("/", headers=BROWSER | {wire.PASS_HEADER: text}, allow_redirects=False)

    assert answer.status == 303


async def test_visitor_who_left_is_out(service_url: str) -> None:
    """
    A seat given back in the room is gone at the shop after its next report.
    """
    async with _gated(service_url, "left") as server, _browser(server) as anna, _browser(server) as bare:
        text = (await get(anna)).cookies[wire.pass_cookie("left")].value
        await _call(anna, service_url, "left", "leave")

        async def is_out() -> bool:
            # As a picture on the page and without identity: nothing that would go straight in anew.
            answer = await bare.get("/", headers={wire.PASS_HEADER: text, "Sec-Fetch-Mode": "no-cors"})
            return answer.status == 429

        await wait_until(is_out, what="the gate to hear that the seat is gone")


async def test_order_frees_the_seat(service_url: str) -> None:
    """
    After the shop's release the room counts one seat less.
    """
    async with _gated(service_url, "bought") as server, _browser(server) as anna:
        await get(anna)
        await wait_until(lambda: _taken(anna, service_url, "bought", 1), what="one seat taken")
        await get(anna, "/pay")
        await wait_until(lambda: _taken(anna, service_url, "bought", 0), what="no seat taken")


async def test_payer_is_kept_at_both_shop_processes_and_the_one_with_a_basket_is_not(service_url: str) -> None:
    """
    Two processes of the shop share nothing. Anna pays at the first and is let in at the second long after her idle
    end; Ben only has a basket, and his seat is over.
    """
    async with (
        _gated(service_url, "paying") as first,
        _gated(service_url, "paying") as second,
        _browser(first) as anna,
        _browser(first) as ben,
    ):
        assert (await get(anna, "/says/payment")).status == 200
        assert (await get(ben, "/says/basket")).status == 200
        await wait_until(lambda: _taken(anna, service_url, "paying", 2), what="two seats taken")
        # What counts from here on is counted from their next pages, however late those are.
        await _operator(anna, f"{service_url}/admin/api/v1/rooms/paying", "PATCH", {"idle_timeout_s": 1.0})
        assert [(await get(each)).status for each in (anna, ben)] == [200, 200]
        await wait_until(lambda: _taken(anna, service_url, "paying", 1), what="Ben's idle end")

        answer = await anna.session.get(second.make_url("/checkout"), headers=BROWSER, allow_redirects=False)
        assert answer.status == 200
        again = await _call(ben, service_url, "paying", "claim")
        assert (again["state"], again["reason"]) == ("refused", "ticket_used")
        assert (await get(anna, "/says/payment,release")).status == 200
        await wait_until(lambda: _taken(anna, service_url, "paying", 0), what="the seat to be given back")


async def test_revoked_visitor_is_out_at_every_gate_within_seconds(service_url: str) -> None:
    """
    One call of the operator's: the seat is free, and both processes of the shop refuse the pass, forms as well.
    """
    async with (
        _gated(service_url, "revoked") as first,
        _gated(service_url, "revoked") as second,
        _browser(first) as anna,
        _browser(second) as bare,
    ):
        text = (await get(anna)).cookies[wire.pass_cookie("revoked")].value
        url = f"{service_url}/admin/api/v1/rooms/revoked/revoke"
        assert (await _operator(anna, url, "POST", {"visitor": wire.peek(text)["v"]}))["freed"] == 1

        for server in (first, second):

            async def is_out(server: BaseTestServer = server) -> bool:
                answer = await bare.session.post(
                    server.make_url("/checkout"), headers={wire.PASS_HEADER: text, "Accept": "application/json"}
                )
                return answer.status == 429 and (await answer.json())["reason"] == "revoked"

            await wait_until(is_out, what="the gate to hear of it")
        assert (await _call(anna, service_url, "revoked", "join"))["reason"] == "revoked"


async def _operator(client: Client, url: str, method: str = "GET", body: object = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    async with client.session.request(method, url, json=body, headers=headers) as answer:
        told: dict[str, Any] = await answer.json()
        assert answer.status == 200, told
        return told


async def _taken(client: Client, url: str, room: str, seats: int) -> bool:
    return await _seats(client, url, room) == seats


async def test_holders_go_on_without_the_service(service_url: str) -> None:
    """
    The line to the service is cut; who has a pass shops on, who has none goes to the waiting page.
    """
    async with (
        _line_to(service_url) as (url, cut),
        _gated(url, "idle") as server,
        _browser(server) as anna,
        _browser(server) as ben,
    ):
        assert (await get(anna)).status == 200
        await cut()

        assert (await get(anna)).status == 200
        assert (await get(ben)).status == 303


@asynccontextmanager
async def _line_to(service_url: str) -> AsyncIterator[tuple[str, Callable[[], Awaitable[None]]]]:
    port = int(service_url.rpartition(":")[2])
    writers: list[asyncio.StreamWriter] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writers.extend((writer, back))
        with suppress(ConnectionError):
            await asyncio.gather(carry(reader, back), carry(there, writer))

    async def cut() -> None:
        server.close()
        for writer in writers:
            writer.transport.abort()

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", cut
    finally:
        await cut()


async def _rate(client: Client, url: str, room: str) -> tuple[str, int]:
    told = await _operator(client, f"{url}/admin/api/v1/rooms/{room}")
    return told["shop"]["mode"], told["rate_in_force"]


async def test_room_holds_while_the_shop_is_down_and_goes_on_when_it_is_back(service_url: str) -> None:
    """
    From the shop's errors, through gate, worker and Redis, to the rate: nobody operates.
    """
    async with _gated(service_url, "steered") as server, _browser(server) as anna:
        assert (await get(anna)).status == 200

        async def after(path: str, rate: str) -> bool:
            for _ in range(5):
                await get(anna, path)
            mode, per_minute = await _rate(anna, service_url, "steered")
            return mode == rate and (per_minute > 0) == (rate == "following")

        await wait_until(lambda: after("/broken/answer", "holding"), what="the room to hold")
        await wait_until(lambda: after("/checkout", "following"), what="the room to go on")


async def test_shop_that_has_sold_out_closes_the_room_for_those_who_wait(service_url: str) -> None:
    """
    Who waits is told so, and who is inside goes on shopping.
    """
    async with _gated(service_url, "sold") as server, _browser(server) as anna, _browser(server) as ben:
        assert (await get(anna)).status == 200
        assert (await _call(ben, service_url, "sold", "join"))["state"] == "waiting"
        assert (await get(anna, "/says/sold-out")).status == 200

        async def told() -> bool:
            return (await _call(ben, service_url, "sold", "status"))["reason"] == "sold_out"

        await wait_until(told, what="those who wait to be told")
        assert (await get(anna)).status == 200
