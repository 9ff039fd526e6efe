"""
Who asks, by their address: what a visitor writes themselves counts for nothing.
"""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.gates.networks import MOST_HOPS, UNIX, Known, Networks, Proxies, Way, address_of, handed_on

PROXIES = ("10.0.0.0/8", "fd00::/8")
STAFF = "203.0.113.7"
STRANGER = "198.51.100.9"
NEAR, FAR = "10.0.0.1", "10.0.0.2"

WAYS = [
    # peer, X-Forwarded-For, whom it is from
    (STRANGER, "", STRANGER),
    (STRANGER, STAFF, STRANGER),
    (NEAR, STRANGER, STRANGER),
    (NEAR, f"{STAFF}, {STRANGER}", STRANGER),
    (NEAR, f"{STAFF},{STRANGER},{FAR}", STRANGER),
    (NEAR, f"{STAFF}, {FAR}", STAFF),
    (NEAR, f"{STAFF}:443", STAFF),
    (NEAR, f"  {STAFF}\t", STAFF),
    (NEAR, f"::ffff:{STAFF}", STAFF),
    (NEAR, f"[::ffff:{STAFF}]:443", STAFF),
    (f"::ffff:{NEAR}", STAFF, STAFF),
    (NEAR, "", NEAR),
    (NEAR, FAR, FAR),
    (NEAR, "2001:db8::7", "2001:db8::7"),
    (NEAR, "[2001:DB8::7]", "2001:db8::7"),
    ("fd00::1", STAFF, STAFF),
    (NEAR, f"{STAFF},", None),
    (NEAR, f"{STAFF}, unknown", None),
    (NEAR, "_hidden", None),
    (NEAR, "203.0.113.007", None),
    (NEAR, "3405803783", None),
    (NEAR, "0xcb007107", None),
    (NEAR, "fe80::1%eth0", None),
    (NEAR, "203.0.113.7/32", None),
    ("", STAFF, None),
    ("nonsense", STAFF, None),
]


@pytest.mark.parametrize(("peer", "forwarded", "expected"), WAYS)
def test_visitor_is_the_last_whom_no_believed_proxy_stands_for(peer: str, forwarded: str, expected: str | None) -> None:
    """What stands further left was the visitor's own to write, and what cannot be read is nobody's."""
    found = Proxies(PROXIES).visitor(Way(peer, forwarded))

    assert (None if found is None else str(found)) == expected


@pytest.mark.parametrize(("peer", "forwarded", "expected"), WAYS)
def test_without_proxies_only_the_connection_counts(peer: str, forwarded: str, expected: str | None) -> None:
    """Whatever X-Forwarded-For says."""
    del expected

    assert Proxies(()).visitor(Way(peer, forwarded)) == address_of(peer)


@pytest.mark.parametrize(("peer", "forwarded", "expected"), [way for way in WAYS if way[0]])
def test_who_believes_the_shop_finds_the_same_visitor_in_what_it_hands_on(
    peer: str, forwarded: str, expected: str | None
) -> None:
    """So the room counts a newcomer's join from the shop for the newcomer's own network."""
    shop = "192.0.2.80"
    found = Proxies((*PROXIES, shop)).visitor(Way(shop, handed_on(Way(peer, forwarded), by_socket=False)))

    assert (None if found is None else str(found)) == expected


def test_of_a_unix_socket_nothing_is_handed_on_unless_it_is_believed() -> None:
    """Else a visitor's own words would come with the shop's good name."""
    assert handed_on(Way("", STAFF), by_socket=False) == ""
    assert handed_on(Way("", STAFF), by_socket=True) == STAFF


def test_a_long_tale_is_not_handed_on() -> None:
    """Only its end can count."""
    assert handed_on(Way(NEAR, ",".join([STAFF] * 1000)), by_socket=False).count(",") == MOST_HOPS - 1


@pytest.mark.parametrize(
    ("way", "expected"),
    [(Way(NEAR, STRANGER), STRANGER), (Way(STRANGER, ""), STRANGER), (Way(NEAR, ""), None), (Way("", ""), None)],
)
def test_beyond_the_believed_proxies_is_a_visitor_or_nobody(way: Way, expected: str | None) -> None:
    """A proxy that has told of nobody is not the visitor."""
    found = Proxies(PROXIES).beyond(way)

    assert (None if found is None else str(found)) == expected


def test_unix_socket_is_believed_only_where_it_is_named() -> None:
    """It has no address of its own."""
    assert str(Proxies((UNIX,)).visitor(Way("", f"{STAFF}, {STRANGER}"))) == STRANGER
    assert Proxies((UNIX,)).visitor(Way("", "")) is None


@given(st.lists(st.text(st.sampled_from("0123456789abcdef.:[], x%\t"), max_size=40), max_size=6), st.booleans())
def test_stranger_never_becomes_staff(forged: list[str], mapped: bool) -> None:
    """Whatever they write before what the proxy adds."""
    known = Known(PROXIES, (f"{STAFF}/32", "fc00::/8"), ())
    own = f"::ffff:{STRANGER}" if mapped else STRANGER
    way = Way(NEAR, ",".join([*forged, STAFF, own]))

    assert known.spared(way, looks=True) == ""
    assert known.visitor(way) == STRANGER


@given(st.ip_addresses(), st.lists(st.ip_addresses(), max_size=8), st.integers(0, 32))
def test_networks_are_those_of_the_standard_library(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    others: list[ipaddress.IPv4Address | ipaddress.IPv6Address],
    bits: int,
) -> None:
    """By a look-up instead of a walk through all."""
    texts = [str(ipaddress.ip_network(f"{other}/{bits}", strict=False)) for other in (*others, address)]

    assert address in Networks(texts)
    assert Networks(texts[:-1]).__contains__(address) == any(
        address in ipaddress.ip_network(text) for text in texts[:-1]
    )


def test_crawler_may_look_and_nothing_else() -> None:
    """Whoever sits in its owner's network; staff may do as they like."""
    known = Known((), (f"{STAFF}/32",), ("66.249.64.0/27",))

    assert known.spared(Way("66.249.64.5", ""), looks=True) == "crawler"
    assert known.spared(Way("66.249.64.5", ""), looks=False) == ""
    assert known.spared(Way(STAFF, ""), looks=False) == "staff"
