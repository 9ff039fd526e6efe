"""
The middleware and the room service: what is reported, and what holds while there is no service.
"""

import asyncio
from unittest.mock import patch

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from tests.gates.makings import ROOM, settings
from tests.gates.service import Client, Service, get, good_pass, now_ms, scene, shop
from tests.waiting import refusing, wait_until
from waiting_room import wire
from waiting_room.gates import core, ledger
from waiting_room.gates.aiohttp import WaitingRoomGate
from waiting_room.gates.asynchronous import AsyncEngine
from waiting_room.gates.line import Line
from waiting_room.gates.passes import PassBook

PASS = wire.pass_cookie(ROOM)
TICKET = wire.ticket_cookie(ROOM)
API = {"Accept": "application/json"}


async def test_used_seat_is_reported() -> None:
    """
    The service hears of a used seat with its hard end, within a report.
    """
    async with scene() as at:
        text = good_pass()
        end_ms = wire.peek(text)["e"]
        await get(at.client, **{wire.PASS_HEADER: text})

        await wait_until(lambda: at.service.told("touched") == {"standard.7"}, what="the touch")
        assert all(report["touched"] in ({}, {"standard.7": end_ms}) for report in at.service.reports)


async def test_last_report_is_sent_on_shutdown() -> None:
    """
    A shop that is stopped has told of every seat.
    """
    service = Service()
    async with scene(service, report_interval_s=60) as at:
        await at.admitted()
        await get(at.client)
        assert service.told("touched") == set()

    assert service.told("touched") == {"standard.7"}


async def test_shop_that_stops_as_a_seat_is_given_back_comes_to_its_end() -> None:
    """
    Though the stop meets the gate in the very moment in which it is told to hurry.
    """
    async with TestServer(Service().app()) as service:
        engine = AsyncEngine(settings(service_url=str(service.make_url("/")).rstrip("/"), report_interval_s=60))
        await engine.start()
        for _ in range(3):
            await asyncio.sleep(0)
        engine.porter.ledger.tell_soon()

        stopping = asyncio.create_task(engine.stop())
        await wait_until(stopping.done, what="the gate to stop")


async def test_time_is_the_service_s() -> None:
    """
    A shop whose clock is wrong by an hour judges passes by the service's clock.
    """
    async with scene(Service(ahead_ms=3_600_000)) as at:
        await at.reported()
        over = good_pass()
        good = good_pass(hard_end_ms=now_ms() + 3_660_000)

        assert (await get(at.client, **{wire.PASS_HEADER: over})).status == 303
        assert (await get(at.client, **{wire.PASS_HEADER: good})).status == 200


async def _without_service(rule: str) -> ClientResponse:
    app = shop()
    with refusing() as port:
        away = settings(service_url=f"http://127.0.0.1:{port}", when_service_down=rule, report_interval_s=0.05)
        WaitingRoomGate(away).setup(app)
        async with TestClient(TestServer(app)) as client:
            return await _asked_without_service(client)


async def _asked_without_service(client: Client) -> ClientResponse:
    holder = await get(client, **{wire.PASS_HEADER: good_pass()})
    assert holder.status == 200
    answer = await get(client, **{"Accept-Language": "pl"})
    await answer.read()
    return answer


async def test_static_outage_sends_newcomers_to_the_waiting_page() -> None:
    """
    The page may be answered by other workers or by the proxy; holders go on.
    """
    answer = await _without_service("static")

    assert answer.status == 303
    assert answer.cookies == {}


async def test_open_outage_lets_newcomers_in() -> None:
    """
    Without a pass and without a trace in the visitor's browser.
    """
    answer = await _without_service("open")

    assert (answer.status, answer.cookies) == (200, {})


async def test_closed_outage_says_so_to_newcomers() -> None:
    """
    A page in the visitor's language that tries again by itself, with nothing of the machine in it.
    """
    answer = await _without_service("closed")
    page = await answer.text()

    assert answer.status == 503
    assert answer.headers["Refresh"] == answer.headers["Retry-After"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert '<html lang="pl">' in page
    assert "nie możemy Cię wpuścić" in page


async def test_gate_opens_where_the_room_s_policy_says_so() -> None:
    """
    Redis away, and the room's policy is open: the service says it, and newcomers come in.
    """
    async with scene(Service(more={"degraded": True, "on_redis_outage": "open"})) as at:
        answer = await get(at.client)

    assert (answer.status, answer.cookies) == (200, {})


async def test_lost_redis_alone_opens_nothing() -> None:
    """
    With any other policy, newcomers wait.
    """
    async with scene(Service(more={"degraded": True, "on_redis_outage": "static"})) as at:
        assert (await get(at.client)).status == 303


async def test_service_that_comes_back_hears_what_it_missed() -> None:
    """
    Seats used during an outage are told after it.
    """
    service = Service(status=503)
    async with scene(service) as at:
        await at.admitted()
        assert (await get(at.client)).status == 200
        service.status = 200

        await wait_until(lambda: service.told("touched") == {"standard.7"}, what="the touch")


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_refused_report_is_an_outage_with_a_remedy(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """
    The log says once what is wrong and, where it is a matter of settings, what to look at.
    """
    async with scene(Service(status=status), when_service_down="closed") as at:
        assert (await get(at.client)).status == 503

    told = [record.message for record in caplog.records if "cannot be told of seats" in record.message]
    assert len(told) == 1
    assert f"answered {status}" in told[0]
    assert ("secret keys" in told[0]) is (status in {401, 403})


@pytest.mark.parametrize(
    ("owner", "name"),
    [(core.GateCore, "decide"), (PassBook, "read"), (ledger.Ledger, "touch"), (Line, "now_ms")],
)
async def test_error_inside_the_gate_admits_nobody(owner: type, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    Whatever breaks in the gate, the visitor sees a page that says to try again, and the shop sees no request.
    """
    async with scene(report_interval_s=60) as at:
        await at.admitted()
        with patch.object(owner, name, side_effect=RuntimeError("broken")):
            answer = await get(at.client)
            page = await answer.text()

    assert answer.status == 503
    assert "broken" not in page
    assert "Traceback" not in page
    assert any("the gate failed" in record.message for record in caplog.records)


async def test_error_in_giving_back_a_seat_does_not_spoil_the_order() -> None:
    """
    The thank-you page is shown, come what may.
    """
    async with scene() as at:
        await at.admitted()
        with patch.object(ledger.Ledger, "release", side_effect=RuntimeError("broken")):
            assert (await get(at.client, "/pay")).status == 200
