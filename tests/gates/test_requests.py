"""
Reading a request: person or program, and where to come back to.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gates.makings import BROWSER, KEYRING, NOW_MS, ROOM, request, settings
from waiting_room.gates.core import GateCore, Outcome, SendToWait
from waiting_room.gates.ledger import RoomState
from waiting_room.gates.requests import Request, wants_json

FETCH = {"Accept": "*/*", "Sec-Fetch-Mode": "cors"}
ANY_TEXT = st.text(st.characters(), max_size=60)
"""Halves of characters as well: that is how servers hand on bytes that are no UTF-8."""
BUSY = RoomState(straight=False, phase="open")


def _decide(asked: Request, **changed: Any) -> Outcome:
    return GateCore(settings(**changed), KEYRING).decide(asked, BUSY, NOW_MS)


TARGETS = {
    "/checkout?a=1&b=%2F": "/checkout?a=1&b=%2F",
    "/żółw": "/żółw",
    "//evil.example/x": "/",
    "/\\evil.example": "/",
    "http://evil.example/": "/",
    "": "/",
}


@pytest.mark.parametrize("path", TARGETS)
def test_waiting_page_is_told_where_to_go_on(path: str) -> None:
    """
    The address asked for is the target, relative where the page stands on the shop's own host.
    """
    outcome = _decide(request(path))

    assert isinstance(outcome, SendToWait)
    assert parse_qs(urlsplit(outcome.url).query)["target"] == [TARGETS[path]]
    assert outcome.url.startswith(f"/waiting-room/{ROOM}?target=%2F")


def test_target_is_absolute_where_the_page_stands_elsewhere() -> None:
    """
    A page on another host needs to know the shop's.
    """
    page = "http://127.0.0.1:8080/waiting-room/sale"

    believed = _decide(request("/a"), page_url=page)
    told = _decide(request("/a"), page_url=page, shop_url="https://toys.example/")

    assert isinstance(believed, SendToWait)
    assert believed.url == page + "?target=http%3A%2F%2Fshop.example%2Fa"
    assert isinstance(told, SendToWait)
    assert told.url == page + "?target=https%3A%2F%2Ftoys.example%2Fa"


def test_form_leads_back_to_its_page() -> None:
    """
    A form's action often cannot be fetched; the page it stood on can, if it is the shop's.
    """

    def target(referrer: str) -> str:
        outcome = _decide(request("/basket", "POST", headers=BROWSER | {"Referer": referrer}))
        assert isinstance(outcome, SendToWait)
        return parse_qs(urlsplit(outcome.url).query)["target"][0]

    assert target("http://shop.example/product/lego?c=red") == "/product/lego?c=red"
    assert target("http://shop.example//evil.example/") == "/"
    assert target("http://shop.example.evil.example/x") == "/basket"
    assert target("http://[") == "/basket"
    assert target("") == "/basket"


def test_script_leads_back_to_its_page() -> None:
    """
    Whoever follows the address of the problem document comes back to a page, not to a line of JSON.
    """

    def target(referrer: str) -> str:
        outcome = _decide(request("/api/cart", headers=FETCH | {"Referer": referrer}))
        assert isinstance(outcome, SendToWait)
        return parse_qs(urlsplit(outcome.url).query)["target"][0]

    assert target("http://shop.example/checkout?step=2") == "/checkout?step=2"
    assert target("http://evil.example/checkout") == "/api/cart"
    assert target("") == "/api/cart"


@pytest.mark.parametrize(
    ("path", "cookie", "expected"),
    [
        ("/?lang=pl", "", "pl"),
        ("/?lang=pl-PL", "", "pl"),
        ("/?a=1&lang=en", "pl", "en"),
        ("/", "pl_PL", "pl"),
        ("/?lang=de", "pl", "pl"),
        ("/?lang=de", "", ""),
        ("/?lang=", "", ""),
        ("/", "", ""),
    ],
)
def test_waiting_page_is_told_the_language_of_the_shop(path: str, cookie: str, expected: str) -> None:
    """
    The address counts before the shop's cookie; a language that the page does not speak is not handed on.
    """
    cookies = {"shop_lang": cookie} if cookie else {}
    outcome = _decide(request(path, cookies=cookies), language_cookie="shop_lang")

    assert isinstance(outcome, SendToWait)
    assert parse_qs(urlsplit(outcome.url).query).get("lang", [""]) == [expected]


def test_cookies_of_others_say_nothing_of_the_language() -> None:
    """
    Without the setting no cookie is looked at, not even one without a name.
    """
    outcome = _decide(request("/", cookies={"shop_lang": "pl", "": "pl"}))

    assert isinstance(outcome, SendToWait)
    assert outcome.url == f"/waiting-room/{ROOM}?target=%2F"


def test_overlong_target_is_left_out() -> None:
    """
    An address that no redirect could carry is dropped, not cut.
    """
    outcome = _decide(request("/" + "a" * 3000))

    assert isinstance(outcome, SendToWait)
    assert outcome.url == f"/waiting-room/{ROOM}"


@given(ANY_TEXT, ANY_TEXT, st.sampled_from(["GET", "POST"]), ANY_TEXT)
def test_address_of_the_waiting_page_is_fit_for_a_header(path: str, query: str, method: str, referrer: str) -> None:
    """
    Whatever is asked for, the redirect is printable ASCII and goes to the waiting page.
    """
    asked = Request(method, path, query, BROWSER | {"Referer": referrer}, {}, "http://shop.example")
    outcome = _decide(asked, never=())
    assert isinstance(outcome, SendToWait)

    assert outcome.url.isascii()
    assert outcome.url.isprintable()
    assert urlsplit(outcome.url).netloc == ""
    assert urlsplit(outcome.url).path == f"/waiting-room/{ROOM}"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (BROWSER, False),
        ({"Accept": "text/html,*/*"}, False),
        ({"Accept": "*/*"}, False),
        ({}, False),
        ({"Accept": "application/json, text/html;q=0.1", "Sec-Fetch-Mode": "navigate"}, False),
        (FETCH, True),
        ({"Accept": "application/json"}, True),
        ({"Accept": "application/problem+json"}, True),
        ({"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"}, True),
        ({"Accept": "text/html", "Sec-Fetch-Mode": "same-origin"}, True),
        ({"Accept": "*/*", "Content-Type": "application/json"}, True),
        ({"Accept": "image/webp,*/*", "Sec-Fetch-Mode": "no-cors"}, True),
        ({"Accept": "text/event-stream"}, True),
        ({"Upgrade": "websocket"}, True),
        (BROWSER | {"Sec-Purpose": "prefetch"}, True),
    ],
)
def test_programs_are_told_from_people(headers: dict[str, str], *, expected: bool) -> None:
    """
    A script never gets a page where it expects data; a person never gets data.
    """
    assert wants_json(request(headers=headers)) is expected
