"""
How many are called, by the formulas: survival, turnover, and what is to spare for chance.
"""

from dataclasses import replace
from math import exp, log, pi, sqrt
from typing import Any

import pytest

from tests.core.makings import NOW_MS, POLICY, snapshot
from tests.core.test_pacing import MATURE_MS, called, calls_due, lead_s, measured_no_show
from waiting_room.core.pacing import (
    IDLE_SHARE,
    TICK_MS,
    TURNOVER_S,
    ahead_of_seats,
    ended,
    mature_ms,
    survival,
    turnover_per_s,
)
from waiting_room.core.policy import Policy


def test_cohorts_of_one_age_are_taken_together() -> None:
    """Of twenty who were called within a second five have come, and all of those who were called long ago."""
    old = (called(20_000, 10, 10), called(19_000, 20, 20))
    young = (called(800, 10, 3, 2), called(600, 10))

    assert survival((*old, *young), NOW_MS, 5000)[:2] == pytest.approx((1.0, 0.75))


def test_twenty_who_came_are_enough_to_tell() -> None:
    """All of them have come, and nobody is young: the shape that stands in is not asked."""
    assert survival((called(20_000, 20, 20),), NOW_MS, 5000)[1] == 1.0
    assert survival((called(20_000, 19, 19),), NOW_MS, 5000)[1] < 1.0


def test_who_is_old_enough_comes_no_more() -> None:
    """Half of the first who are old enough have not come, and all of the older ones have."""
    shares = survival((called(30_000, 20, 20), called(6000, 20, 10)), NOW_MS, 5000)

    assert shares[:6] == (1.0,) * 6
    assert set(shares[6:]) == {0.0}


def test_a_claim_of_a_few_seconds_is_old_at_half_its_window() -> None:
    """In ms; else two polls and what a claim is held for."""
    assert mature_ms(snapshot(policy=Policy(claim_window_s=4))) == 2000
    assert mature_ms(snapshot(policy=Policy(claim_window_s=60, poll_min_s=2))) == 7000


STARVED = Policy(claim_window_s=60, poll_min_s=2, poll_budget_per_s=100)
# Of 3,000 who wait each may poll every 40 s, and the k-th every (1 + ln 20) / 20 s times k: 0.2 s.
PLACE_S = (1 + log(20)) / 20


def late_s(*calls: tuple[int, int], **changes: Any) -> float:
    """
    Return by how much a claim is old later than in a room with an ample budget, where of 3,000 who wait so many were
    called, so many ms ago.
    """
    cohorts = tuple(called(age_ms, present) for age_ms, present in calls)
    room = snapshot(range(1, 3001), cohorts=cohorts, **{"policy": STARVED} | changes)
    return (mature_ms(room) - 7000) / 1000


def test_a_starved_budget_lets_claims_come_as_late_as_it_tells_people_to_ask() -> None:
    """At ten calls a second, who is a fortieth of 40 s away was told to ask again in 40 s, and up to a fifth later."""
    assert late_s((9000, 50), (3000, 50)) == pytest.approx(1.1 * 40 * (1 - 1 / (10 * PLACE_S)), abs=0.002)


def test_an_ample_budget_lets_no_claim_come_late() -> None:
    """Nor few calls: the k-th asks as often as the turn comes nearer."""
    assert late_s((9000, 50), (3000, 50), policy=replace(STARVED, poll_budget_per_s=10_000)) == 0
    assert late_s((9000, 20), (3000, 20)) == 0


def test_the_busiest_seconds_tell_how_late_claims_may_be() -> None:
    """Those who were called then were told by the calls of then; ten seconds are too long to tell two bursts apart."""
    assert late_s((40_000, 100), (29_999, 0), (1000, 10)) == late_s((1000, 100))
    assert late_s((11_001, 60), (1001, 60)) == late_s((1000, 60)) < late_s((11_000, 60), (1001, 60))


def test_of_two_lanes_each_asks_half_as_often() -> None:
    """And the calls of the busier one count."""
    whole = late_s((5000, 100))
    lane = snapshot(range(1, 1501), cohorts=(called(5000, 100),)).lanes["standard"]
    idle = replace(lane, cohorts=(called(5000, 10),))
    both = (mature_ms(snapshot(policy=STARVED, lanes={"standard": idle, "loyal": lane})) - 7000) / 1000

    assert both == pytest.approx(1.1 * 40 * (1 - 1 / (20 * PLACE_S)), abs=0.002)
    assert both > whole


def test_nobody_is_waited_for_beyond_four_fifths_of_the_claim_window() -> None:
    """However late a starved budget has people ask."""
    assert mature_ms(snapshot(range(1, 30_001), policy=STARVED, cohorts=(called(1000, 9000),))) == 48_000


def test_where_everybody_comes_nobody_is_missed() -> None:
    """Also of those who were called in the moment in which the slot began."""
    slot = {"slot_at_ms": NOW_MS - MATURE_MS, "no_show": 0.5}
    room = snapshot([], frontier=99, cohorts=(called(MATURE_MS, 30, 30),), **slot)

    assert measured_no_show(room) < 0.5
    assert measured_no_show(replace(room, no_show=0.0)) == 0.0


def test_the_turnover_is_learnt_at_its_own_pace() -> None:
    """Ten seats ended within a second where two did: a second's share of a quarter of a minute."""
    room = snapshot(ticked_ms=NOW_MS - 1000, admitted=160, seats=100, ended=50, turnover_per_s=2.0)

    assert turnover_per_s(room) == pytest.approx(2 + (1 - exp(-1 / TURNOVER_S)) * 8, rel=1e-5)


def test_where_all_who_came_are_inside_no_seat_has_ended() -> None:
    """Nor where seats were put back that nobody remembers."""
    assert ended(snapshot(admitted=100, seats=100)) == ended(snapshot(admitted=90, seats=100)) == 0


@pytest.mark.parametrize("capacity", [30, 50, 100, 160])
def test_chance_leaves_a_hundredth_of_the_seats_empty(capacity: int) -> None:
    """By the density of the difference between ends and arrivals, as far below its mean as there are some to spare."""
    coming = 2.0 * (4.0 + TICK_MS / 1000)
    spread = sqrt(2 * coming)
    spare = ahead_of_seats(2.0, 4.0, capacity, capacity) - coming
    density = exp(-((spare / spread) ** 2) / 2) / sqrt(2 * pi)

    assert spread * density == pytest.approx(IDLE_SHARE * capacity)


def test_in_a_large_room_chances_even_out() -> None:
    """None are to spare."""
    assert ahead_of_seats(2.0, 4.0, 1000, 1000) == pytest.approx(8.5)


def test_some_are_called_to_spare_where_every_seat_is_taken() -> None:
    """As many as end until they are there, and those that chance asks for."""
    room = snapshot(range(1, 500), seats=POLICY.capacity, turnover_per_s=2.0, tokens=50.0)

    assert calls_due(room, 0.0, 0.0) == pytest.approx(
        ahead_of_seats(2.0, lead_s(room), POLICY.capacity, POLICY.capacity)
    )
