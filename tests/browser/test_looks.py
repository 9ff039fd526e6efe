"""
Every state of the page in a real browser: accessible, and fitting on the narrowest phone.
"""

import re
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page

from tests.browser.conftest import Reader, Staging
from tests.web.booth import ROOM, STATES, Stage
from waiting_room.core.outcomes import Refused
from waiting_room.core.reasons import Reason

pytestmark = [pytest.mark.apart, pytest.mark.peer("chromium"), pytest.mark.asyncio(loop_scope="session")]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
FIRST_VISITS = ("entering", "cookies", "unknown-room")
ALL_STATES = (*STATES, *FIRST_VISITS, "left", "message")


def stage_for(state: str) -> tuple[Stage, str]:
    """
    Return the stage that shows *state*, and the address to open there.
    """
    stage = Stage(STATES.get(state, Refused(Reason.NO_TICKET) if state == "left" else STATES["waiting"]))
    if state == "message":
        stage.policy_ = type(stage.policy_)(message="Zestawy „Statek piracki” są wyprzedane; reszta promocji trwa.")
    query = {"cookies": "?step=2", "left": "?left=1", "message": "?target=https%3A%2F%2Fevil.example"}.get(state, "")
    return stage, "/waiting-room/nope" if state == "unknown-room" else f"/waiting-room/{ROOM}{query}"


async def opened(page: Page, staging: Staging, state: str, *, bare: bool = False) -> Page:
    """
    Return *page* when it shows *state*; *bare* is the document as a browser without scripts gets it.
    """
    stage, address = stage_for(state)
    base = await staging(stage)
    if state not in FIRST_VISITS:
        grown = f"1235-100-60-{int(stage.now_s) + 100}-0"
        await page.context.add_cookies(
            [
                {"name": "wr_visitor", "value": "v", "url": base},
                {"name": f"wr_seen_{ROOM}", "value": grown, "url": base},
            ]
        )
    if bare:
        answer = await page.request.get(base + address, headers={"Accept": "text/html"})
        await page.set_content(re.sub(r"<script.*?</script>", "", await answer.text(), flags=re.DOTALL))
    else:
        await page.goto(base + address)
    return page


def told(results: Any) -> list[str]:
    """
    Return what axe found, in a form that a person can act on.
    """
    return [
        f"{violation['id']}: {node['html'][:120]}" for violation in results["violations"] for node in violation["nodes"]
    ]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("code", ["en", "pl"])
@pytest.mark.parametrize("state", ALL_STATES)
async def test_axe_finds_nothing(reader: Reader, staging: Staging, state: str, code: str, *, script: bool) -> None:
    """
    No state breaks a rule of WCAG 2.2 AA that a machine can check.
    """
    # axe needs timers, which a browser without scripts has not: it is shown the document that such a browser gets.
    page = await opened(await reader(code=code), staging, state, bare=not script)

    assert told((await Axe().run(page, options=RULES)).response) == []


@pytest.mark.parametrize("state", ["waiting", "message", "called", "left"])
async def test_contrast_holds_by_night(reader: Reader, staging: Staging, state: str) -> None:
    """
    The dark colours are as readable as the light ones (WCAG 1.4.3); between them these states use all of them.
    """
    page = await opened(await reader(), staging, state)
    await page.emulate_media(color_scheme="dark")
    found = told((await Axe().run(page, options={"runOnly": ["color-contrast"]})).response)
    await page.emulate_media(color_scheme="light")

    assert found == []


@pytest.mark.parametrize("state", ALL_STATES)
async def test_the_narrowest_phone_needs_no_sideways_scrolling(reader: Reader, staging: Staging, state: str) -> None:
    """
    At 320 px, in the language with the longer words, everything stands below each other (WCAG 1.4.10).
    """
    page = await opened(await reader(script=False, code="pl", width=320), staging, state)

    assert await page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("state", ["waiting", "paused", "closed"])
async def test_everything_to_press_is_large_enough_and_shows_its_focus(
    reader: Reader, staging: Staging, state: str
) -> None:
    """
    Targets are at least 24 px high (WCAG 2.5.8), and the keyboard's place is always visible (2.4.7).
    """
    page = await opened(await reader(), staging, state)

    for control in await page.locator("a:visible, button:visible, summary:visible").all():
        await control.focus()
        box = await control.bounding_box()
        assert box is not None
        assert box["height"] >= 24
        await page.keyboard.press("Shift")
        assert await control.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


async def test_nothing_moves_for_who_wants_rest(reader: Reader, staging: Staging) -> None:
    """
    With reduced motion the train stands where it belongs at once.
    """
    page = await opened(await reader(), staging, "waiting")

    await page.emulate_media(reduced_motion="reduce")
    lasts = await page.evaluate("getComputedStyle(document.getElementById('train')).transitionDuration")
    await page.emulate_media(reduced_motion="no-preference")

    assert lasts == "0s"
