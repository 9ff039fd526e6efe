"""
Where a visitor may be sent on to.
"""

import string
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core.targets import MAX_LENGTH, Target, choose, origin

HOME = "https://shop.example/checkout"
HOSTS = ("shop.example", "m.shop.example:8443")

GOOD = {
    "/": "https://shop.example/",
    "/product/lego?size=2&x=%2F#top": "https://shop.example/product/lego?size=2&x=%2F#top",
    "/a//b": "https://shop.example/a//b",
    "/żółw": "https://shop.example/%C5%BC%C3%B3%C5%82w",
    "/?next=//evil.example": "https://shop.example/?next=//evil.example",
    "https://shop.example/x": "https://shop.example/x",
    "HTTPS://SHOP.EXAMPLE/x": "HTTPS://SHOP.EXAMPLE/x",
    "http://shop.example:8080/x": "http://shop.example:8080/x",
    "https://m.shop.example:8443/x": "https://m.shop.example:8443/x",
    "https://shop.example?x=1": "https://shop.example?x=1",
}

HOSTILE = (
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\r\n//evil.example",
    "/x\r\nSet-Cookie: a=b",
    " //evil.example",
    "/ok\u2028",
    "/half\ud800",
    "\ufeff//evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/%2e//evil.example",
    "/%2E%2e//evil.example",
    "/a/..//evil.example",
    "/././/evil.example",
    "evil.example",
    "javascript:alert(1)",
    "JavaScript://shop.example/%0aalert(1)",
    "data:text/html,x",
    "ftp://shop.example/",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https://evil.example",
    "https://evil.example/shop.example",
    "https://evil.example#shop.example",
    "https://shop.example.evil.example/",
    "https://evilshop.example/",
    "https://shop.example@evil.example/",
    "https://evil.example@shop.example/",
    "https://shop.example:443@evil.example/",
    "https://shop.example:/x",
    "https://shop.example:99999/",
    "https://shop.example:8443x/",
    "https://m.shop.example/",
    "https://m.shop.example:8444/",
    "https://shop.example./",
    "https://shop%2eexample/",
    "https://ｓhop.example/",
    "https://shop。example/",
    "https://[::1/",
    "https://[::1]/",
    "?target=/x",
    "#x",
    "/" + "x" * MAX_LENGTH,
)


@pytest.mark.parametrize("asked", GOOD)
def test_a_page_of_the_shop_is_taken(asked: str) -> None:
    """
    A path and an allowed host are good, whatever their case, query or port rule.
    """
    assert choose(asked, HOME, HOSTS) == Target(GOOD[asked])


@pytest.mark.parametrize("asked", HOSTILE)
def test_any_other_address_is_refused(asked: str) -> None:
    """
    What is not clearly the shop's is answered with the room's own target, and told as refused.
    """
    assert choose(asked, HOME, HOSTS) == Target(HOME, refused=True)


@pytest.mark.parametrize("asked", [None, ""])
def test_nothing_asked_is_no_refusal(asked: str | None) -> None:
    """
    Without a wish the room's target is taken silently.
    """
    assert choose(asked, HOME, ()) == Target(HOME)


def test_the_host_of_the_rooms_target_needs_no_entry() -> None:
    """
    The shop that the room stands for is always allowed, at the port its target names.
    """
    assert choose("http://127.0.0.1:8081/a", "http://127.0.0.1:8081/", ()) == Target("http://127.0.0.1:8081/a")
    assert choose("http://127.0.0.1:8082/a", "http://127.0.0.1:8081/", ()).refused


def test_an_entry_without_a_port_allows_any_port() -> None:
    """
    A rehearsal's shop moves from port to port.
    """
    assert not choose("http://127.0.0.1:50123/a", "", ("127.0.0.1",)).refused
    assert not choose("http://[::1]:50123/a", "", ("[::1]",)).refused


def test_a_room_without_a_target_leads_to_the_front_page() -> None:
    """
    A path stays a path where no other host is known, and the last resort is the front page.
    """
    assert choose("/a", "", ()) == Target("/a")
    assert choose("//evil.example", "", ()) == Target("/", refused=True)


def test_origin_of_a_path_is_empty() -> None:
    """
    Only an absolute address has an origin.
    """
    assert origin("/a") == ""
    assert origin("//shop.example/a") == ""
    assert origin("ftp://shop.example/a") == ""
    assert origin("https://shop.example:8443/a?b") == "https://shop.example:8443"


PIECES = st.sampled_from(
    [
        "/",
        "//",
        "\\",
        ".",
        "..",
        "%2e",
        "evil.example",
        "shop.example",
        "https:",
        "http:",
        "@",
        ":",
        ":443",
        "\t",
        "?",
        "#",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=8).map("".join))
def test_whatever_is_asked_the_visitor_stays_with_the_shop(asked: str) -> None:
    """
    Resolved as a browser resolves it, the answer lies on an allowed host, and it cannot break out of a header.
    """
    url = choose(asked, HOME, HOSTS).url

    resolved = urlsplit(urljoin("https://room.example/waiting-room/sale", url.replace("\\", "/")))
    assert resolved.hostname in {"shop.example", "m.shop.example"}
    assert set(url) <= set(string.printable) - set(string.whitespace)


@given(st.text(max_size=30))
def test_a_path_never_names_a_host_where_the_room_has_none(asked: str) -> None:
    """
    A room that knows no shop sends nobody to another host.
    """
    url = choose("/" + asked, "", ()).url

    assert urlsplit(urljoin("https://room.example/", url)).hostname == "room.example"


def test_an_address_may_be_as_long_as_programs_take() -> None:
    """
    And not a letter longer.
    """
    longest = "/" + "a" * (MAX_LENGTH - 1)

    assert choose(longest, HOME, HOSTS) == Target(f"https://shop.example{longest}")
    assert choose(f"{longest}a", HOME, HOSTS).refused
