"""
The middleware in front of a real aiohttp shop: who comes in, and who is sent away how.
"""

import json
from unittest.mock import patch

import pytest

from tests.gates.makings import BROWSER, ROOM
from tests.gates.service import get, good_pass, now_ms, scene
from waiting_room import wire
from waiting_room.gates.asynchronous import AsyncEngine

PASS = wire.pass_cookie(ROOM)
TICKET = wire.ticket_cookie(ROOM)
API = {"Accept": "application/json"}


async def test_newcomer_is_sent_to_the_waiting_page() -> None:
    """
    A browser is redirected with the page it asked for as target, and nothing of it may be cached.
    """
    async with scene() as at:
        answer = await get(at.client, "/checkout?a=1")

        assert answer.status == 303
        assert answer.headers["Location"] == f"/waiting-room/{ROOM}?target=%2Fcheckout%3Fa%3D1"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_program_is_told_where_to_wait() -> None:
    """
    An app or a script gets a problem document and never a redirect.
    """
    async with scene() as at:
        answer = await at.client.post("/api/cart", json={}, headers=API, allow_redirects=False)
        problem = json.loads(await answer.text())

        assert answer.status == 429
        assert answer.content_type == "application/problem+json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Waiting-Room-Url"] == problem["waiting_room_url"]
        assert problem["waiting_room_url"].startswith(f"/waiting-room/{ROOM}?target=")
        assert (problem["status"], problem["reason"], problem["room"]) == (429, "queue_wait", ROOM)


async def test_program_is_told_in_its_language() -> None:
    """
    The sentence is Polish for who asks for Polish.
    """
    async with scene() as at:
        answer = await at.client.get("/", headers=API | {"Accept-Language": "pl-PL,pl;q=0.9,en;q=0.8"})

        assert answer.headers["Content-Language"] == "pl"
        assert "poczekalni" in json.loads(await answer.text())["detail"]


async def test_program_is_told_in_the_language_of_the_shop() -> None:
    """
    The shop's own word counts before the choice made on the waiting page, and both before the browser.
    """
    async with scene(language_cookie="shop_lang") as at:
        for cookies, expected in (("wr_lang=pl; shop_lang=en", "en"), ("wr_lang=pl", "pl"), ("shop_lang=pl", "pl")):
            answer = await at.client.get("/", headers=API | {"Cookie": cookies, "Accept-Language": "de"})

            assert answer.headers["Content-Language"] == expected
            assert ("lang=" in answer.headers["Waiting-Room-Url"]) is ("shop_lang" in cookies)


async def test_holder_of_a_pass_is_served() -> None:
    """
    The shop answers as if there were no gate, but that nobody else's cache may keep it.
    """
    async with scene() as at:
        await at.admitted()
        answer = await get(at.client)

        assert (answer.status, await answer.text()) == (200, "shop:/checkout")
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "private"


async def test_pass_is_checked_without_asking_anybody() -> None:
    """
    No request of a holder touches the network.
    """
    async with scene(report_interval_s=60) as at:
        await at.admitted()
        with patch.object(AsyncEngine, "_send", side_effect=AssertionError("asked")):
            assert (await get(at.client)).status == 200


async def test_gone_seat_is_refused_by_the_next_report() -> None:
    """
    What the service has given away is no seat here either.
    """
    async with scene() as at:
        at.service.gone = ["standard.7"]
        await at.admitted()
        assert (await get(at.client)).status == 200
        await at.reported()

        assert (await get(at.client)).status == 303
        answer = await at.client.get("/", headers=API)
        assert json.loads(await answer.text())["reason"] == "pass_ended"


async def test_form_of_a_gone_seat_is_kept() -> None:
    """
    Who filled in a form while the seat expired does not lose it, but no page is shown.
    """
    async with scene() as at:
        at.service.gone = ["standard.7"]
        await at.admitted()
        await get(at.client)
        await at.reported()

        assert (await at.client.post("/checkout", data={"a": "b"}, headers=BROWSER)).status == 200


async def test_form_of_a_pass_that_has_just_ended_is_kept() -> None:
    """
    Within the grace time a POST is taken; its seat is not revived.
    """
    async with scene() as at:
        over = {wire.PASS_HEADER: good_pass(hard_end_ms=now_ms() - 1000)}
        kept = await at.client.post("/checkout", data={"a": "b"}, headers=BROWSER | over)
        page = await get(at.client, **over)
        await at.reported()

        assert (kept.status, page.status) == (200, 303)
        assert at.service.told("touched") == set()


@pytest.mark.parametrize("text", ["x", "wr1.pass.k1.e30.AAAA", good_pass(room="other"), good_pass()[:-4] + "AAAA"])
async def test_bad_pass_is_no_pass(text: str) -> None:
    """
    Forged, altered and foreign passes wait like everybody.
    """
    async with scene() as at:
        assert (await get(at.client, **{wire.PASS_HEADER: text})).status == 303
