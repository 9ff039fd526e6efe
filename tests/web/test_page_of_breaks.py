"""
What the page says while nobody is let in: a break, a pause, a room that is closed until its opening.
"""

import re

from tests.web.booth import STATES, Stage
from tests.web.test_pages import PAGE, heading, on, page
from waiting_room.core.outcomes import Closed
from waiting_room.web.languages import languages
from waiting_room.web.texts import opening_words


async def test_a_break_says_when_it_goes_on_and_that_the_place_is_kept() -> None:
    """
    In both languages, without a script; the place stays on the page.
    """
    async with on(Stage(STATES["break"])) as client:
        answer, english = await page(client, f"{PAGE}?lang=en")
        _, polish = await page(client, f"{PAGE}?lang=pl")

    assert heading(english) == "A short technical break"
    assert "Until it goes on: about 15 minutes." in english
    assert "Your place is kept." in english
    assert "<b>37</b> people are ahead of you" in english
    assert answer.headers["Refresh"].startswith("5;")
    assert heading(polish) == "Krótka przerwa techniczna"
    assert "Do wznowienia: około 15 minut." in polish


async def test_a_pause_of_unknown_length_promises_nothing() -> None:
    """
    Nobody is told a time that nobody knows.
    """
    async with on(Stage(STATES["paused"])) as client:
        _, html = await page(client, f"{PAGE}?lang=en")

    assert re.search(r'id="resumes" hidden>', html)
    assert "Until it goes on:" not in html.partition("<script")[0]


async def test_a_closed_room_that_will_open_says_when() -> None:
    """
    In both languages; without a script the page comes again by itself.
    """
    async with on(Stage(Closed(opens_in_ms=720_000))) as client:
        answer, english = await page(client, f"{PAGE}?lang=en")
        _, polish = await page(client, f"{PAGE}?lang=pl")

    assert heading(english) == "The waiting room is closed"
    assert opening_words(720, languages()["en"]) + "." in english
    assert opening_words(720, languages()["pl"]) + "." in polish
    assert answer.headers["Refresh"].startswith("300;")
