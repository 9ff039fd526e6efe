"""
Whether an entrance is gated, by what came back.
"""

import pytest

from tests.doctor.makings import SHOP, answer, waits
from waiting_room.doctor.answers import Answer, Mark, Silence, mark_of, room_of
from waiting_room.doctor.entrances import CHECKOUT, Entrance, entrances, platform_of, spellings
from waiting_room.doctor.judging import Fate, Tried, judge, respelled
from waiting_room.proxies.settings import AWAY_PAGE

PAGE = Entrance("/checkout", CHECKOUT)
STORE_API = Entrance("/wp-json/wc/store/v1/checkout", CHECKOUT, "woocommerce", "OPTIONS", absent=("rest_no_route",))
CARTS = Entrance("/rest/V1/guest-carts/x", CHECKOUT, "magento", answers=("No such entity",))
JSON = "application/json"
NOWHERE = answer("/nowhere", 404, "nothing here", content_type="text/html")


@pytest.mark.parametrize(
    ("reply", "mark"),
    [
        (answer(), Mark.NONE),
        (answer(status=429, retry_after="9"), Mark.NONE),
        (answer(status=403), Mark.NONE),
        (answer(status=303, location="/waiting-room/sale?target=%2F"), Mark.WAITS),
        (answer(status=302, location=f"{SHOP}/waiting-room/sale"), Mark.WAITS),
        (answer(status=302, location="/login?back=/waiting-room/sale"), Mark.NONE),
        (waits(), Mark.WAITS),
        (answer(status=429, waiting_room_status="wait"), Mark.WAITS),
        (answer(status=403, waiting_room_status="refused"), Mark.WAITS),
        (answer(status=503, waiting_room_status="error"), Mark.AWAY),
        (answer(status=503, text=AWAY_PAGE), Mark.AWAY),
        (answer(status=200, waiting_room_status="degraded"), Mark.PASSES),
    ],
)
def test_a_gate_is_known_by_its_marks(reply: Answer, mark: Mark) -> None:
    """
    Neither a firewall's 429 nor a shop's redirect is taken for a gate.
    """
    assert mark_of(reply) is mark


def test_the_room_is_read_from_the_way_to_it() -> None:
    """
    The path of the waiting page names it.
    """
    assert room_of(waits()) == "sale"
    assert room_of(answer(status=302, location="/queue/sale"), "/queue") == "sale"
    assert room_of(answer()) == ""


@pytest.mark.parametrize(
    ("entrance", "reply", "fate"),
    [
        (PAGE, waits(), Fate.GATED),
        (PAGE, answer(), Fate.OPEN),
        (PAGE, answer(status=401), Fate.OPEN),
        (PAGE, answer(status=302, location="/cart"), Fate.OPEN),
        (PAGE, answer(status=302, location="/"), Fate.ABSENT),
        (PAGE, answer(status=404), Fate.ABSENT),
        (PAGE, answer(status=410), Fate.ABSENT),
        (PAGE, answer(status=403), Fate.UNTOLD),
        (PAGE, answer(status=429), Fate.UNTOLD),
        (PAGE, answer(status=502), Fate.UNTOLD),
        (PAGE, answer(status=503, waiting_room_status="error"), Fate.AWAY),
        (STORE_API, answer(status=200, text='{"namespace":"wc/store/v1"}', content_type=JSON), Fate.OPEN),
        (STORE_API, answer(status=404, text='{"code":"rest_no_route"}', content_type=JSON), Fate.ABSENT),
        (STORE_API, answer(status=400, text='{"code":"woocommerce_rest_cart_empty"}', content_type=JSON), Fate.OPEN),
        (CARTS, answer(status=404, text='{"message":"No such entity with %1"}', content_type=JSON), Fate.OPEN),
        (CARTS, answer(status=404, text="<html>No such entity</html>", content_type="text/html"), Fate.ABSENT),
        (Entrance("/pay", CHECKOUT, named=True), answer(status=404), Fate.OPEN),
    ],
)
def test_an_entrance_has_its_fate(entrance: Entrance, reply: Answer, fate: Fate) -> None:
    """
    An API that answers by an error of its own is there, a firewall's no tells nothing, and what is named is believed.
    """
    assert judge(Tried(entrance, (reply,)), {"GET": NOWHERE, "OPTIONS": NOWHERE}).fate is fate


def test_an_answer_that_the_shop_has_for_everything_is_no_entrance() -> None:
    """
    A front end that answers every path with its one page has no checkout there; a platform that was recognized has.
    """
    everything = answer("/nowhere", 200, "<title>Toys</title>" + "x" * 5000)
    page = answer("/kasa", 200, "<title>Toys</title>" + "x" * 5010)
    nowhere = {"GET": everything, "OPTIONS": everything}

    assert judge(Tried(PAGE, (page,)), nowhere).fate is Fate.ABSENT
    assert judge(Tried(STORE_API, (page,)), nowhere, "woocommerce").fate is Fate.OPEN


def test_no_answer_tells_nothing() -> None:
    """
    And the reason is kept.
    """
    found = judge(Tried(PAGE, (Silence("GET", SHOP, "no answer within 10 s"),)), {})

    assert (found.fate, found.what) == (Fate.UNTOLD, "no answer within 10 s")


@pytest.mark.parametrize(
    ("asked", "location", "there"),
    [
        ("/checkout", "/checkout/", f"{SHOP}/checkout/"),
        ("/checkout", "https://www.shop.example/checkout", "https://www.shop.example/checkout"),
        ("/checkout", "/pl/checkout", f"{SHOP}/pl/checkout"),
        ("/checkout", "/cart", ""),
        ("/checkout", "https://evil.example/checkout", ""),
        ("/checkout", "/checkout/login", ""),
    ],
)
def test_only_another_spelling_is_followed(asked: str, location: str, there: str) -> None:
    """
    A redirect to elsewhere is the shop's answer already.
    """
    assert respelled(f"{SHOP}{asked}", answer(asked, 301, location=location)) == there


@pytest.mark.parametrize(
    ("home", "platform"),
    [
        (answer("/", text='<link href="/wp-content/plugins/woocommerce/a.css">'), "woocommerce"),
        (answer("/", set_cookie="PrestaShop-1f=x; path=/"), "prestashop"),
        (answer("/", text="<script type='text/x-magento-init'>"), "magento"),
        (answer("/", sw_context_token="x"), "shopware"),
        (answer("/", text="<h1>A mask of Medusa, a Shopware mug</h1>"), ""),
    ],
)
def test_a_platform_shows_itself(home: Answer, platform: str) -> None:
    """
    By its own templates, headers and cookies, not by what the shop sells.
    """
    assert platform_of(home) == platform


def test_a_known_platform_is_not_asked_for_others() -> None:
    """
    Less to send, and less to read.
    """
    asked = entrances("prestashop", "/pl", ("/pay",), ("/callback",))

    assert {one.platform for one in asked} == {"", "prestashop"}
    assert {"/pl/checkout", "/pay", "/callback", "/robots.txt"} <= {one.path for one in asked}


def test_nothing_is_asked_that_does_something() -> None:
    """
    WooCommerce makes a draft order of who GETs its checkout, so that is asked by OPTIONS; nothing adds to a cart.
    """
    every = entrances("")

    assert {one.method for one in every} == {"GET", "OPTIONS"}
    assert {one.method for one in every if "wc/store/v1/checkout" in one.path} == {"OPTIONS"}
    assert [one.path for one in every if "add" in one.path or "wc-ajax=checkout" in one.path] == []
    assert len({(one.method, one.path) for one in every}) == len(every)


def test_spellings_are_others_of_the_same_path() -> None:
    """
    Upper case, coded, doubled, with a dot, with a parameter, below the front controller.
    """
    assert spellings("/pay") == ["/PAY", "/%70ay", "//pay", "/./pay", "/pay;a=1", "/index.php/pay"]
