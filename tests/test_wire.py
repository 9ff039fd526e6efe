"""
The shape of every answer.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room import wire
from waiting_room.core.outcomes import Admitted, Called, Closed, Early, Eta, Outcome, Paused, Refused, Waiting
from waiting_room.core.reasons import Longer, Reason

SECONDS = st.floats(0, 1e9).map(lambda seconds: round(seconds, 1))
WAITINGS = st.builds(
    Waiting,
    st.integers(1, 2**53),
    st.integers(1, 2**32),
    st.one_of(st.none(), st.builds(Eta, SECONDS, SECONDS)),
    st.integers(0, 10**7),
    st.sampled_from(Reason),
    st.one_of(st.none(), st.sampled_from(Longer)),
)
EARLIES = st.builds(
    Early,
    st.integers(1, 2**53),
    st.one_of(st.none(), st.integers(0, 10**10)),
    st.integers(0, 10**7),
    st.sampled_from(Reason),
)
OUTCOMES: dict[str, tuple[Outcome, dict[str, Any]]] = {
    "waiting": (
        Waiting(7, 3, Eta(1.5, 9.0), 2500),
        {"number": 7, "position": 3, "ahead": 2, "eta_low_s": 1.5, "eta_high_s": 9.0, "next_poll_s": 2.5,
         "reason": "queue_wait"},
    ),
    "waiting for longer": (
        Waiting(7, 3, None, 2500, longer=Longer.SHOP_SLOW),
        {"state": "waiting", "number": 7, "position": 3, "ahead": 2, "next_poll_s": 2.5, "reason": "queue_wait",
         "eta_reason": "shop_slow"},
    ),
    "early": (
        Early(7, 60_500, 30_000),
        {"state": "waiting", "number": 7, "opens_in_s": 60.5, "next_poll_s": 30.0, "reason": "prequeue"},
    ),
    "called": (
        Called(7, 1000),
        {"number": 7, "position": 0, "ahead": 0, "eta_low_s": 0.0, "eta_high_s": 0.0, "next_poll_s": 1.0,
         "reason": "your_turn"},
    ),
    "admitted": (Admitted(7, "standard.7", 1, 2), {"number": 7}),
    "paused": (
        Paused(7, 3, 5000),
        {"number": 7, "position": 3, "ahead": 2, "next_poll_s": 5.0, "reason": "room_paused"},
    ),
    "break": (
        Paused(7, 3, 5000, Reason.TECHNICAL_BREAK, 720_000),
        {"state": "paused", "number": 7, "position": 3, "ahead": 2, "next_poll_s": 5.0, "reason": "technical_break",
         "resumes_in_s": 720.0},
    ),
    "closed": (Closed(), {"reason": "room_closed"}),
    "closed until then": (
        Closed(opens_in_ms=90_000),
        {"state": "closed", "reason": "room_closed", "opens_in_s": 90.0},
    ),
    "refused": (Refused(Reason.NO_TICKET, 2000), {"reason": "no_ticket", "next_poll_s": 2.0}),
}  # fmt: skip


@pytest.mark.parametrize("state", OUTCOMES)
def test_an_answer_says_what_applies_and_null_elsewhere(state: str) -> None:
    """All keys are always there, in the same order."""
    outcome, said = OUTCOMES[state]
    answer = wire.describe(outcome, "toys")

    assert tuple(answer) == wire.KEYS
    told = {key: value for key, value in answer.items() if value is not None}
    assert told == {"state": state, "room": "toys"} | said


def test_who_is_paused_without_a_place_has_no_number() -> None:
    """A join that was put off is no place."""
    answer = wire.describe(Paused(0, 0, 2000, Reason.STORE_AWAY), "toys")

    assert (answer["number"], answer["position"], answer["ahead"]) == (None, None, None)


def test_a_refusal_for_good_names_no_time() -> None:
    """There is nothing to wait for."""
    assert wire.describe(Refused(Reason.TICKET_USED), "toys")["next_poll_s"] is None


TOKENS = st.one_of(st.none(), st.text(st.sampled_from("abcXYZ019-_."), min_size=1, max_size=30))


@given(WAITINGS, st.text(max_size=20), TOKENS, TOKENS)
def test_the_quick_answer_is_the_same_as_the_slow_one(
    outcome: Waiting, message: str, visitor: str | None, ticket: str | None
) -> None:
    """Byte for byte, whatever it holds."""
    slow = wire.describe(outcome, "toys") | {"message": message or None, "visitor": visitor, "ticket": ticket}
    json_message = json.dumps(message, ensure_ascii=False) if message else "null"

    assert wire.encode_waiting(outcome, '"toys"', json_message, visitor, ticket) == wire.encode(slow)


@given(EARLIES, st.text(max_size=20), TOKENS, TOKENS)
def test_the_quick_answer_before_the_opening_is_the_same_as_the_slow_one(
    outcome: Early, message: str, visitor: str | None, ticket: str | None
) -> None:
    """Byte for byte, whatever it holds."""
    slow = wire.describe(outcome, "toys") | {"message": message or None, "visitor": visitor, "ticket": ticket}
    json_message = json.dumps(message, ensure_ascii=False) if message else "null"

    assert wire.encode_early(outcome, '"toys"', json_message, visitor, ticket) == wire.encode(slow)


@given(st.dictionaries(st.sampled_from(wire.KEYS), st.one_of(st.none(), st.text(), st.integers(), SECONDS)))
def test_an_answer_is_json_in_utf_8(answer: dict[str, Any]) -> None:
    """And says what it was made from."""
    assert json.loads(wire.encode(answer)) == answer


def test_cookies_are_named_by_room() -> None:
    """Two rooms of one shop do not take each other's tickets."""
    assert (wire.ticket_cookie("a"), wire.pass_cookie("a")) == ("wr_ticket_a", "wr_pass_a")
    assert wire.ticket_cookie("a") != wire.ticket_cookie("b")
