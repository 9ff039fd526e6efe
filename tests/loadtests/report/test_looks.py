"""
The report and the comparison in a real browser: accessible, fitting on a phone, by day, by night and on paper.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page

from loadtests.compare.page import render as render_comparison
from loadtests.report.language import language
from loadtests.report.page import render
from tests.chromium import chromium
from tests.loadtests.compare.runs import compared, run
from tests.loadtests.report.made import full
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.apart, pytest.mark.peer("chromium"), pytest.mark.asyncio(loop_scope="module")]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page() -> AsyncIterator[Page]:
    """
    Open one page that may fetch nothing.
    """
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 1200, "height": 900})
        context.set_default_timeout(PATIENCE_S * 1000)
        opened = await context.new_page()
        yield opened
        await context.close()


def documents() -> dict[str, str]:
    """
    Return what is looked at.
    """
    found = compared(run(0), run(1, slower=1.1), {"seed": 1}, {"seed": 1, "versions": {"Python": "3.11"}})
    return {
        "report": render(*full()),
        "raport": render(*full(), "pl"),
        "comparison": render_comparison(found, language("pl"), ("przed", "po")),
    }


def told(results: Any) -> list[str]:
    """
    Return what axe found, in a form that a person can act on.
    """
    return [f"{each['id']}: {node['html'][:120]}" for each in results["violations"] for node in each["nodes"]]


@pytest.mark.parametrize("name", ["report", "raport", "comparison"])
async def test_it_is_accessible_fits_a_phone_and_fetches_nothing(page: Page, name: str) -> None:
    """
    Axe finds nothing by day, the colours hold by night, 390 px need no sideways scrolling, and no request leaves.
    """
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": 1200, "height": 900})
    await page.set_content(documents()[name])

    assert told((await Axe().run(page, options=RULES)).response) == []
    await page.emulate_media(color_scheme="dark")
    assert told((await Axe().run(page, options={"runOnly": ["color-contrast"]})).response) == []
    await page.set_viewport_size({"width": 390, "height": 900})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert asked == []


async def test_on_paper_the_colours_stay_and_no_picture_is_torn(page: Page) -> None:
    """
    Backgrounds are printed, a figure stays on one page, and the colours are those of the day even at night.
    """
    await page.set_content(documents()["report"])
    await page.emulate_media(media="print", color_scheme="dark")
    style = "getComputedStyle(document.querySelector('figure')).breakInside"
    kept, paper = await page.evaluate(f"[{style}, getComputedStyle(document.body).backgroundColor]")
    exact = await page.evaluate("getComputedStyle(document.body).printColorAdjust")
    line = await page.evaluate("getComputedStyle(document.querySelector('.c-orders')).color")
    await page.emulate_media(media="screen", color_scheme="light")

    assert (kept, paper, exact) == ("avoid", "rgb(255, 255, 255)", "exact")
    assert line == await page.evaluate("getComputedStyle(document.querySelector('.c-orders')).color")
