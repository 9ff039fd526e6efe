"""
The beginning and the end of a visit: straight in, and the seat given back.
"""

import asyncio

import pytest

from tests.gates.makings import BROWSER, KEYRING, ROOM, visitor_text
from tests.gates.service import Service, get, good_pass, scene
from tests.waiting import wait_until
from waiting_room import wire

PASS = wire.pass_cookie(ROOM)
TICKET = wire.ticket_cookie(ROOM)
API = {"Accept": "application/json"}


async def test_newcomer_goes_straight_into_an_idle_room() -> None:
    """
    No page is seen: the shop answers at once, and its answer bears the pass.
    """
    async with scene(Service(straight=True)) as at:
        first = await get(at.client)
        again = await get(at.client)

        assert (first.status, await first.text()) == (200, "shop:/checkout")
        assert first.headers["Cache-Control"] == "no-store"
        assert set(first.cookies) == {wire.VISITOR_COOKIE, PASS, TICKET}
        assert again.status == 200
        assert "Set-Cookie" not in again.headers
        assert len(at.service.joins) == 1


async def test_cookies_are_out_of_reach() -> None:
    """
    Scripts and other sites' forms cannot use the cookies; over https they never leave it.
    """
    async with scene(Service(straight=True), shop_url="https://shop.example") as at:
        for cookie in (await get(at.client)).headers.getall("Set-Cookie"):
            assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")


async def test_pass_cookie_outlives_the_pass_by_the_grace_time() -> None:
    """
    A late form still bears it.
    """
    async with scene(Service(straight=True), grace_s=100) as at:
        life_s = int((await get(at.client)).cookies[PASS]["max-age"])

        assert 150 <= life_s <= 160


async def test_form_of_a_newcomer_is_taken_in_an_idle_room() -> None:
    """
    Straight through, a POST arrives with its body.
    """
    async with scene(Service(straight=True)) as at:
        assert (await at.client.post("/basket", data={"a": "b"}, headers=BROWSER)).status == 200


async def test_known_visitor_joins_as_themselves() -> None:
    """
    The identity goes to the service, and whence they come; cookies of the shop do not.
    """
    async with scene(Service(straight=True)) as at:
        at.client.session.cookie_jar.update_cookies({wire.VISITOR_COOKIE: visitor_text(), "shop_session": "secret"})
        answer = await get(at.client)

        (join,) = at.service.joins
        assert join[wire.VISITOR_HEADER] == visitor_text()
        assert join["X-Forwarded-For"] == "127.0.0.1"
        assert "Cookie" not in join
        assert set(answer.cookies) == {PASS, TICKET}


async def test_newcomer_who_is_not_admitted_takes_the_place_along() -> None:
    """
    A place that the service gave goes to the waiting page with the visitor, and others do not try in vain.
    """
    async with scene(Service(straight=True, admits=False), report_interval_s=60) as at:
        first = await get(at.client)
        at.client.session.cookie_jar.clear()
        second = await get(at.client)

        assert (first.status, second.status) == (303, 303)
        visitor = KEYRING.visitor(first.cookies[wire.VISITOR_COOKIE].value).id
        assert first.cookies[TICKET].value == "ticket-of-" + visitor
        assert len(at.service.joins) == 1


async def test_newcomer_whose_network_is_put_off_waits_and_others_still_go_straight_in() -> None:
    """
    The waiting page asks again for them; that is no sign that the room is crowded.
    """
    async with scene(Service(straight=True, put_off=1), report_interval_s=60) as at:
        first = await get(at.client)
        at.client.session.cookie_jar.clear()
        second = await get(at.client)

        assert (first.status, second.status) == (303, 200)


async def test_waiting_visitor_keeps_their_place() -> None:
    """
    Trying the shop again while waiting never costs the place.
    """
    async with scene(Service(straight=True, admits=False)) as at:
        at.client.session.cookie_jar.update_cookies({wire.VISITOR_COOKIE: visitor_text(), TICKET: "old"})
        answer = await get(at.client)

        assert answer.status == 303
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("answer", [[], {}, {"state": "admitted"}, {"state": "admitted", "pass": "x"}, "admitted"])
async def test_service_that_talks_nonsense_admits_nobody(answer: object) -> None:
    """
    An answer without a good pass is no admission.
    """
    async with scene(Service(straight=True, join_answer=answer)) as at:
        assert (await get(at.client)).status == 303


async def test_slow_service_does_not_hold_the_newcomer() -> None:
    """
    After the time-out for joins the visitor goes to the waiting page, with the identity that may have joined.
    """
    service = Service(straight=True, hold=asyncio.Event())
    async with scene(service, join_time_out_s=0.05) as at:
        answer = await get(at.client)
        assert service.hold is not None
        service.hold.set()

        assert answer.status == 303
        assert set(answer.cookies) == {wire.VISITOR_COOKIE}


@pytest.mark.parametrize("path", ["/pay", "/pay-and-move"])
async def test_release_gives_the_seat_back(path: str) -> None:
    """
    The shop's header frees the seat, is not shown to the visitor, and ends the visit at once.
    """
    async with scene() as at:
        text = good_pass()
        at.client.session.cookie_jar.update_cookies({PASS: text})
        answer = await at.client.post(path, headers=BROWSER, allow_redirects=False)
        await wait_until(lambda: at.service.told("released") == {"standard.7"}, what="the release")

        assert "Waiting-Room-Command" not in answer.headers
        assert {name: answer.cookies[name]["max-age"] for name in answer.cookies} == {PASS: "0", TICKET: "0"}
        assert (await get(at.client, **{wire.PASS_HEADER: text})).status == 303
        assert (await at.client.post("/x", headers={wire.PASS_HEADER: text}, allow_redirects=False)).status == 303


async def test_release_on_an_unprotected_page_counts_too() -> None:
    """
    A thank-you page that never needs a pass may be the one that ends the visit.
    """
    async with scene(never=("/pay",)) as at:
        await at.admitted()
        await get(at.client, "/pay")

        await wait_until(lambda: at.service.told("released") == {"standard.7"}, what="the release")


async def test_release_without_a_pass_is_only_stripped() -> None:
    """
    Nothing is given back by somebody who holds nothing.
    """
    async with scene(never=("/pay",)) as at:
        answer = await get(at.client, "/pay")
        await at.reported()

        assert "Waiting-Room-Command" not in answer.headers
        assert at.service.told("released") == set()


async def test_release_of_a_visit_that_has_just_begun_leaves_no_pass() -> None:
    """
    Straight in and done in one request: no pass is left behind.
    """
    async with scene(Service(straight=True)) as at:
        answer = await get(at.client, "/pay")
        await wait_until(lambda: at.service.told("released") == {"standard.1"}, what="the release")

        assert answer.cookies[PASS]["max-age"] == "0"


async def test_visitor_cannot_send_the_command() -> None:
    """
    The header counts in the shop's answers only.
    """
    async with scene() as at:
        await at.admitted()
        await get(at.client, **{"Waiting-Room-Command": "release"})
        await at.reported()

        assert at.service.told("released") == set()
