"""
From the first visit to the shop, in a real browser against the real service and a real Valkey.
"""

import pytest
from playwright.async_api import BrowserContext, Page, Request

from tests.browser.conftest import NewVisitor, Place

pytestmark = [pytest.mark.apart, pytest.mark.peer("chromium"), pytest.mark.asyncio(loop_scope="session")]

BOTH = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


async def visit(visitor: BrowserContext, address: str) -> Page:
    """
    Open the waiting page as a newcomer.
    """
    page = await visitor.new_page()
    await page.goto(address)
    return page


async def taken(new_visitor: NewVisitor, place: Place) -> BrowserContext:
    """
    Let somebody take the only seat.
    """
    first = await new_visitor()
    page = await visit(first, place.page)
    await page.wait_for_url(place.shop)
    return first


async def give_back(first: BrowserContext, place: Place) -> None:
    """
    Let the holder of the seat leave.
    """
    answer = await first.request.post(f"{place.page}/leave")
    assert answer.ok


@BOTH
async def test_a_free_shop_is_entered_at_once(new_visitor: NewVisitor, place: Place, *, script: bool) -> None:
    """
    With a seat free and nobody waiting, the visitor arrives in the shop with a pass.
    """
    page = await visit(await new_visitor(script=script), f"{place.page}?target={place.shop}%3Fa%3D1")

    await page.wait_for_url(f"{place.shop}?a=1")
    assert place.admitted[-1].startswith("wr1.pass.")


@BOTH
async def test_who_waits_is_called_and_goes_in(new_visitor: NewVisitor, place: Place, *, script: bool) -> None:
    """
    The second visitor sees the queue, and enters by themselves as soon as the seat is free.
    """
    first = await taken(new_visitor, place)
    page = await visit(await new_visitor(script=script, code="pl"), place.page)
    await (
        page.get_by_role("heading", name="Jesteś w kolejce")
        .or_(page.get_by_role("heading", name="Twoja kolej"))
        .wait_for()
    )

    await give_back(first, place)
    await page.wait_for_url(place.shop)

    assert len(place.admitted) == 2
    assert place.admitted[-1].startswith("wr1.pass.")


async def test_the_script_never_reloads_the_page(new_visitor: NewVisitor, place: Place) -> None:
    """
    One page is fetched; all news comes by small answers.
    """
    first = await taken(new_visitor, place)
    second = await new_visitor()
    documents: list[str] = []

    def note(request: Request) -> None:
        if request.resource_type == "document":
            documents.append(request.url)

    second.on("request", note)
    page = await visit(second, place.page)
    await page.wait_for_function(
        "() => document.getElementById('updated').textContent && !document.querySelector('.entering')"
    )
    await give_back(first, place)
    await page.wait_for_url(place.shop)

    assert documents == [place.page, place.shop]


@BOTH
async def test_a_reload_keeps_the_number(new_visitor: NewVisitor, place: Place, *, script: bool) -> None:
    """
    Refreshing never harms: the place is the same before and after.
    """
    await taken(new_visitor, place)
    await visit(await new_visitor(), place.page)
    page = await visit(await new_visitor(script=script), place.page)
    await page.get_by_role("heading", name="You are in the queue").wait_for()
    before = await page.locator("#number").text_content()

    await page.reload()

    await page.get_by_role("heading", name="You are in the queue").wait_for()
    assert await page.locator("#number").text_content() == before


@BOTH
async def test_leaving_and_joining_again(new_visitor: NewVisitor, place: Place, *, script: bool) -> None:
    """
    The place can be given back, and a new one taken, by pressing what the page shows.
    """
    await taken(new_visitor, place)
    await visit(await new_visitor(), place.page)
    page = await visit(await new_visitor(script=script), place.page)
    await page.get_by_role("heading", name="You are in the queue").wait_for()

    await page.get_by_text("Leave the queue", exact=True).click()
    await page.get_by_role("button", name="Yes, leave the queue").click()
    await page.get_by_role("heading", name="You have left the queue").wait_for()

    await page.get_by_role("link", name="Join the queue").click()
    await page.get_by_role("heading", name="You are in the queue").wait_for()
