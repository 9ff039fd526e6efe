"""
The page's script: the same words and promises as the server's, patient with errors, polite when hidden.
"""

import re
from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import NewVisitor, Staging
from tests.web.booth import ROOM, STATES, Stage, admitted
from waiting_room.core.outcomes import Called, Closed, Early, Eta, Outcome, Paused, Refused, Waiting
from waiting_room.core.reasons import Longer, Reason
from waiting_room.web.languages import languages
from waiting_room.web.texts import LONGER, ahead_words, opening_words, resume_words, wait_words

pytestmark = [pytest.mark.apart, pytest.mark.peer("chromium"), pytest.mark.asyncio(loop_scope="session")]

HOUR_MS = 3_600_000
WAITS_S = [
    (0.0, 1.0),
    (10.0, 61.0),
    (61.0, 120.0),
    (480.0, 660.0),
    (3000.0, 3700.0),
    (3700.0, 7300.0),
    (36_001.0, 36_001.0),
]
AHEAD = [0, 1, 2, 5, 22, 1234, 12_345]


def waiting(
    number: int = 7,
    position: int = 30,
    low_s: float = 100,
    high_s: float = 200,
    poll_ms: int = HOUR_MS,
    longer: Longer | None = None,
) -> Waiting:
    """
    Return a wait whose next poll comes only when the test asks for it.
    """
    return Waiting(number, position, Eta(low_s, high_s), poll_ms, Reason.QUEUE_WAIT, longer)


async def opened(new_visitor: NewVisitor, staging: Staging, stage: Stage, code: str = "en") -> Page:
    """
    Open the page for a visitor who has the cookie, once its script runs.
    """
    visitor = await new_visitor(code=code)
    base = await staging(stage)
    stage.policy_ = replace(stage.policy_, target=f"{base}/shop")
    await visitor.add_cookies([{"name": "wr_visitor", "value": "v", "url": base}])
    page = await visitor.new_page()
    # The script begins by stopping the reload; what was asked before that would be stopped with it.
    await page.add_init_script(
        "const stop = window.stop; window.stop = () => { window.begun = true; stop.call(window); }"
    )
    await page.goto(f"{base}/waiting-room/{ROOM}")
    await page.wait_for_function("() => window.begun")
    return page


async def poll(page: Page, stage: Stage, outcome: Outcome) -> None:
    """
    Let the script ask again, as it does when the network comes back, and be answered with *outcome*.
    """
    stage.outcome = outcome
    async with page.expect_response(lambda answer: "/status" in answer.url or "/claim" in answer.url):
        await page.evaluate("dispatchEvent(new Event('online'))")


@pytest.mark.parametrize("code", ["en", "pl"])
async def test_the_script_says_the_same_as_the_server(new_visitor: NewVisitor, staging: Staging, code: str) -> None:
    """
    Waits and counts are put into the same words on both sides, plural forms and grouping included.
    """
    language, stage = languages()[code], Stage(waiting())
    page = await opened(new_visitor, staging, stage, code)

    for number, (low_s, high_s) in enumerate(WAITS_S, start=100):
        ahead = AHEAD[number - 100]
        await poll(page, stage, waiting(number, ahead + 1, low_s, high_s))
        await expect(page.locator("#wait")).to_have_text(wait_words(low_s, high_s, language))
        await expect(page.locator("#ahead")).to_have_text(ahead_words(ahead, language))
        await expect(page.locator("#number")).to_have_text(language.number(number))


async def test_the_title_tells_the_position(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    A glance at the tab is enough.
    """
    stage = Stage(waiting())
    page = await opened(new_visitor, staging, stage)

    await poll(page, stage, waiting(position=3))

    await expect(page).to_have_title("2 people are ahead of you · You are in the queue")


async def test_a_position_that_was_shown_never_rises(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    The script sends what it showed last, and shows nothing higher.
    """
    stage = Stage(waiting(position=20))
    page = await opened(new_visitor, staging, stage)

    async with page.expect_request(lambda request: "/status" in request.url) as asked:
        await poll(page, stage, waiting(position=25))

    assert (await asked.value).url.endswith("/status?seen=20")
    await expect(page.locator("#ahead b")).to_have_text("19")


async def test_the_countdown_runs_until_the_opening_gives_a_place(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    By the page's own clock between polls; then position and wait take its place without a reload.
    """
    stage = Stage(Early(7, 95_000, HOUR_MS))
    page = await opened(new_visitor, staging, stage)
    await expect(page.locator("#countdown")).to_have_text("The doors open in about 2 minutes")
    await expect(page.locator("#clock")).to_have_text(re.compile("01:[0-3][0-9]"))
    await expect(page.locator("#place")).to_be_hidden()
    await expect(page.locator("#leave")).to_be_visible()

    await poll(page, stage, Early(7, None, HOUR_MS))
    await expect(page.locator("#countdown")).to_have_text("The time of the opening is not known yet")
    await expect(page.locator("#clock")).to_be_hidden()
    await poll(page, stage, waiting(position=3))

    await expect(page.locator("#opens")).to_be_hidden()
    await expect(page.locator("#ahead")).to_have_text("2 people are ahead of you")
    await expect(page).to_have_title("2 people are ahead of you · You are in the queue")


@pytest.mark.parametrize("code", ["en", "pl"])
async def test_the_script_counts_down_in_the_servers_words(
    new_visitor: NewVisitor, staging: Staging, code: str
) -> None:
    """
    Known, unknown and overdue alike.
    """
    language, stage = languages()[code], Stage(waiting())
    page = await opened(new_visitor, staging, stage, code)

    for opens_in_s in (None, 0.0, 40.0, 500.0, 7000.0, 90_000.0):
        await poll(page, stage, Early(7, None if opens_in_s is None else int(opens_in_s * 1000), HOUR_MS))
        await expect(page.locator("#countdown")).to_have_text(opening_words(opens_in_s, language))


async def test_a_wait_that_grows_is_explained(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    A later end comes with its reason, on the page and for screen readers.
    """
    stage = Stage(waiting(low_s=60, high_s=120))
    page = await opened(new_visitor, staging, stage)
    await expect(page.locator("#grew")).to_be_hidden()

    await poll(page, stage, waiting(low_s=600, high_s=900, longer=Longer.SEATS_LOWERED))

    await expect(page.locator("#grew")).to_be_visible()
    await expect(page.locator("#wait")).to_have_text("10–15 minutes")
    await expect(page.locator("#why")).to_have_text(LONGER[Longer.SEATS_LOWERED])
    await expect(page.locator("#live")).to_contain_text(LONGER[Longer.SEATS_LOWERED])


async def test_a_reason_is_spoken_once_and_stays_to_be_read(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    The reason of the moment when the wait grew, whatever is the reason later.
    """
    stage = Stage(waiting(low_s=60, high_s=120))
    page = await opened(new_visitor, staging, stage)
    await poll(page, stage, waiting(low_s=600, high_s=900, longer=Longer.RATE_LOWERED))
    await expect(page.locator("#live")).to_contain_text(LONGER[Longer.RATE_LOWERED])

    await poll(page, stage, waiting(position=1, low_s=400, high_s=500, longer=Longer.FEWER_LEAVE))

    await expect(page.locator("#ahead strong")).to_have_text("You are next")
    await expect(page.locator("#why")).to_have_text(LONGER[Longer.RATE_LOWERED])
    await expect(page.locator("#live")).to_contain_text("29 people")


async def test_screen_readers_hear_milestones_only(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    The live region speaks when the wait's words change, not at each step, and at most twice a minute.
    """
    stage = Stage(waiting(position=30))
    page = await opened(new_visitor, staging, stage)
    await poll(page, stage, waiting(position=30))
    spoken = page.locator("#live")
    await expect(spoken).to_have_text("29 people are ahead of you. Estimated wait: 2–4 minutes.")

    await poll(page, stage, waiting(position=28))

    await expect(page.locator("#ahead b")).to_have_text("27")
    await expect(spoken).to_have_text("29 people are ahead of you. Estimated wait: 2–4 minutes.")


async def test_the_turn_is_announced_and_leads_to_the_shop(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    Called while the shop is full: an alert, another title; admitted: on to the shop.
    """
    stage = Stage(waiting(), claimed=Called(7, 300, Reason.SEATS_FULL))
    page = await opened(new_visitor, staging, stage)

    await poll(page, stage, Called(7, HOUR_MS))

    await expect(page.get_by_role("alert")).to_have_text("It is your turn. We are opening the door for you.")
    await expect(page).to_have_title("★ It is your turn")
    await expect(page.locator("#sentence")).to_have_text("Just now every place in the shop is taken.")
    stage.claimed = admitted()
    await page.wait_for_url("**/shop")


async def test_a_lost_connection_is_told_and_its_return_too(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    The place is kept while the network is away, and the page says so instead of breaking.
    """
    stage = Stage(waiting())
    page = await opened(new_visitor, staging, stage)

    await page.context.set_offline(True)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.locator("#note")).to_contain_text("your place is kept")
    await page.context.set_offline(False)

    await expect(page.locator("#note")).to_be_hidden()


@pytest.mark.parametrize(
    ("outcome", "heading", "mood"),
    [
        (Paused(7, 20, HOUR_MS), "The queue is paused", "paused"),
        (Waiting(7, 20, None, HOUR_MS, Reason.STORE_AWAY), "The queue is catching its breath", "away"),
        (Paused(7, 20, HOUR_MS, Reason.RECOVERING), "The queue is catching its breath", "away"),
    ],
)
async def test_a_change_of_mood_needs_no_reload(
    new_visitor: NewVisitor, staging: Staging, outcome: Outcome, heading: str, mood: str
) -> None:
    """
    Pauses and outages are told in place, with the number kept on the page, and pass again.
    """
    stage = Stage(waiting())
    page = await opened(new_visitor, staging, stage)

    await poll(page, stage, outcome)
    await expect(page.locator("h1")).to_have_text(heading)
    await expect(page.locator("html")).to_have_class(f"{mood} js")
    await expect(page.locator("#number")).to_be_visible()

    await poll(page, stage, waiting(position=19))
    await expect(page.locator("h1")).to_have_text("You are in the queue")


@pytest.mark.parametrize(
    ("outcome", "heading"),
    [(Closed(), "The waiting room is closed"), (Refused(Reason.TICKET_USED), "Your visit has ended")],
)
async def test_an_end_is_told_in_place_with_a_next_step(
    new_visitor: NewVisitor, staging: Staging, outcome: Outcome, heading: str
) -> None:
    """
    What is rare comes from the server's own page; the focus goes to its heading, and polling stops.
    """
    stage = Stage(waiting())
    page = await opened(new_visitor, staging, stage)

    await poll(page, stage, outcome)

    await expect(page.locator("h1")).to_have_text(heading)
    await expect(page.locator("h1")).to_be_focused()
    await expect(page.locator("main .acts a").first).to_be_visible()


async def test_who_is_put_off_is_told_so_and_joins_by_itself_later(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    Many come from one network: it is spoken, nothing is to be pressed, and the page asks again when it was told to.
    """
    stage = Stage(Refused(Reason.NO_TICKET), joined=Refused(Reason.NETWORK_BUSY, HOUR_MS))
    base = await staging(stage)
    page = await (await new_visitor()).new_page()
    await page.goto(f"{base}/waiting-room/{ROOM}")
    await expect(page.locator("h1")).to_have_text("One moment, please")
    await expect(page.locator("#live")).to_contain_text("Many people are joining the queue from your network")

    stage.joined = Refused(Reason.NETWORK_BUSY, 200)
    await page.reload()
    stage.joined = waiting()
    await expect(page.locator("h1")).to_have_text("You are in the queue")


async def test_who_blocks_cookies_is_told_so(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    A join whose cookies do not come back ends in an explanation, not in joining for ever.
    """
    stage = Stage(Refused(Reason.NO_TICKET), joined=waiting(poll_ms=50), sees_cookies=False)
    base = await staging(stage)
    page = await (await new_visitor()).new_page()

    await page.goto(f"{base}/waiting-room/{ROOM}")

    await expect(page.locator("h1")).to_have_text("We need a cookie to keep your place")
    assert stage.verbs == ["join"]


@pytest.mark.parametrize(("told_ms", "soonest_ms"), [(3000, 6000), (9000, 10_000), (30_000, 30_000)])
async def test_a_hidden_page_asks_at_most_half_as_often_and_never_loses_its_place(
    new_visitor: NewVisitor, staging: Staging, told_ms: int, soonest_ms: int
) -> None:
    """
    Hidden, it waits twice as long, but never beyond ten seconds or what it was told: silence of 15 s loses a place.
    """
    stage = Stage(waiting(poll_ms=told_ms))
    visitor = await new_visitor()
    base = await staging(stage)
    await visitor.add_cookies([{"name": "wr_visitor", "value": "v", "url": base}])
    page = await visitor.new_page()
    await page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => true})")
    await page.add_init_script(
        "window.timers = []; const set = setTimeout;"
        "window.setTimeout = (f, ms) => { timers.push(ms); return set(f, ms); }"
    )
    await page.goto(f"{base}/waiting-room/{ROOM}")

    await page.wait_for_function(f"() => timers.includes({soonest_ms})")


async def test_a_hidden_page_claims_as_soon_as_it_hears_of_its_turn(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    No timer stands between: browsers may let a hidden tab's next one run a minute later, when others have the seat.
    """
    stage = Stage(waiting(), claimed=admitted())
    page = await opened(new_visitor, staging, stage)
    await page.evaluate("const set = setTimeout; window.setTimeout = (f, ms) => set(f, 60000 + ms)")

    await poll(page, stage, Called(7, HOUR_MS))

    await page.wait_for_url("**/shop")


async def test_the_bell_is_silent_until_it_is_pressed(new_visitor: NewVisitor, staging: Staging) -> None:
    """
    Sound comes only to those who asked for it, and the button tells its state.
    """
    page = await opened(new_visitor, staging, Stage(STATES["waiting"]))
    button = page.get_by_role("button", name="Ring when it is my turn")
    await expect(button).to_have_attribute("aria-pressed", "false")

    await button.click()

    await expect(button).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("code", ["en", "pl"])
async def test_a_break_is_told_by_the_script_and_ends_with_it(
    new_visitor: NewVisitor, staging: Staging, code: str
) -> None:
    """
    The same words as the server's; they go when people are let in again.
    """
    stage = Stage(waiting())
    page = await opened(new_visitor, staging, stage, code)
    await expect(page.locator("#resumes")).to_be_hidden()

    await poll(page, stage, Paused(7, 30, HOUR_MS, Reason.TECHNICAL_BREAK, 720_000))
    await expect(page.locator("#resumes")).to_have_text(resume_words(720, languages()[code]))
    await poll(page, stage, waiting())

    await expect(page.locator("#resumes")).to_be_hidden()
