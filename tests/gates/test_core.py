"""
What the gate does with a request, row by row.
"""

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gates.makings import HARD_END_MS, KEYRING, NOW_MS, ROOM, admission, pass_text, request, settings
from tests.gates.makings import visitor_text as visitor_token
from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.gates.core import (
    Allow,
    GateCore,
    LetThrough,
    Outcome,
    Refuse,
    SendToWait,
    TryStraight,
    Unprotected,
)
from waiting_room.gates.ledger import Gone, RoomState
from waiting_room.gates.requests import Request
from waiting_room.tokens import Ticket

GRACE_MS = 300_000
IDLE = RoomState(straight=True, phase="open")
BUSY = RoomState(straight=False, phase="open")
DOWN = RoomState(down=True)
SHADOW = RoomState(straight=True, phase="open", shadow=True)


def _decide(asked: Request, state: RoomState = BUSY, now_ms: int = NOW_MS, **changed: Any) -> Outcome:
    return GateCore(settings(**changed), KEYRING).decide(asked, state, now_ms)


def _gone(since_ms: int, *, released: bool = False) -> RoomState:
    gone = MappingProxyType({"standard.7": Gone(since_ms, HARD_END_MS, released)})
    return RoomState(straight=False, phase="open", gone=gone)


def test_holder_of_a_pass_is_let_in() -> None:
    """
    A good pass is all it takes.
    """
    assert _decide(request(pass_=pass_text())) == Allow(admission())


def test_pass_may_come_as_a_header() -> None:
    """
    An app without cookies sends the header instead.
    """
    assert _decide(request(headers={wire.PASS_HEADER: pass_text()})) == Allow(admission())


def test_pass_counts_while_the_service_is_down() -> None:
    """
    Those who are inside do not notice an outage, whatever is done with newcomers.
    """
    for rule in ("static", "open", "closed"):
        assert _decide(request(pass_=pass_text()), DOWN, when_service_down=rule) == Allow(admission())


@dataclass(frozen=True)
class Row:
    """
    Say which request meets which room and what comes of it.
    """

    asked: Request
    state: RoomState
    reason: Reason
    now_ms: int = NOW_MS
    changed: dict[str, Any] = field(default_factory=dict)


SENT_AWAY = {
    "nothing": Row(request(), BUSY, Reason.QUEUE_WAIT),
    "forged": Row(request(pass_=pass_text()[:-2] + "xx"), BUSY, Reason.PASS_INVALID),
    "foreign room": Row(request(pass_=pass_text(room="other")), BUSY, Reason.PASS_INVALID),
    "ticket for a pass": Row(
        request(pass_=KEYRING.sign(Ticket(ROOM, "standard", 7, "anna", 1))), BUSY, Reason.PASS_INVALID
    ),
    "other visitor": Row(request(pass_=pass_text(), visitor=visitor_token("ben")), BUSY, Reason.TICKET_OTHER_VISITOR),
    "over": Row(request(pass_=pass_text()), BUSY, Reason.PASS_EXPIRED, HARD_END_MS),
    "long over": Row(request(pass_=pass_text()), BUSY, Reason.PASS_EXPIRED, HARD_END_MS + GRACE_MS),
    "form long over": Row(request(method="POST", pass_=pass_text()), BUSY, Reason.PASS_EXPIRED, HARD_END_MS + GRACE_MS),
    "seat gone": Row(request(pass_=pass_text()), _gone(NOW_MS), Reason.PASS_ENDED),
    "form, seat long gone": Row(request(method="POST", pass_=pass_text()), _gone(NOW_MS - GRACE_MS), Reason.PASS_ENDED),
    "form, seat released": Row(
        request(method="POST", pass_=pass_text()), _gone(NOW_MS, released=True), Reason.PASS_ENDED
    ),
    "no grace": Row(request(method="POST", pass_=pass_text()), BUSY, Reason.PASS_EXPIRED, HARD_END_MS, {"grace_s": 0}),
}


@pytest.mark.parametrize("name", SENT_AWAY)
def test_who_has_no_good_pass_is_sent_to_wait_with_the_reason(name: str) -> None:
    """
    Each way of not having a pass leads to the waiting page, and says which it is.
    """
    row = SENT_AWAY[name]

    outcome = _decide(row.asked, row.state, row.now_ms, **row.changed)

    assert isinstance(outcome, SendToWait)
    assert outcome.reason is row.reason


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("state", "now_ms"), [(BUSY, HARD_END_MS + GRACE_MS - 1), (_gone(NOW_MS - GRACE_MS + 1), NOW_MS)]
)
def test_form_of_an_admitted_visitor_is_kept(method: str, state: RoomState, now_ms: int) -> None:
    """
    A pass that ran out while the form was filled in does not lose the form.
    """
    assert _decide(request(method=method, pass_=pass_text()), state, now_ms) == Allow(admission(), late=True)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_grace_is_for_forms_only(method: str) -> None:
    """
    Pages are not shown after the end of a pass.
    """
    assert isinstance(_decide(request(method=method, pass_=pass_text()), now_ms=HARD_END_MS), SendToWait)


@pytest.mark.parametrize(
    "path", ["/robots.txt", "/favicon.ico", "/.well-known/acme-challenge/x", "/healthz", "/metrics", "/assets/a.css"]
)
def test_paths_of_machines_are_free(path: str) -> None:
    """
    The defaults let monitors, crawlers' rules and certificates through.
    """
    assert _decide(request(path)) == Unprotected(listed=True, since="never")


def test_paths_that_are_not_protected_are_free() -> None:
    """
    With a narrower `protect`, the rest of the shop is open.
    """
    assert _decide(request("/product/1"), protect=("/checkout/*",)) == Unprotected(listed=False)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "TRACE", "BREW", "PROPFIND"])
def test_method_makes_no_difference(method: str) -> None:
    """
    No method gets around the gate.
    """
    assert isinstance(_decide(request(method=method)), SendToWait)


def test_preflight_is_free() -> None:
    """
    Browsers ask for permission without cookies; what they then send needs a pass.
    """
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}

    assert _decide(request(method="OPTIONS", headers=headers)) == Unprotected(listed=False, since="preflight")
    assert isinstance(_decide(request(method="OPTIONS", headers=headers | {"Content-Length": "5"})), SendToWait)
    assert isinstance(_decide(request(method="GET", headers=headers)), SendToWait)


def test_newcomer_may_try_to_go_straight_in() -> None:
    """
    With nobody waiting, the service is asked at once.
    """
    outcome = _decide(request(), IDLE)

    assert isinstance(outcome, TryStraight)
    assert outcome.visitor_text == ""
    assert not outcome.has_place


def test_known_visitor_tries_as_themselves() -> None:
    """
    The identity that the browser bears goes along, so that a repeated join is one place.
    """
    outcome = _decide(request(visitor=visitor_token()), IDLE)

    assert isinstance(outcome, TryStraight)
    assert outcome.visitor_text == visitor_token()


def test_forged_identity_is_dropped() -> None:
    """
    Only an identity of ours goes on to the service.
    """
    outcome = _decide(request(visitor="wr1.visitor.k1.e30.x"), IDLE)

    assert isinstance(outcome, TryStraight)
    assert outcome.visitor_text == ""


def test_waiting_visitor_is_known_to_have_a_place() -> None:
    """
    A ticket without a pass may be one that waits.
    """
    ticket = {wire.ticket_cookie(ROOM): "t"}

    first = _decide(request(cookies=ticket), IDLE)
    again = _decide(request(cookies=ticket, pass_=pass_text()), IDLE, HARD_END_MS)

    assert isinstance(first, TryStraight)
    assert first.has_place
    assert isinstance(again, TryStraight)
    assert not again.has_place


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Purpose": "prefetch"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
    ],
)
def test_by_the_way_requests_take_no_seat(headers: dict[str, str]) -> None:
    """
    Pictures and prefetches without identity do not each become a visitor.
    """
    assert isinstance(_decide(request(headers=headers), IDLE), SendToWait)


@pytest.mark.parametrize(("rule", "kind"), [("static", SendToWait), ("open", LetThrough), ("closed", Refuse)])
def test_operator_decides_about_newcomers_during_an_outage(rule: str, kind: type) -> None:
    """
    The service being away has the consequence that was chosen, and no other.
    """
    assert isinstance(_decide(request(), DOWN, when_service_down=rule), kind)


def test_refusal_is_a_503_with_its_reason() -> None:
    """
    A closed door during an outage says so.
    """
    assert _decide(request(), DOWN, when_service_down="closed") == Refuse(503, Reason.STORE_AWAY, as_json=False)


def test_in_shadow_a_newcomer_is_counted_and_never_kept_out() -> None:
    """
    The service is asked for a pass, so that it counts; what it says keeps nobody out.
    """
    outcome = _decide(request(), SHADOW)

    assert isinstance(outcome, TryStraight)
    assert outcome.otherwise == LetThrough(shadow=True)


@pytest.mark.parametrize("rule", ["static", "open", "closed"])
@pytest.mark.parametrize(
    ("asked", "state"),
    [
        (request(headers={"Sec-Purpose": "prefetch"}), SHADOW),
        (request(), replace(SHADOW, straight=False)),
        (request(), replace(SHADOW, straight=False, down=True)),
        (request(pass_="wr1.pass.k1.forged"), replace(SHADOW, straight=False)),
    ],
    ids=["prefetch", "crowded", "down", "forged"],
)
def test_in_shadow_everybody_passes(asked: Request, state: RoomState, rule: str) -> None:
    """
    Whether the service counts them or not, and whether it is there or not.
    """
    assert _decide(asked, state, when_service_down=rule) == LetThrough(shadow=True)


ANY_TEXT = st.text(st.characters(), max_size=30)
BITS = st.sampled_from([pass_text(), pass_text(room="other"), visitor_token(), "wr1.pass.k1.", ".", "=", "\x00", ""])
HEADERS = st.sampled_from(["Accept", "Sec-Fetch-Mode", "Referer", "Origin", "Upgrade", "Waiting-Room-Ticket", "Cookie"])


@given(
    st.lists(st.one_of(ANY_TEXT, BITS), min_size=1, max_size=4).map("".join),
    ANY_TEXT,
    st.dictionaries(HEADERS, ANY_TEXT),
    st.sampled_from(["GET", "POST", "OPTIONS", "BREW", ""]),
    st.sampled_from([IDLE, BUSY]),
)
def test_nothing_but_a_good_pass_is_let_in(
    text: str, visitor: str, headers: dict[str, str], method: str, state: RoomState
) -> None:
    """
    Whatever the tokens and headers are made of: no error, and no way in without a pass that the key has signed.
    """
    asked = request(method=method, headers=headers, pass_=text, visitor=visitor)

    outcome = _decide(asked, state, never=())

    assert isinstance(outcome, SendToWait | TryStraight) or text == pass_text()
