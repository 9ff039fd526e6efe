"""
The waiting page over HTTP, each state on a stage of its own; the real service stands in tests/browser.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from tests.web.booth import ROOM, STATES, Stage, admitted, app_of
from waiting_room.core.outcomes import Called, Eta, Refused, Waiting
from waiting_room.core.reasons import Longer, Reason
from waiting_room.errors import StoreEmptyError, StoreUnavailableError
from waiting_room.web.languages import NAMES, languages
from waiting_room.web.texts import longer_words

PAGE = f"/waiting-room/{ROOM}"
KNOWN = {"wr_visitor": "v"}

Client = TestClient[Any, Any]


@asynccontextmanager
async def on(stage: Stage, cookies: dict[str, str] | None = None) -> AsyncIterator[Client]:
    """
    Yield a browser without a script, known to the room unless *cookies* say otherwise.
    """
    async with TestClient(TestServer(app_of(stage)), cookies=KNOWN if cookies is None else cookies) as client:
        yield client


async def page(client: Client, address: str = PAGE, **headers: str) -> tuple[ClientResponse, str]:
    """
    Return the answer to a browser, redirects not followed, and its text.
    """
    answer = await client.get(address, headers={"Accept": "text/html"} | headers, allow_redirects=False)
    return answer, await answer.text()


def heading(html: str) -> str:
    """
    Return the page's heading.
    """
    found = re.search(r"<h1[^>]*>(.*?)</h1>", html)
    assert found
    return found[1]


async def test_a_first_visit_gets_the_cookie_and_comes_again() -> None:
    """
    Nothing is joined before the browser has shown that it keeps cookies.
    """
    stage = Stage(STATES["waiting"])
    async with on(stage, {}) as client:
        answer, html = await page(client, f"{PAGE}?lang=en&target=/basket")

    assert answer.status == 200
    assert "wr_visitor" in answer.cookies
    assert answer.headers["Refresh"] == f"1; url={PAGE}?target=%2Fbasket&lang=en&step=2"
    assert heading(html) == "We are taking a place for you"
    assert stage.verbs == []


async def test_a_browser_without_cookies_is_told_so() -> None:
    """
    The second request without the cookie explains it and stops there.
    """
    stage = Stage(STATES["waiting"])
    async with on(stage, {}) as client:
        answer, html = await page(client, f"{PAGE}?step=2")

    assert answer.status == 200
    assert heading(html) == "We need a cookie to keep your place"
    assert "Refresh" not in answer.headers
    assert stage.verbs == []


async def test_a_known_visitor_without_a_ticket_joins() -> None:
    """
    The second request takes the place, and its ticket cookie is set.
    """
    stage = Stage(Refused(Reason.NO_TICKET), joined=STATES["waiting"])
    async with on(stage) as client:
        answer, html = await page(client)

    assert stage.verbs == ["look", "join"]
    assert "wr_ticket_spring-sale" in answer.cookies
    assert heading(html) == "You are in the queue"


async def test_who_is_put_off_gets_a_page_that_asks_again_by_itself_as_chosen() -> None:
    """
    Without a script it is loaded again when there will be a place; a place that was asked for anew is so then, too.
    """
    stage = Stage(Refused(Reason.TICKET_USED), joined=STATES["busy"])
    async with on(stage) as client:
        answer, html = await page(client, f"{PAGE}?again=1&lang=pl")

    assert (answer.status, heading(html)) == (200, "Jeszcze chwileczkę")
    assert answer.headers["Refresh"] == f"7; url={PAGE}?lang=pl&again=1"


async def test_the_page_tells_place_wait_number_and_speed() -> None:
    """
    The facts stand on the page, localized.
    """
    async with on(Stage(STATES["waiting"])) as client:
        _, english = await page(client, f"{PAGE}?lang=en")
        _, polish = await page(client, f"{PAGE}?lang=pl")

    for said in ("<b>37</b> people are ahead of you", "4–6 minutes", "1,235", "about 600 people a minute"):
        assert said in english
    for said in ("Przed Tobą jest <b>37</b> osób", "4–6 minut", "1\N{NO-BREAK SPACE}235", "około 600 osób na minutę"):
        assert said in polish
    assert 'aria-valuetext="37 people are ahead of you. Estimated wait: 4–6 minutes."' in english
    assert "<title>37 people are ahead of you · You are in the queue</title>" in english


async def test_a_page_without_a_script_refreshes_as_told_but_no_faster_than_five_seconds() -> None:
    """
    The Refresh header keeps the place, without pressing on the reader.
    """
    async with on(Stage(STATES["waiting"])) as client:
        quick, _ = await page(client)
    async with on(Stage(Waiting(1, 9, None, 12_300))) as client:
        slow, _ = await page(client)

    assert quick.headers["Refresh"] == f"5; url={PAGE}"
    assert slow.headers["Refresh"] == f"13; url={PAGE}"


async def test_refreshing_can_be_stopped_and_that_is_remembered() -> None:
    """
    Who reads slowly switches it off (WCAG 2.2.1), and on again.
    """
    async with on(Stage(STATES["waiting"])) as client:
        off, html = await page(client, f"{PAGE}?refresh=off")
        later, _ = await page(client)
        back, _ = await page(client, f"{PAGE}?refresh=on")

    assert "Refresh" not in off.headers
    assert "Refresh automatically" in html
    assert "Refresh" not in later.headers
    assert "Refresh" in back.headers


async def test_a_page_with_a_script_is_never_refreshed() -> None:
    """
    The script says that it runs, and polls by itself.
    """
    async with on(Stage(STATES["waiting"]), KNOWN | {"wr_js": "1"}) as client:
        answer, _ = await page(client)

    assert "Refresh" not in answer.headers


async def test_who_is_called_claims_and_goes_on_to_the_shop() -> None:
    """
    Without a script, the request that finds the turn come claims, and leads on with the pass.
    """
    stage = Stage(Called(1235, 1000), claimed=admitted())
    async with on(stage) as client:
        answer, _ = await page(client, f"{PAGE}?{urlencode({'target': 'https://shop.example/basket?a=1&b=%2F'})}")

    assert stage.verbs == ["look", "claim"]
    assert answer.status == 303
    assert answer.headers["Location"] == "https://shop.example/basket?a=1&b=%2F"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.cookies["wr_pass_spring-sale"].value == "p"


async def test_who_goes_straight_in_sees_no_queue() -> None:
    """
    A join that admits leads on at once.
    """
    async with on(Stage(Refused(Reason.NO_TICKET), joined=admitted())) as client:
        answer, _ = await page(client)

    assert (answer.status, answer.headers["Location"]) == (303, "https://shop.example/")


async def test_a_full_shop_is_told_to_who_is_called() -> None:
    """
    It is your turn, and the reason why it still takes a moment is given.
    """
    async with on(Stage(STATES["called"])) as client:
        answer, html = await page(client, f"{PAGE}?lang=en")

    assert answer.status == 200
    assert heading(html) == "It is your turn"
    assert "Just now every place in the shop is taken." in html


@pytest.mark.parametrize("asked", ["//evil.example", "https://evil.example/", "/\\evil.example"])
async def test_a_foreign_target_is_not_followed_and_told(asked: str) -> None:
    """
    The page leads to the room's own target and says so in a plain sentence, without echoing the address.
    """
    stage = Stage(STATES["waiting"])
    async with on(stage) as client:
        _, html = await page(client, f"{PAGE}?{urlencode({'target': asked})}")
        stage.outcome = admitted()
        answer, _ = await page(client, f"{PAGE}?{urlencode({'target': asked})}")

    assert "is not one of this shop" in html
    assert answer.headers["Location"] == "https://shop.example/"
    assert "https://evil" not in html.replace("%3A", ":").replace("%2F", "/").replace(f"target={asked}", "")


@pytest.mark.parametrize("error", [StoreUnavailableError("timeout", "x"), StoreEmptyError(ROOM)])
async def test_a_store_that_is_away_is_no_error_page(error: Exception) -> None:
    """
    The page stays calm, answers 200, and looks again.
    """
    async with on(Stage(STATES["waiting"], error=error)) as client:
        answer, html = await page(client)

    assert answer.status == 200
    assert heading(html) == "The queue is catching its breath"
    assert answer.headers["Refresh"].startswith("5;")


async def test_leaving_works_without_a_script() -> None:
    """
    The form gives the place back and leads to a page that stays left when it is loaded again.
    """
    stage = Stage(STATES["waiting"])
    async with on(stage) as client:
        answer = await client.post(PAGE, data={"wr_action": "leave"}, allow_redirects=False)
        stage.outcome = Refused(Reason.NO_TICKET)
        _, html = await page(client, answer.headers["Location"])

    assert answer.status == 303
    assert heading(html) == "You have left the queue"
    assert stage.verbs == ["leave", "look"]


async def test_a_form_that_was_meant_for_the_shop_shows_the_page() -> None:
    """
    A proxy may show the page in place of a checkout: the form is neither read as ours nor echoed.
    """
    async with on(Stage(STATES["waiting"])) as client:
        answer = await client.post(PAGE, data={"card": "4111", "wr_action": "x" * 5000})
        html = await answer.text()

    assert answer.status == 200
    assert heading(html) == "You are in the queue"
    assert "4111" not in html


@pytest.mark.parametrize("reason", ["ticket_used", "ticket_expired", "ticket_invalid", "ticket_foreign"])
async def test_a_refused_ticket_is_explained_and_a_new_place_offered(reason: str) -> None:
    """
    The visitor decides: no new place is taken unasked.
    """
    stage = Stage(Refused(Reason(reason)), joined=STATES["waiting"])
    async with on(stage) as client:
        _, html = await page(client)
        assert stage.verbs == ["look"]
        assert f'href="{PAGE}?again=1"' in html
        _, again = await page(client, f"{PAGE}?again=1")

    assert heading(again) == "You are in the queue"


async def test_the_position_never_rises_between_two_pages() -> None:
    """
    The page remembers what it showed, even where the answers jump.
    """
    stage = Stage(Waiting(7, 30, Eta(100.0, 200.0), 3000))
    async with on(stage) as client:
        await page(client)
        stage.outcome = Waiting(7, 33, Eta(100.0, 200.0), 3000)
        _, html = await page(client)

    assert "<b>29</b>" in html


async def test_a_wait_that_grows_is_explained() -> None:
    """
    The page says that it takes longer and why, and stops saying so after a while.
    """
    stage = Stage(Waiting(7, 30, Eta(100.0, 200.0), 3000))
    grown = re.compile(r'id="grew">')
    async with on(stage) as client:
        _, first = await page(client)
        stage.outcome = Waiting(7, 30, Eta(400.0, 600.0), 3000)
        stage.now_s += 10
        _, second = await page(client)
        stage.now_s += 200
        stage.outcome = Waiting(7, 20, Eta(300.0, 400.0), 3000)
        _, third = await page(client)

    assert [bool(grown.search(html)) for html in (first, second, third)] == [False, True, False]


@pytest.mark.parametrize("code", NAMES)
@pytest.mark.parametrize("longer", [None, *Longer])
async def test_a_wait_that_grows_has_a_reason_where_the_room_knows_one(longer: Longer | None, code: str) -> None:
    """
    Without a script, in each language: the sentence of the reason, or a plain one.
    """
    stage = Stage(Waiting(7, 30, Eta(100.0, 200.0), 3000))
    async with on(stage) as client:
        await page(client, f"{PAGE}?lang={code}")
        stage.outcome = Waiting(7, 30, Eta(400.0, 600.0), 3000, Reason.QUEUE_WAIT, longer)
        stage.now_s += 10
        _, html = await page(client, f"{PAGE}?lang={code}")

    assert f'<span id="why">{escape(longer_words(longer, languages()[code]))}</span>' in html


async def test_the_operators_words_are_shown_and_escaped() -> None:
    """
    The message is text, whatever it looks like.
    """
    stage = Stage(STATES["waiting"])
    stage.policy_ = replace(stage.policy_, message="Sold out: <b>ships</b> & trains")
    async with on(stage) as client:
        _, html = await page(client)

    assert "Sold out: &lt;b&gt;ships&lt;/b&gt; &amp; trains" in html


@pytest.mark.parametrize("state", STATES)
async def test_nothing_foreign_gets_into_any_page(state: str) -> None:
    """
    Every state bears the headers, a nonce of its own, and refers to no other host.
    """
    async with on(Stage(STATES[state])) as client:
        answer, html = await page(client)
        other, _ = await page(client)

    policy = answer.headers["Content-Security-Policy"]
    assert policy != other.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"]
    assert re.search(r"(src|srcset)=|@import|url\(|style=", html) is None
    assert set(re.findall(r'href="(https?://[^"]*)"', html)) <= {"https://shop.example/"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("code", ["en", "pl"])
async def test_first_paint_needs_less_than_15_kilobytes(state: str, code: str) -> None:
    """
    What is painted comes before the script and fits into the first round trip; the whole page does so compressed.
    """
    async with on(Stage(STATES[state])) as client:
        answer, html = await page(client, f"{PAGE}?lang={code}")

    assert len(html.split("<script")[0].encode()) < 15_000
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < 12_000, "ten segments of 1,460 bytes come at once (RFC 6928)"


async def test_the_language_of_the_address_is_remembered() -> None:
    """
    The switch holds for the next page; without a wish the browser's language counts.
    """
    async with on(Stage(STATES["waiting"])) as client:
        _, first = await page(client, **{"Accept-Language": "pl"})
        chosen, second = await page(client, f"{PAGE}?lang=en", **{"Accept-Language": "pl"})
        _, third = await page(client, **{"Accept-Language": "pl"})

    assert [re.findall(r'<html lang="(..)"', html)[0] for html in (first, second, third)] == ["pl", "en", "en"]
    assert chosen.cookies["wr_lang"]["path"] == "/", "the gate at the shop reads it too"


async def test_head_neither_joins_nor_claims() -> None:
    """
    A link preview takes no place and no seat.
    """
    stage = Stage(Called(1, 1000), claimed=admitted())
    async with on(stage) as client:
        answer = await client.head(PAGE)

    assert answer.status == 200
    assert stage.verbs == ["look"]


async def test_an_unknown_room_is_a_friendly_404() -> None:
    """
    A mistyped address gets a page that says so.
    """
    async with on(Stage(STATES["waiting"])) as client:
        answer, html = await page(client, "/waiting-room/nope")

    assert answer.status == 404
    assert heading(html) == "There is no such queue here"
