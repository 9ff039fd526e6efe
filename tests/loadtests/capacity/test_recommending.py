"""
What a room should be set to, from what the shop sells and who comes.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.arrivals.rate import Rate
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.rehearsal.recommending import Company, advice_of, company_of
from waiting_room.core.policy import Policy

EVEN = Rate(((0.0, 1.0), (1.0, 1.0)))
BUYERS = Behaviour(browse_think_s=1, form_think_s=2)


def stream(behaviour: Behaviour = BUYERS, **journeys: float) -> Stream:
    """
    Return a stream of such kinds.
    """
    return Stream("crowd", EVEN, {name.replace("_", "-"): part for name, part in journeys.items()}, behaviour)


def work(behaviour: Behaviour = BUYERS, **journeys: float) -> float:
    """
    Return what a visit of such a stream asks of the shop.
    """
    return company_of([stream(behaviour, **journeys)], {}, 0.4).work


@given(st.floats(0.1, 1000), st.floats(0.1, 2), st.floats(1, 600))
def test_the_shop_is_never_asked_for_more_than_it_sells(orders: float, work: float, seat_s: float) -> None:
    """
    What is let in, as work, stays a margin below what was measured, and not far below.
    """
    settings = advice_of(orders, Company(work, seat_s)).settings
    asked = settings["rate_per_minute"] / 60 * work

    assert asked <= max(0.98 * orders, work / 60) + 1e-9
    assert asked > 0.98 * orders - work / 60 - 1e-9


@given(st.floats(0.1, 1000), st.floats(1, 600))
def test_the_seats_are_half_as_many_again_as_littles_law_says(orders: float, seat_s: float) -> None:
    """
    Seats that are too few would throttle the room below its rate.
    """
    settings = advice_of(orders, Company(1, seat_s)).settings

    assert settings["capacity"] >= 1.5 * settings["rate_per_minute"] / 60 * seat_s - 1e-6


@given(st.floats(0.1, 1000), st.floats(0.1, 2), st.floats(1, 600))
def test_what_is_recommended_is_a_policy(orders: float, work: float, seat_s: float) -> None:
    """
    A room takes it as it is.
    """
    settings = advice_of(orders, Company(work, seat_s)).settings

    assert Policy.parse(dict(settings)).polls_per_s == settings["poll_budget_per_s"]


def test_each_setting_has_its_reason() -> None:
    """
    A figure without one is not believed.
    """
    advice = advice_of(20, Company(1, 9))

    assert advice.settings.keys() == advice.reasons.keys()


def test_a_buyer_is_the_unit_of_work() -> None:
    """
    What was measured were buyers.
    """
    assert work(buyer=1) == 1


def test_who_only_looks_costs_little() -> None:
    """
    Three pages of 30, 25 and 25 ms instead of 400: half of them lookers let many more in.
    """
    assert work(buyer=1, window=1) == pytest.approx(0.6)


def test_who_does_not_come_changes_nothing() -> None:
    """
    The room calls another in the place of a no-show, so as many are let in, and all of them shop.
    """
    company = company_of([stream(buyer=3, no_show=1)], {"idle_timeout_s": 60}, 0.4)
    without = company_of([stream(buyer=3)], {"idle_timeout_s": 60}, 0.4)

    assert (company.work, company.seat_s) == pytest.approx((without.work, without.seat_s))


def test_who_orders_twice_is_let_in_twice() -> None:
    """
    The first order gives the seat back; each of the two is hardly more than a buyer's visit.
    """
    alone, twice = (company_of([each], {}, 0.4) for each in (stream(buyer=1), stream(returning=1)))

    assert twice.work == pytest.approx(1, abs=0.05)
    assert twice.seat_s < 1.5 * alone.seat_s


def test_all_streams_count_by_the_people_in_them() -> None:
    """
    A quiet stream of buyers beside a crowd of lookers does not make it a crowd of buyers.
    """
    crowd, few = stream(window=1), replace(stream(buyer=1), rate=EVEN.scaled(0.01))

    assert company_of([crowd, few], {}, 0.4).work == pytest.approx(0.2, abs=0.01)


def test_those_who_mean_no_good_do_not_count() -> None:
    """
    They are not let in, so nothing is reserved for them.
    """
    assert work(buyer=1, bot=30) == 1


def test_a_journey_of_ones_own_counts_as_a_buyer() -> None:
    """
    Nothing is known of it but that it was measured.
    """
    custom = Stream("crowd", EVEN, {"my_shop.py:Shopper": 1.0}, BUYERS)

    assert company_of([custom], {}, 0.4).work == 1


def test_lookers_hold_their_seats_until_they_are_idle() -> None:
    """
    Nobody tells the room that somebody has only looked.
    """
    alone = company_of([stream(buyer=1)], {"idle_timeout_s": 60}, 0.4).seat_s
    mixed = company_of([stream(buyer=1, window=1)], {"idle_timeout_s": 60}, 0.4).seat_s

    assert mixed > alone + 25


def test_a_slow_shop_holds_its_shoppers_for_longer() -> None:
    """
    What the pages of an order take beyond the demo shop's is added to the seat.
    """
    slow, quick = (company_of([stream(buyer=1)], {}, round_s).seat_s for round_s in (5.6, 0.6))

    assert slow - quick == pytest.approx(5)
