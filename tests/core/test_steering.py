"""
The rate in force: the policy's, the operator's, or what the shop bears.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, snapshot
from tests.core.test_adaptation import states
from tests.core.test_health import health
from waiting_room.core.adaptation import STEP_MS, Adaptation, Limits, Mode
from waiting_room.core.phase import Phase
from waiting_room.core.plan import plan
from waiting_room.core.reasons import Reason
from waiting_room.core.shop import Shop, decode, encode
from waiting_room.core.snapshot import Snapshot
from waiting_room.core.steering import limits_of, mode_of, said, steer

ADAPTIVE = replace(POLICY, adaptive=True)
QUICK = health(NOW_MS, in_flight_ms=6000)
BROKEN = health(NOW_MS, errors=100)
BEFORE = Adaptation(NOW_MS - STEP_MS, NOW_MS - 60_000, NOW_MS - STEP_MS, 120.0, 50.0, 40, 100, 2.0, 2.0)


def room(shop: Shop = Shop(), **changes: Any) -> Snapshot:  # noqa: B008 - a frozen value
    """
    Return an adaptive room with 40 inside.
    """
    made: dict[str, Any] = {"policy": ADAPTIVE, "seats": 40, "admitted": 102, "shop": shop}
    return snapshot(**(made | changes))


@given(states)
def test_what_the_law_remembers_is_read_as_it_was_written(state: Adaptation) -> None:
    """
    The store keeps it as text, to a thousandth; what was read is written the same.
    """
    text = encode(state)

    assert encode(decode(text)) == text
    assert decode("") is None
    assert encode(None) == ""


def test_what_the_law_remembers_is_kept_to_a_thousandth() -> None:
    """
    The store need not keep more.
    """
    assert ":0.333:" in encode(replace(BEFORE, rate=1 / 3))


def test_a_plain_room_goes_at_its_rate() -> None:
    """
    Nothing is remembered, whatever the shop does.
    """
    assert steer(snapshot(shop=Shop((BROKEN,)))) == (600, None)


def test_an_adaptive_room_begins_at_its_ceiling() -> None:
    """
    Without a warm-up it has to learn from the shop.
    """
    rate, state = steer(room())

    assert rate == 600
    assert state is not None


def test_a_warm_up_begins_at_the_floor_and_rises() -> None:
    """
    Also in a room that does not adapt; half of the time gives half of the way.
    """
    policy = replace(POLICY, warm_up_s=60, rate_floor_per_minute=60)
    first, state = steer(snapshot(policy=policy))
    later, _ = steer(snapshot(policy=policy, now_ms=NOW_MS + 30_000, shop=Shop(adaptation=state)))

    assert (first, later) == (60, 330)


def test_a_pause_keeps_what_was_learnt_and_warms_up_again() -> None:
    """
    The limit stays; the opening counts from the end of the pause.
    """
    _, state = steer(room(Shop(adaptation=BEFORE), phase=Phase.PAUSED))

    assert state is not None
    assert (state.limit, state.opened_ms) == (BEFORE.limit, NOW_MS)


def test_the_law_steps_once_a_second() -> None:
    """
    Between two steps there is nothing new: four ticks a second commit the same.
    """
    fresh = replace(BEFORE, at_ms=NOW_MS - STEP_MS + 1)

    assert steer(room(Shop((QUICK,), fresh))) == (120, fresh)


def test_a_shop_that_is_down_stops_the_calls() -> None:
    """
    The plan follows at once: rate 0, and nobody is called.
    """
    waiting = room(Shop((BROKEN,), BEFORE), lanes=snapshot(range(1, 30)).lanes)
    step = plan(waiting, "a")

    assert step is not None
    assert (step.rate_per_minute, step.called) == (0, 0)
    assert step.adaptation is not None
    assert step.adaptation.mode is Mode.HOLDING


@pytest.mark.parametrize(("override", "rate"), [(30, 30), (0, 0), (5000, 600)])
def test_the_operator_s_rate_holds_below_the_ceiling(override: int, rate: int) -> None:
    """
    Whatever the shop's health asks for; the law looks on.
    """
    found, state = steer(room(Shop((BROKEN,), BEFORE, override)))

    assert found == rate
    assert state is not None
    assert state.at_ms == NOW_MS


def test_a_ceiling_that_was_lowered_holds_at_once() -> None:
    """
    The law's last word was for a higher one.
    """
    low = replace(ADAPTIVE, rate_per_minute=60)

    assert steer(room(Shop((QUICK,), replace(BEFORE, at_ms=NOW_MS)), policy=low))[0] == 60


def test_stock_caps_the_seats() -> None:
    """
    Forty inside, sixty waiting, fifty units: no more than ten are called.
    """
    waiting = snapshot(range(1, 61), seats=40, shop=Shop(stock=50), tokens=10.0)
    step = plan(waiting, "a")

    assert waiting.capacity == 50
    assert step is not None
    assert step.expected <= 10


def test_more_than_one_may_be_inside_for_a_unit() -> None:
    """
    Where only some of those inside buy.
    """
    assert snapshot(policy=replace(POLICY, stock_factor=1.5), shop=Shop(stock=50)).capacity == 75


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_stock_never_means_fewer_seats(one: int, two: int) -> None:
    """
    And never more than the policy allows.
    """
    low, high = sorted((one, two))

    assert POLICY.seats_for(low) <= POLICY.seats_for(high) <= POLICY.capacity == POLICY.seats_for(None)


@pytest.mark.parametrize(
    ("shop", "mode"),
    [
        (Shop(), "fixed"),
        (Shop(adaptation=BEFORE), "following"),
        (Shop(adaptation=replace(BEFORE, mode=Mode.HOLDING)), "holding"),
        (Shop(adaptation=BEFORE, override=3), "overridden"),
    ],
)
def test_the_operator_is_told_what_the_rate_follows(shop: Shop, mode: str) -> None:
    """
    One word, for the console and the metrics.
    """
    assert mode_of(room(shop)) == said(room(shop))["mode"] == mode


def test_a_room_that_is_sold_out_says_why_it_is_closed() -> None:
    """
    Closed by the operator, or because nothing is left.
    """
    assert snapshot(phase=Phase.CLOSED).closing is Reason.ROOM_CLOSED
    assert snapshot(phase=Phase.CLOSED, shop=Shop(sold_out=True)).closing is Reason.SOLD_OUT


def test_what_the_operator_is_told_of_the_shop() -> None:
    """
    Of three hundred answers five were errors; nineteen of twenty came within a tenth of a second.
    """
    known = Shop((health(NOW_MS, 300, errors=5),), replace(BEFORE, limit=49.6), stock=70, sold_out=True)

    assert said(room(known)) == {
        "mode": "following",
        "override": None,
        "limit": 50,
        "p95_ms": 98,
        "error_share": 0.0167,
        "stock": 70,
        "sold_out": True,
    }


def test_a_limit_above_the_seats_is_told_as_the_seats() -> None:
    """
    Stock has lowered them since; without a law they are the limit themselves.
    """
    assert said(room(Shop(adaptation=BEFORE, stock=7)))["limit"] == 7
    assert said(snapshot())["limit"] == 100


def test_the_law_keeps_within_the_settings() -> None:
    """
    Its floor is never above the ceiling, and a room without seats is reckoned with one.
    """
    policy = replace(
        ADAPTIVE, rate_floor_per_minute=90, latency_target_ms=800, error_target=0.03, warm_up_s=45, capacity=0
    )

    assert limits_of(room(policy=policy)) == Limits(90.0, 600.0, 1, 800.0, 0.03, 45_000)
    assert limits_of(room(policy=replace(policy, rate_per_minute=60))).floor == 60.0


@pytest.mark.parametrize("changes", [{"phase": Phase.PAUSED}, {"recover_until_ms": NOW_MS + 1}])
def test_while_nobody_is_let_in_what_was_learnt_stays(changes: dict[str, Any]) -> None:
    """
    The clocks and counts go on, so that the next opening begins with its warm-up.
    """
    _, state = steer(room(Shop((QUICK,), replace(BEFORE, seats=37)), **changes))

    assert state == replace(BEFORE, at_ms=NOW_MS, opened_ms=NOW_MS, heard_ms=NOW_MS, seats=40, admitted=102)


def test_between_two_looks_nothing_changes() -> None:
    """
    A second apart they are, and no less.
    """
    just_now = replace(BEFORE, at_ms=NOW_MS - STEP_MS + 1)

    assert steer(room(Shop((QUICK,), just_now)))[1] == just_now
    assert steer(room(Shop((QUICK,), BEFORE)))[1] != BEFORE


def test_a_warm_up_alone_rises_from_the_floor_to_the_ceiling() -> None:
    """
    Half of it has passed: halfway from 60 to 600, whatever the shop says.
    """
    policy = replace(POLICY, warm_up_s=120, rate_floor_per_minute=60)

    assert steer(room(Shop((BROKEN,), BEFORE), policy=policy))[0] == 330
