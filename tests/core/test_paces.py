"""
How people are called while seats fill, while those too many end, and from then on; and what is told of it.
"""

from dataclasses import replace
from math import exp, log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import POLICY, lane, lanes, snapshot
from waiting_room.core.estimate import CLASSES, SHORTEST_S, Forecast, Pace, Spread, call_rate_per_s, pace
from waiting_room.core.flow import Turnover
from waiting_room.core.lanes import Lane
from waiting_room.core.snapshot import Snapshot

FULL = POLICY.capacity
EACH = 0.01
"""A seat in use ends after a hundred seconds on average: of all, one a second."""
SURE = Spread.of([0.0] * CLASSES, [0.0] * CLASSES)


def paced(room: Snapshot, each: float = EACH) -> Pace:
    """
    Return how the people of the only lane are called.
    """
    return pace(room, "standard", Turnover(each, 0.0))


@given(st.floats(0.1, 100), st.floats(0.1, 100), st.floats(0.1, 300), st.floats(0, 0.01), st.floats(0, 600))
def test_whoever_is_reached_within_a_time_waits_for_so_long(
    rate: float, first: float, first_s: float, leaving: float, seconds: float
) -> None:
    """The one is the inverse of the other, in both parts and where they meet."""
    told = Pace(rate, first, first_s)

    assert told.wait_s(told.ahead_after(seconds, leaving), leaving) == pytest.approx(seconds, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("ahead", "wait_s"),
    [
        (10, 1.0),  # all of them are called while seats fill
        (50, 5.0),
        (60, 15.0),  # ten of them later, one a second
    ],
)
def test_those_beyond_the_free_seats_wait_for_ends(ahead: int, wait_s: float) -> None:
    """Ten a second for five seconds, then one."""
    assert Pace(1.0, 10.0, 5.0).wait_s(ahead, 0.0) == pytest.approx(wait_s)


def test_who_leaves_meanwhile_is_waited_for_by_nobody() -> None:
    """Nobody is called for a hundred seconds, and half of those who wait have left by then."""
    assert Pace(1.0, 0.0, 100.0).wait_s(20, log(2) / 100) == pytest.approx(
        100 + log(1 + 10 * log(2) / 100) * 100 / log(2)
    )


def test_a_full_room_calls_as_its_seats_end() -> None:
    """One a second, from the start."""
    assert paced(snapshot(range(1, 500), seats=FULL)) == Pace(1.0, 0.0, 0.0, by_seats=True)


def test_who_is_expected_has_a_seat() -> None:
    """Ten are free, and ten more than that are on their way: the room is full, and nobody is there too many."""
    room = snapshot(range(1, 500), seats=FULL - 10, expected=20.0)

    assert paced(room) == Pace(1.0, 0.0, 0.0, by_seats=True)


def test_seats_beyond_the_capacity_end_first() -> None:
    """Half of twice as many have ended after the time in which half of anything ends."""
    assert paced(snapshot(range(1, 500), seats=2 * FULL)) == pytest.approx((1.0, 0.0, log(2) / EACH, True))


def test_seats_fill_at_the_rate_against_those_that_end() -> None:
    """An empty room of a hundred: ten come in a second, and of those inside a hundredth goes."""
    told = paced(snapshot(range(1, 500)))

    assert told == pytest.approx((1.0, 10.0, log(10 / 9) / EACH, True))


def test_half_of_those_called_come() -> None:
    """So twice as many are called for the same seats, or the same rate."""
    room = snapshot(range(1, 500), seats=FULL - 50, no_show=0.5)

    assert paced(room)[:2] == pytest.approx((2.0, 20.0))


@pytest.mark.parametrize(
    ("changes", "each"),
    [
        ({"seats": FULL - 1}, 0.1),  # as many end as may come in
        ({"seats": 5, "policy": replace(POLICY, capacity=0)}, EACH),  # there are no seats at all
        ({"rate_per_minute": 0}, EACH),
    ],
)
def test_where_seats_do_not_limit_the_room_goes_by_its_rate(changes: dict[str, Any], each: float) -> None:
    """Whatever that is."""
    room = snapshot(range(1, 500), **changes)

    assert paced(room, each) == Pace(call_rate_per_s(room, "standard"))


def test_in_strict_order_the_first_lane_is_told_the_whole_rate() -> None:
    """The others wait for it."""
    policy = replace(POLICY, lane_order="strict", lanes=(Lane("standard", 1), Lane("vip", 9)))
    room = lanes(policy, standard=lane(range(1, 9)), vip=lane(range(1, 9)))

    assert (call_rate_per_s(room, "standard"), call_rate_per_s(room, "vip")) == (10.0, 0.0)


@given(st.lists(st.floats(0, 3), min_size=CLASSES, max_size=CLASSES))
def test_the_shortest_waits_keep_their_spread(sides: list[float]) -> None:
    """Longer ones are held to shorter ones, and these to none."""
    spread = Spread.of(sides, sides)

    assert (spread.early[0], spread.late[0]) == (sides[0], sides[0])


def test_the_longest_waits_have_the_spread_of_their_class() -> None:
    """And those that are longer still."""
    sides = [0.1 * (index + 1) for index in range(CLASSES)]
    spread = Spread.of(sides, sides)

    for seconds in (SHORTEST_S * 2 ** (CLASSES - 1), 10**6):
        assert spread.around(seconds) == pytest.approx((exp(-0.1 * CLASSES), exp(0.1 * CLASSES)))


def test_doubt_widens_the_range_on_its_side() -> None:
    """A thousand ahead, ten a second: twice as soon, or twice as late."""
    sure, sooner, later = (Forecast(10.0, 0.0, SURE, doubt).eta(1000) for doubt in ((0, 0), (log(2), 0), (0, log(2))))
    assert sure is not None
    assert sooner is not None
    assert later is not None

    assert sooner.low_s == pytest.approx(sure.low_s / 2, abs=1)
    assert sooner.high_s == sure.high_s
    assert later.low_s == sure.low_s
    assert later.high_s == pytest.approx(2 * sure.high_s, abs=4)


def test_the_largest_crowd_is_told_something() -> None:
    """Beyond all places for which a range is worked out."""
    assert Forecast(10.0, 0.0).eta(10**12) is not None


def test_a_range_that_is_shared_reaches_to_the_last_who_shares_it() -> None:
    """With two hundredths at least, and a poll's slack."""
    forecast = Forecast(1.0, 0.0, SURE)
    shared = forecast.eta(10_000)
    assert shared is not None
    last = max(ahead for ahead in range(10_000, 10_200) if forecast.eta(ahead) == shared)

    assert last > 10_000
    assert shared.high_s == pytest.approx(last * 1.02 + 3, abs=0.1)
