"""
How people are called while seats fill, while those too many end, and from then on; and what is told of it.
"""

from dataclasses import replace
from math import exp, log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, lane, lanes, snapshot
from waiting_room.core.adaptation import Limits, Reading, begin
from waiting_room.core.estimate import CLASSES, SHORTEST_S, Forecast, Pace, Spread, call_rate_per_s, pace
from waiting_room.core.flow import Outlook
from waiting_room.core.lanes import Lane
from waiting_room.core.shop import Shop
from waiting_room.core.snapshot import Cohort, Snapshot
from waiting_room.core.stays import Course

FULL = POLICY.capacity
EACH = 0.01
"""A seat in use ends after a hundred seconds on average: of all, one a second."""
SURE = Spread.of([0.0] * CLASSES, [0.0] * CLASSES)


def paced(room: Snapshot, *steps: tuple[float, float], at_last: float = 1.0) -> Pace:
    """
    Return how the people of the only lane are called, where so many come in.
    """
    return pace(room, "standard", Outlook(EACH, Course(steps, at_last)))


@given(st.floats(0.1, 100), st.floats(0.1, 100), st.floats(0.1, 300), st.floats(0, 0.01), st.floats(0, 600))
def test_whoever_is_reached_within_a_time_waits_for_so_long(
    rate: float, first: float, first_s: float, leaving: float, seconds: float
) -> None:
    """The one is the inverse of the other, in all parts and where they meet."""
    told = Pace(rate, ((first_s, first), (first_s, 2 * first))).reach(leaving)

    assert told.wait_s(told.ahead_after(seconds)) == pytest.approx(seconds, rel=1e-6, abs=1e-6)


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
    assert Pace(1.0, ((5.0, 10.0),)).reach(0.0).wait_s(ahead) == pytest.approx(wait_s)


def test_who_leaves_meanwhile_is_waited_for_by_nobody() -> None:
    """Nobody is called for a hundred seconds, and half of those who wait have left by then."""
    told = Pace(1.0, ((100.0, 0.0),)).reach(log(2) / 100)

    assert told.wait_s(20) == pytest.approx(100 + log(1 + 10 * log(2) / 100) * 100 / log(2))


def test_the_next_one_waits_until_anybody_is_called() -> None:
    """Nobody is, for ten seconds."""
    assert Pace(1.0, ((10.0, 0.0),)).reach(0.0).wait_s(0) == 10


@given(
    st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 100)), max_size=9), st.floats(0.01, 100), st.floats(0, 0.05),
    st.floats(0, 10_000), st.floats(0, 10_000),
)  # fmt: skip
def test_the_wait_never_falls_with_more_ahead(
    steps: list[tuple[float, float]], at_last: float, leaving: float, one: float, other: float
) -> None:
    """Whatever the steps are."""
    told = Pace(at_last, tuple(steps)).reach(leaving)

    assert told.wait_s(min(one, other)) <= told.wait_s(max(one, other)) * (1 + 1e-9)


def test_a_room_goes_by_its_seats_where_these_let_in_less_than_the_rate() -> None:
    """Ten a second until they are full, and then one."""
    assert paced(snapshot(range(1, 500)), (10.0, 10.0)) == Pace(1.0, ((10.0, 10.0),), by_seats=True)


def test_half_of_those_called_come() -> None:
    """So twice as many are called for the same seats, or the same rate."""
    room = snapshot(range(1, 500), no_show=0.5)

    assert paced(room, (5.0, 10.0)) == Pace(2.0, ((5.0, 20.0),), by_seats=True)


@pytest.mark.parametrize(
    ("changes", "at_last"),
    [
        ({"seats": FULL - 1}, 9.8),  # as many end as may come in, but for a few
        ({"rate_per_minute": 0}, 0.0),
    ],
)
def test_where_seats_do_not_limit_the_room_goes_by_its_rate(changes: dict[str, Any], at_last: float) -> None:
    """Whatever that is, and however many were called in the last seconds."""
    room = snapshot(range(1, 500), cohorts=(Cohort(NOW_MS - 20_000, 1, 9, 8), Cohort(NOW_MS, 9, 60, 51)), **changes)

    assert paced(room, at_last=at_last) == Pace(room.rate_per_s)


def test_where_half_of_those_called_come_twice_as_many_are_called_as_the_rate_lets_in() -> None:
    """As they are where the seats are the limit."""
    room = snapshot(range(1, 500), no_show=0.5)

    assert paced(room, at_last=9.8) == Pace(20.0)


def test_without_seats_nobody_is_called() -> None:
    """Though some still sit on those that there were."""
    room = snapshot(range(1, 500), seats=5, policy=replace(POLICY, capacity=0))

    assert paced(room, at_last=0.0) == Pace(0.0)


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


BORNE = FULL // 2


def following(seats: float, rate_per_minute: int = 300, *, limit: float = BORNE, no_show: float = 0.0) -> Pace:
    """
    Return how people are called in a room that follows a shop which bears *limit* of its seats; the law has set the
    rate of this moment.
    """
    law = replace(begin(Reading(NOW_MS, 0, 0, None), Limits(6, 600, FULL, 1000, 0.02)), limit=limit)
    room = snapshot(range(1, 500), seats=seats, shop=Shop(adaptation=law), no_show=no_show)
    room = replace(room, policy=replace(POLICY, adaptive=True), rate_per_minute=rate_per_minute)
    return pace(room, "standard", Outlook(EACH))


def test_a_room_that_follows_its_shop_goes_by_how_many_the_shop_bears() -> None:
    """Not by the rate of this moment, which fills gaps and rests: as many come in as go out of a full shop."""
    assert following(BORNE) == Pace(EACH * BORNE)
    assert following(BORNE, 6) == Pace(EACH * BORNE)
    assert following(BORNE, no_show=0.5) == Pace(2 * EACH * BORNE)


def test_those_whom_a_slow_shop_does_not_bear_any_more_must_go_out_first() -> None:
    """Twice as many are inside: the half of them is gone after seventy seconds, and then it goes on."""
    told = following(FULL)

    [(first_s, at_first_per_s)] = told.steps

    assert first_s == pytest.approx(log(2) / EACH)
    assert (at_first_per_s, told.rate_per_s) == (0.0, EACH * BORNE)


@pytest.mark.parametrize(("rate_per_minute", "first_per_s"), [(300, 5.0), (6, 1.02 * EACH * BORNE), (6000, 10.0)])
def test_a_shop_that_is_not_full_is_filled_at_the_rate_of_the_law(rate_per_minute: int, first_per_s: float) -> None:
    """At more than go out, and at no more than the ceiling."""
    told = following(BORNE - 10, rate_per_minute)
    [(first_s, at_first_per_s)] = told.steps

    assert at_first_per_s == pytest.approx(first_per_s)
    assert first_s > 0
    assert told.rate_per_s == EACH * BORNE


def test_a_shop_that_is_down_is_waited_for_at_no_known_pace() -> None:
    """The law holds: what was called lately counts, and that is nobody."""
    assert following(BORNE, 0) == Pace(0.0)


@given(st.floats(1, FULL - 1), st.floats(0, FULL), st.integers(1, 1200), st.integers(0, 400))
def test_behind_a_shop_waits_never_fall_with_more_ahead(limit: float, seats: float, rate: int, ahead: int) -> None:
    """However full it is, and whatever the law has set for the moment."""
    told = following(seats, rate, limit=limit).reach(0.001)

    assert 0 <= told.wait_s(ahead) <= told.wait_s(ahead + 1)


def test_who_comes_when_called_is_taken_from_the_measure_where_there_is_one() -> None:
    """Half of them, though the snapshot of this moment says that all do."""
    assert pace(snapshot(seats=FULL), "standard", Outlook(EACH, Course((), 1.0), 0.5)).rate_per_s == 2.0
