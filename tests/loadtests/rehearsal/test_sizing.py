"""
The arithmetic of a rehearsal's size.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.arrivals.rate import draw_arrivals, rate_at
from loadtests.crowd.shoppers import MAX_THINK_MEANS
from loadtests.judging.facts import ShopCapacity
from loadtests.rehearsal import sizing
from loadtests.rehearsal.demand import crowd_rate, for_crowd, journey_s, overload_of, plateau_of, settled_s
from loadtests.rehearsal.sizing import FULL, QUICK, Size, scenario_of
from waiting_room.core.policy import Policy

SIZES = (QUICK, FULL)
CAPACITY = ShopCapacity(17.0, 20.0)
capacities = st.floats(2, 200).map(lambda orders: ShopCapacity(orders, orders / 0.85))


@pytest.mark.parametrize("size", SIZES, ids=lambda s: s.name)
def test_the_promised_lengths_are_kept(size: Size) -> None:
    """
    The quick rehearsal fits in 90 s and the full one in 5 minutes, with time for starting and ending programs.
    """
    assert size.about_s <= {"quick": 90, "full": 300}[size.name]


@pytest.mark.parametrize("size", SIZES, ids=lambda s: s.name)
@given(capacity=capacities)
def test_more_than_four_times_the_capacity_comes(size: Size, capacity: ShopCapacity) -> None:
    """
    All along the plateau the rate is above four times what the shop serves.
    """
    rate = crowd_rate(scenario_of(size, capacity).streams)
    from_s, to_s = plateau_of(rate)
    for at_s in (from_s, (from_s + to_s) / 2, to_s - 0.01):
        assert rate_at(rate, at_s) > 4 * capacity.journeys_per_s


@pytest.mark.parametrize("size", SIZES, ids=lambda s: s.name)
@given(capacity=capacities)
def test_the_overload_lies_within_the_run(size: Size, capacity: ShopCapacity) -> None:
    """
    It begins after the calm, covers the plateau, and ends no later than the run.
    """
    scenario = scenario_of(size, capacity)
    from_s, to_s = overload_of(scenario, capacity.journeys_per_s)
    assert size.calm_s < from_s < to_s <= scenario.length_s + size.drain_s
    assert to_s - from_s > 1.5 * size.hold_s


@pytest.mark.parametrize("size", SIZES, ids=lambda s: s.name)
def test_demand_is_there_all_through_the_overload(size: Size) -> None:
    """
    At every moment of it (less the visit) more have come since the rate passed the capacity than could be served.
    """
    scenario = scenario_of(size, CAPACITY)
    from_s, to_s = overload_of(scenario, CAPACITY.journeys_per_s)
    came = draw_arrivals(crowd_rate(scenario.streams), 1)
    start_s = from_s - settled_s(size.behaviour)
    for at_s in range(int(start_s) + 3, int(to_s - journey_s(size.behaviour))):
        since = sum(start_s <= arrival < at_s for arrival in came)
        assert since > 0.9 * CAPACITY.journeys_per_s * (at_s - start_s)


@pytest.mark.parametrize("size", SIZES, ids=lambda s: s.name)
@given(capacity=capacities)
def test_the_rooms_settings_are_a_valid_policy(size: Size, capacity: ShopCapacity) -> None:
    """
    The room takes them as they are, and lets in less than the shop can serve.
    """
    policy = Policy.parse(sizing.policy_of(size, capacity))
    assert policy.rate_per_s < capacity.journeys_per_s
    assert policy.capacity > policy.rate_per_s * journey_s(size.behaviour)


@pytest.mark.parametrize("size", SIZES, ids=lambda s: s.name)
def test_nobody_who_thinks_long_is_taken_for_idle(size: Size) -> None:
    """
    The idle end is beyond the longest pause that a shopper makes.
    """
    longest_s = MAX_THINK_MEANS * max(size.behaviour.browse_think_s, size.behaviour.form_think_s)
    assert size.idle_timeout_s > longest_s


def test_shoppers_per_second_follow_from_orders_and_the_crowd() -> None:
    """
    With 15 % who only look, 17 orders a second are 20 shoppers a second, whoever took part in the measuring.
    """
    crowd = scenario_of(QUICK, CAPACITY).streams
    assert for_crowd(ShopCapacity(17.0, 26.0), crowd).journeys_per_s == pytest.approx(20.0)


def test_a_crowd_below_the_capacity_has_a_span_all_the_same() -> None:
    """
    Against a shop that stands everything the whole run is judged.
    """
    scenario = scenario_of(QUICK, ShopCapacity(1, 1))
    from_s, to_s = overload_of(scenario, 100)
    assert 0 < from_s < to_s == scenario.length_s + QUICK.drain_s
