"""
The waiting page before the opening, on its stage.
"""

import re

from tests.web.booth import STATES, Stage
from tests.web.test_pages import PAGE, heading, on, page
from waiting_room.core.outcomes import Early
from waiting_room.core.reasons import Reason


async def test_who_came_before_the_opening_sees_when_it_is() -> None:
    """
    The time until then in words, the time of day, the number that will be drawn, and no position.
    """
    async with on(Stage(STATES["early"])) as client:
        answer, english = await page(client, f"{PAGE}?lang=en")
        _, polish = await page(client, f"{PAGE}?lang=pl")

    assert heading(english) == "The doors are not open yet"
    assert heading(polish) == "Drzwi są jeszcze zamknięte"
    assert answer.headers["Refresh"].startswith("30;")
    assert "<title>The doors open in about 62 minutes · The doors are not open yet</title>" in english
    assert "Do otwarcia: około 62 minut" in polish
    assert '<dd id="ticket">1,235</dd>' in english
    assert re.search(r'<time id="opening" datetime="2026-09-21T\d\d:\d\d:20[^"]*">\d\d:\d\d', english)
    assert '<div id="place" hidden>' in english
    assert "wr_seen_" not in str(answer.cookies)


async def test_an_opening_at_an_unknown_time_is_told_as_such() -> None:
    """
    No time is made up.
    """
    async with on(Stage(STATES["early-unknown"])) as client:
        _, html = await page(client)

    assert "The time of the opening is not known yet" in html
    assert '<div id="at" hidden>' in html


async def test_a_room_that_draws_says_how_to_check_it() -> None:
    """
    The fingerprint of the secret and the way to the published values; and it does not say "first come, first served".
    """
    drawn = Stage(STATES["early"], draws=[{"commitment": "ab12" * 16}])
    async with on(drawn) as client:
        _, html = await page(client)
    async with on(Stage(STATES["waiting"])) as client:
        _, plain = await page(client)

    assert f"<code>{'ab12' * 16}</code>" in html
    assert 'href="/waiting-room/spring-sale/state.json"' in html
    assert ("First come, first served" in html, "First come, first served" in plain) == (False, True)


async def test_a_pause_of_the_pre_queue_is_told_as_a_pause() -> None:
    """
    The place in the draw is kept, and there is still no position.
    """
    async with on(Stage(Early(7, None, 6000, Reason.ROOM_PAUSED))) as client:
        _, html = await page(client)

    assert heading(html) == "The queue is paused"
    assert '<html lang="en" class="paused">' in html
