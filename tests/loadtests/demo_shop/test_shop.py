"""
The shop over HTTP: the journey of a buyer, refusals in words, and what never reaches a visitor.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import fields
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from loadtests.demo_shop import views
from loadtests.demo_shop.catalogue import LANGUAGES, TOYS, Language
from loadtests.demo_shop.ledger import read_ledger
from loadtests.demo_shop.model import PageCosts, ShopModel
from loadtests.demo_shop.pool import ConnectionPool, TimedOut
from loadtests.demo_shop.shop import POOL, build_shop

ADDRESS = {"name": "Anna Źrebięcka", "email": "anna@example.com", "street": "Długa 1", "city": "30-001 Kraków"}
FREE = PageCosts(**{kind.name: 0 for kind in fields(PageCosts)} | {"home": 1})


@pytest.fixture
def model(tmp_path: Path) -> ShopModel:
    """
    Describe a shop whose pages cost next to nothing, with two pieces of each toy.
    """
    return ShopModel(str(tmp_path / "shop.sqlite"), costs=FREE, stock=2, db_connections=2)


@pytest.fixture
async def shop(model: ShopModel) -> AsyncIterator[TestServer]:
    """
    Run the shop.
    """
    server = TestServer(build_shop(model))
    async with server:
        yield server


def visiting(shop: TestServer) -> ClientSession:
    """
    Open a browser with its own cookies, as nobody in particular.
    """
    return ClientSession(shop.make_url("/"), cookie_jar=CookieJar(unsafe=True))


@pytest.fixture
async def browser(shop: TestServer) -> AsyncIterator[ClientSession]:
    """
    Open a browser with its own cookies.
    """
    async with visiting(shop) as client:
        yield client


async def buy(browser: ClientSession, toy: str = "kite", quantity: int = 1) -> str:
    """
    Go as far as the payment page and give its address.
    """
    await browser.post("/basket", data={"product": toy, "quantity": str(quantity)})
    answer = await browser.post("/checkout", data=ADDRESS, allow_redirects=False)
    return answer.headers["Location"]


async def test_a_shopper_buys(browser: ClientSession, model: ShopModel) -> None:
    """
    Home, product, basket, address, payment, confirmation: and the order stands in the ledger.
    """
    assert "Boris the bear" in await (await browser.get("/")).text()
    assert (await browser.get("/product/teddy-bear")).status == HTTPStatus.OK
    added = await browser.post("/basket", data={"product": "teddy-bear", "quantity": "2"}, allow_redirects=False)
    assert (added.status, added.headers["Location"]) == (HTTPStatus.SEE_OTHER, "/basket")
    assert "PLN\xa0154.00" in await (await browser.get("/basket")).text()
    assert 'name="street"' in await (await browser.get("/checkout")).text()
    placed = await browser.post("/checkout", data=ADDRESS, allow_redirects=False)
    assert placed.status == HTTPStatus.SEE_OTHER
    assert "Anna Źrebięcka" in await (await browser.get(placed.headers["Location"])).text()
    paid = await browser.post(placed.headers["Location"], data={"method": "blik"}, allow_redirects=False)
    assert (paid.status, paid.headers["Location"]) == (HTTPStatus.SEE_OTHER, "/order/K-10001")
    assert "K-10001" in await (await browser.get("/order/K-10001")).text()

    ledger = read_ledger(model.database)
    assert [(order.number, order.units, order.total) for order in ledger.orders] == [("K-10001", 2, 15_400)]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_product_page_speaks_both_languages(browser: ClientSession, language: Language) -> None:
    """
    Each toy's page is in the language that was asked for, and says so.
    """
    for toy in TOYS:
        page = await (await browser.get(f"/product/{toy.slug}?lang={language}")).text()

        assert f'<html lang="{language}">' in page
        assert f"<h1>{toy.name(language)}</h1>" in page


async def test_the_language_is_remembered(browser: ClientSession) -> None:
    """
    A language chosen once holds for the next page.
    """
    await browser.get("/?lang=pl")

    assert '<html lang="pl">' in await (await browser.get("/basket")).text()


async def test_the_confirmation_frees_the_seat_once(browser: ClientSession) -> None:
    """
    The gate is told at the first confirmation, not at the payment and not at a later look.
    """
    payment = await buy(browser)
    paid = await browser.post(payment, allow_redirects=False)
    looks = [await browser.get(paid.headers["Location"]) for _ in range(2)]

    commands = [answer.headers.get("Waiting-Room-Command") for answer in (paid, *looks)]
    assert commands == [None, "release", None]


async def test_paying_again_shows_the_same_order(browser: ClientSession, model: ShopModel) -> None:
    """
    An impatient second payment goes on to the confirmation of the first.
    """
    payment = await buy(browser)
    first = await browser.post(payment, allow_redirects=False)
    second = await browser.post(payment, allow_redirects=False)
    again = await browser.get(payment, allow_redirects=False)

    assert first.headers["Location"] == second.headers["Location"] == again.headers["Location"]
    assert len(read_ledger(model.database).orders) == 1


async def test_sold_out_is_a_page_of_its_own(shop: TestServer, browser: ClientSession) -> None:
    """
    Whoever pays too late learns which toy is gone, with 409.
    """
    mine = await buy(browser, quantity=2)
    async with visiting(shop) as faster:
        await faster.post(await buy(faster, quantity=2))
        late = await faster.post("/basket", data={"product": "kite"})
        assert late.status == HTTPStatus.CONFLICT

    answer = await browser.post(mine)
    assert answer.status == HTTPStatus.CONFLICT
    assert "Breezy the kite" in await answer.text()
    assert "Sold out" in await (await browser.get("/product/kite")).text()


async def test_a_time_out_is_a_branded_504(browser: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A request that waited for too long gets the shop's own page, in its language, with a way to try again.
    """

    async def too_late(*_arguments: object) -> TimedOut:
        return TimedOut()

    monkeypatch.setattr(ConnectionPool, "run", too_late)
    answer = await browser.get("/?lang=pl")

    assert answer.status == HTTPStatus.GATEWAY_TIMEOUT
    assert "Za dużo osób przy kasie" in await answer.text()


async def test_a_fault_shows_no_trace(browser: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    When a page fails, the visitor sees the shop's words and no stack trace.
    """

    async def broken(*_arguments: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(ConnectionPool, "run", broken)
    answer = await browser.get("/")
    page = await answer.text()

    assert answer.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "A wheel came off" in page
    assert "secret detail" not in page
    assert "Traceback" not in page


async def test_wrong_fields_come_back_with_what_was_written(browser: ClientSession, model: ShopModel) -> None:
    """
    An unusable address shows the form again with every fault named, and nothing is ordered.
    """
    await browser.post("/basket", data={"product": "kite"})
    answer = await browser.post("/checkout", data={"name": "Jan", "email": "no address", "street": " "})
    page = await answer.text()

    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'value="Jan"' in page
    assert set(re.findall(r'id="(\w+)-fault"', page)) == {"email", "street", "city"}
    assert set(re.findall(r'aria-describedby="(\w+)-fault', page)) == {"email", "street", "city"}


async def test_what_a_visitor_writes_is_escaped(browser: ClientSession) -> None:
    """
    Markup in a field is text on the page.
    """
    await browser.post("/basket", data={"product": "kite"})
    answer = await browser.post("/checkout", data=ADDRESS | {"name": '"><script>alert(1)</script>', "city": ""})

    assert "<script>" not in await answer.text()


async def test_other_people_s_orders_are_not_found(shop: TestServer, browser: ClientSession) -> None:
    """
    Somebody else's order number leads nowhere.
    """
    payment = await buy(browser)
    async with visiting(shop) as stranger:
        for method, path in (("GET", payment), ("POST", payment), ("GET", payment.replace("payment", "order"))):
            assert (await stranger.request(method, path)).status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("method", "path", "form", "status"),
    [
        ("GET", "/nowhere", None, HTTPStatus.NOT_FOUND),
        ("GET", "/product/yacht", None, HTTPStatus.NOT_FOUND),
        ("GET", "/order/K-99999999999999999999", None, HTTPStatus.NOT_FOUND),
        ("GET", "/order/%27%20OR%201=1", None, HTTPStatus.NOT_FOUND),
        ("GET", "/assets/..%2fshop.py", None, HTTPStatus.NOT_FOUND),
        ("DELETE", "/basket", None, HTTPStatus.METHOD_NOT_ALLOWED),
        ("POST", "/basket", {"product": "yacht"}, HTTPStatus.BAD_REQUEST),
        ("POST", "/basket", {"product": "kite", "quantity": "-1"}, HTTPStatus.BAD_REQUEST),
        ("POST", "/basket", {"product": "kite", "quantity": "²"}, HTTPStatus.BAD_REQUEST),
        ("POST", "/payment/K-10001", {"method": "gold"}, HTTPStatus.BAD_REQUEST),
        ("POST", "/checkout", {"name": "x" * 20_000}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ],
)
async def test_nonsense_is_refused_in_the_shop_s_words(
    browser: ClientSession, method: str, path: str, form: dict[str, str] | None, status: HTTPStatus
) -> None:
    """
    Whatever is asked wrongly is answered by a page of the shop with the right status.
    """
    answer = await browser.request(method, path, data=form)

    assert answer.status == status
    assert "Karuzela" in await answer.text()


@pytest.mark.parametrize("path", ["/checkout", "/basket"])
async def test_an_empty_basket_says_so(browser: ClientSession, path: str) -> None:
    """
    Without a toy, checkout leads back to the basket, and the basket says that it is empty.
    """
    assert "Your basket is still empty" in await (await browser.get(path)).text()


async def test_pages_ask_for_nothing_from_elsewhere(browser: ClientSession) -> None:
    """
    Every source and style on a page is the shop's own and exists; a script there is none.
    """
    page = await (await browser.get("/")).text()
    sources = set(re.findall(r'(?:src|href)="([^"#?][^"]*\.(?:svg|css)[^"]*)"', page))

    assert len(sources) > len(TOYS)
    assert "<script" not in page
    for source in sources:
        answer = await browser.get(source)
        assert (source[0], answer.status) == ("/", HTTPStatus.OK)
        assert "immutable" in answer.headers["Cache-Control"]


async def test_assets_are_not_sent_twice(browser: ClientSession) -> None:
    """
    A browser that has the picture already gets 304.
    """
    first = await browser.get("/assets/toys/kite.svg")
    again = await browser.get("/assets/toys/kite.svg", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status == HTTPStatus.NOT_MODIFIED


async def test_pages_are_not_cached_and_cookies_are_guarded(browser: ClientSession) -> None:
    """
    A page belongs to one visitor: no cache keeps it, and no script reads its session.
    """
    answer = await browser.get("/")

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.cookies[views.SESSION_COOKIE]["httponly"]
    assert answer.cookies[views.SESSION_COOKIE]["samesite"] == "Lax"


async def test_a_made_up_session_is_replaced(browser: ClientSession) -> None:
    """
    A session id that the shop did not make is not taken over.
    """
    answer = await browser.get("/", cookies={views.SESSION_COOKIE: "chosen-by-me"})

    assert views.SESSION_ID.fullmatch(answer.cookies[views.SESSION_COOKIE].value)


async def test_health_and_pictures_need_no_database(shop: TestServer, browser: ClientSession) -> None:
    """
    With the pool stopped, pages say that the shop closes, while health, metrics and assets still answer.
    """
    shop.app[POOL].stop()

    assert (await browser.get("/")).status == HTTPStatus.SERVICE_UNAVAILABLE
    for path in ("/healthz", "/metrics", "/favicon.ico", "/assets/shop.css"):
        assert (await browser.get(path)).status == HTTPStatus.OK
