"""
Whatever a shop answers, an examination goes on.
"""

from hypothesis import given
from hypothesis import strategies as st

from waiting_room.doctor.answers import Answer, mark_of, room_of
from waiting_room.doctor.entrances import CHECKOUT, FREE, Entrance, platform_of
from waiting_room.doctor.gate_checks import GateFacts, check_gate
from waiting_room.doctor.judging import Tried, judge, respelled
from waiting_room.doctor.page_checks import PageFacts, check_page
from waiting_room.doctor.report import told
from waiting_room.doctor.site_checks import SiteFacts, check_site, clock_of

NAMES = (
    *("location", "content-type", "set-cookie", "date", "age", "x-cache", "cache-control", "waiting-room-url"),
    *("waiting-room-status", "content-language", "strict-transport-security", "connection"),
)
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            *("application/problem+json", "text/html", "http://[", "//[::1", "https://shop.example:0/", "wr_visitor"),
            *("wr_visitor=;;=;Path", "Sun, 99 Nov 2026 20:00:00 GMT", "\u0661", "wait", "/waiting-room/%FF"),
        ]
    ),
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            *("[" * 5_000, "{}", '{"type": 1, "room": [], "phase": {}, "mode": [1], "waiting_room_url": {"a": 1}}'),
            *('{"room": "sale", "phase": ["closed"]}', "<title><title>", "null"),
        ]
    ),
)
ANSWERS = st.builds(
    Answer,
    method=st.sampled_from(["GET", "HEAD"]),
    url=st.just("https://shop.example/checkout"),
    status=st.integers(100, 599),
    headers=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=4).map(tuple),
    text=TEXTS,
)


@given(ANSWERS, ANSWERS)
def test_no_answer_stops_an_examination(one: Answer, other: Answer) -> None:
    """
    Addresses that are none, documents of other shapes, cookies in pieces: something is said, and nothing raised.
    """
    mark_of(one)
    room_of(one)
    platform_of(one)
    respelled(one.url, one)
    clock_of("the shop", one)
    judged = tuple(
        judge(Tried(Entrance("/checkout", kind), (reply,)), {"GET": other})
        for kind, reply in ((CHECKOUT, one), (FREE, other))
    )
    gate = GateFacts(
        judged, "sale", "", home=other, nowhere=one, spelled=(one,), forged=(("x", one),), hosted=one, head=one
    )
    page = PageFacts("sale", "https://shop.example/x", state=one, first=one, second=other, known=one, heavy=other)
    for found in (
        check_gate(gate),
        check_page(page),
        check_site(SiteFacts("https://shop.example", one, other, (one,))),
    ):
        assert told(found)
