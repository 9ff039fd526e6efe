"""
The shop behind the waiting room's real gate; the room service is away, so that only the gate's own word counts.
"""

import time
from collections.abc import AsyncIterator
from dataclasses import fields
from http import HTTPStatus
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar
from aiohttp.test_utils import TestServer, unused_port
from yarl import URL

from loadtests.demo_shop.model import GateModel, PageCosts, ShopModel
from loadtests.demo_shop.shop import build_shop
from waiting_room.tokens import Keyring, Pass

SECRET = "k1:" + "s" * 43
ADDRESS = {"name": "Anna Nowak", "email": "anna@example.com", "street": "Długa 1", "city": "30-001 Kraków"}
BROWSER = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}
FREE = PageCosts(**{kind.name: 0 for kind in fields(PageCosts)} | {"home": 1})


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[TestServer]:
    """
    Run a gated shop with five pieces of each toy.
    """
    gate = GateModel("sale", f"http://127.0.0.1:{unused_port()}", "/waiting-room/sale", (SECRET,))
    model = ShopModel(str(tmp_path / "shop.sqlite"), costs=FREE, gate=gate, stock=5)
    server = TestServer(build_shop(model))
    async with server:
        yield server


def visiting(shop: TestServer) -> ClientSession:
    """
    Open a browser on the shop, without a pass.
    """
    return ClientSession(shop.make_url("/"), cookie_jar=CookieJar(unsafe=True), headers=BROWSER)


@pytest.fixture
async def browser(shop: TestServer) -> AsyncIterator[ClientSession]:
    """
    Open a browser on a gated shop, without a pass.
    """
    async with visiting(shop) as session:
        yield session


def admit(browser: ClientSession) -> None:
    """
    Give the browser a pass that is good for ten minutes.
    """
    now_ms = time.time_ns() // 1_000_000
    proof = Pass("sale", "standard", 7, "anna", "standard.7", now_ms, now_ms + 600_000)
    browser.cookie_jar.update_cookies({"wr_pass_sale": Keyring((SECRET,)).sign(proof)}, URL("http://127.0.0.1"))


def ended_cookies(answer: ClientResponse) -> set[str]:
    """
    Name the cookies that an answer takes away.
    """
    sent = SimpleCookie("; ".join(answer.headers.getall("Set-Cookie", [])))
    return {name for name, cookie in sent.items() if cookie["max-age"] == "0"}


@pytest.mark.parametrize("path", ["/", "/product/kite", "/basket", "/checkout", "/payment/K-10001"])
async def test_without_a_pass_every_page_leads_to_the_room(browser: ClientSession, path: str) -> None:
    """
    Whoever has no pass is sent to the waiting page, wherever in the shop they come in.
    """
    answer = await browser.get(path, allow_redirects=False)

    assert answer.status == HTTPStatus.SEE_OTHER
    assert answer.headers["Location"].startswith("/waiting-room/sale?target=")


async def test_the_room_speaks_the_language_of_the_shop(browser: ClientSession) -> None:
    """
    A shopper who has chosen Polish in the shop waits in Polish, whatever their browser prefers.
    """
    browser.cookie_jar.update_cookies({"shop_lang": "pl"}, URL("http://127.0.0.1"))
    answer = await browser.get("/", headers={"Accept-Language": "en"}, allow_redirects=False)

    assert answer.headers["Location"] == "/waiting-room/sale?target=%2F&lang=pl"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", HTTPStatus.OK),
        ("/metrics", HTTPStatus.OK),
        ("/favicon.ico", HTTPStatus.OK),
        ("/assets/shop.css", HTTPStatus.OK),
        ("/order/K-10001", HTTPStatus.NOT_FOUND),
        ("/model", HTTPStatus.NOT_FOUND),
    ],
)
async def test_what_needs_no_pass_is_answered_by_the_shop(
    browser: ClientSession, path: str, status: HTTPStatus
) -> None:
    """
    Health, metrics, pictures and confirmations never wait.
    """
    assert (await browser.get(path, allow_redirects=False)).status == status


async def test_the_gate_s_metrics_are_the_shop_s(browser: ClientSession) -> None:
    """
    The metrics page tells what the gate measured.
    """
    await browser.get("/", allow_redirects=False)

    assert "waiting_room_gate" in await (await browser.get("/metrics")).text()


async def test_a_holder_of_a_pass_buys_and_gives_the_seat_back(browser: ClientSession) -> None:
    """
    With a pass the whole journey goes through; the confirmation takes pass and ticket away, and can be read again.
    """
    admit(browser)
    await browser.post("/basket", data={"product": "kite"})
    placed = await browser.post("/checkout", data=ADDRESS, allow_redirects=False)
    paid = await browser.post(placed.headers["Location"], allow_redirects=False)
    confirmed = await browser.get(paid.headers["Location"], allow_redirects=False)
    again = await browser.get(paid.headers["Location"], allow_redirects=False)

    assert (paid.status, confirmed.status, again.status) == (HTTPStatus.SEE_OTHER, HTTPStatus.OK, HTTPStatus.OK)
    assert ended_cookies(paid) == set()
    assert ended_cookies(confirmed) == {"wr_pass_sale", "wr_ticket_sale"}
    assert "Waiting-Room-Command" not in confirmed.headers
    assert (await browser.get("/", allow_redirects=False)).status == HTTPStatus.SEE_OTHER


async def place_order(browser: ClientSession) -> str:
    """
    Put five kites into the basket, send the address, and give the payment's address.
    """
    await browser.post("/basket", data={"product": "kite", "quantity": "5"})
    placed = await browser.post("/checkout", data=ADDRESS, allow_redirects=False)
    return placed.headers["Location"]


def let_the_pass_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Let eleven minutes pass for the gate and the shop; a pass is good for ten.
    """
    at_ns = time.time_ns() + 660 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: at_ns)


async def test_who_pays_is_not_put_out(browser: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The page of the payment is open when the pass ends: the payment goes through, and the confirmation is seen.
    """
    admit(browser)
    payment = await place_order(browser)
    offered = await browser.get(payment)
    let_the_pass_end(monkeypatch)
    paid = await browser.post(payment, allow_redirects=False)
    confirmed = await browser.get(paid.headers["Location"], allow_redirects=False)

    assert "Waiting-Room-Command" not in offered.headers
    assert paid.headers["Location"].startswith("/order/")
    assert confirmed.status == HTTPStatus.OK
    assert ended_cookies(confirmed) >= {"wr_pass_sale", "wr_stage_sale"}


async def test_who_has_not_come_to_the_payment_is_put_out(
    browser: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The order is placed, and its payment was never looked at: the visit ends with its pass.
    """
    admit(browser)
    payment = await place_order(browser)
    let_the_pass_end(monkeypatch)
    answer = await browser.get(payment, allow_redirects=False)

    assert answer.headers["Location"].startswith("/waiting-room/sale?target=")


async def test_a_payment_for_what_is_gone_is_over(browser: ClientSession, shop: TestServer) -> None:
    """
    Another was quicker: the visit goes on, and ends like any other.
    """
    admit(browser)
    payment = await place_order(browser)
    await browser.get(payment)
    async with visiting(shop) as quicker:
        admit(quicker)
        await quicker.post(await place_order(quicker), allow_redirects=False)
    refused = await browser.post(payment, allow_redirects=False)

    assert refused.status == HTTPStatus.CONFLICT
    assert ended_cookies(refused) == {"wr_stage_sale"}
