"""
The shop in a real browser: accessible by axe's rules, and nothing sticks out of a small phone.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page

from loadtests.demo_shop.catalogue import Language
from loadtests.demo_shop.model import PageCosts, ShopModel
from loadtests.demo_shop.shop import build_shop
from tests.chromium import chromium

ADDRESS = {"name": "Anna Źrebięcka", "email": "anna@example.com", "street": "Długa 1", "city": "30-001 Kraków"}
FREE = PageCosts(**{kind.name: 0 for kind in fields(PageCosts)} | {"home": 1})

pytestmark = [pytest.mark.apart, pytest.mark.peer("chromium")]


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """
    Run a shop with little stock, so that scarce and sold-out toys are shown as well.
    """
    async with TestServer(build_shop(ShopModel(str(tmp_path / "shop.sqlite"), costs=FREE, stock=3))) as shop:
        yield str(shop.make_url("/")).rstrip("/")


async def broken_rules(page: Page) -> list[Any]:
    """
    Give what axe finds on the page as it stands.
    """
    found = await Axe().run(page)
    return [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found.response["violations"]]


async def sticks_out(page: Page) -> bool:
    """
    Tell whether the page can be scrolled sideways.
    """
    return bool(await page.evaluate("document.documentElement.scrollWidth > innerWidth"))


async def walk(page: Page, address: str, language: Language) -> AsyncIterator[str]:
    """
    Go through the shop by clicks, stopping at every kind of page.
    """
    pay = "main button[type=submit]"
    await page.goto(f"{address}/?lang={language}")
    yield "home"
    await page.click("a[href='/product/dolls-house']")
    yield "product"
    await page.select_option("#quantity", "3")
    await page.click(".buy button")
    yield "basket"
    await page.click("a[href='/checkout']")
    yield "checkout"
    await page.click(pay)
    yield "checkout with faults"
    for field, text in ADDRESS.items():
        await page.fill(f"#{field}", text)
    await page.click(pay)
    yield "payment"
    await page.check("#blik")
    await page.click(pay)
    yield "order"
    await page.goto(f"{address}/product/dolls-house")
    yield "sold out"
    await page.goto(f"{address}/basket")
    yield "empty basket"
    await page.goto(f"{address}/nowhere")
    yield "not found"


@asynccontextmanager
async def phone() -> AsyncIterator[Page]:
    """
    Open a Chromium as a phone of 360 px. axe is a script, and the shop's policy allows none: it is bypassed.
    """
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 360, "height": 800}, bypass_csp=True)
        yield await context.new_page()


async def test_every_page_is_accessible_and_none_sticks_out_of_a_small_phone(address: str) -> None:
    """
    By axe's rules no page has a fault, and on 360 px none scrolls sideways: from the home page to the order.
    """
    async with phone() as page:
        found = {name: (await broken_rules(page), await sticks_out(page)) async for name in walk(page, address, "pl")}

    assert len(found) == 10
    assert {name: faults for name, faults in found.items() if faults != ([], False)} == {}


async def test_no_page_sticks_out_in_the_other_language(address: str) -> None:
    """
    Its words have other lengths.
    """
    async with phone() as page:
        found = {name: await sticks_out(page) async for name in walk(page, address, "en")}

    assert len(found) == 10
    assert not any(found.values())
