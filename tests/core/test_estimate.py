"""
The range of the wait.
"""

from itertools import pairwise
from math import inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, snapshot
from waiting_room.core.estimate import CLASSES, Forecast, Spread, ahead_after, call_rate_per_s, wait_s
from waiting_room.core.outcomes import Eta
from waiting_room.core.policy import Policy
from waiting_room.core.polling import Intervals, far_interval_ms
from waiting_room.core.snapshot import Cohort

RATES = st.floats(0.01, 10_000)
LEAVING = st.one_of(st.just(0.0), st.floats(1e-12, 1))
AHEAD = st.integers(0, 10_000_000)


def cohort(age_ms: int, present: int) -> Cohort:
    """
    Return *present* people called *age_ms* ago.
    """
    return Cohort(NOW_MS - age_ms, 1, 1 + present, present, 0)


@pytest.mark.parametrize(
    ("ahead", "rate", "leaving", "wait"),
    [(0, 10, 0.1, 0.0), (100, 10, 0.0, 10.0), (100, 10, 0.1, log(2) / 0.1), (1000, 10, 0.01, log(2) / 0.01)],
)
def test_the_wait_is_that_of_the_formula(ahead: int, rate: float, leaving: float, wait: float) -> None:
    """T = ln(1 + θn/μ)/θ, and n/μ where nobody leaves."""
    assert wait_s(ahead, rate, leaving) == pytest.approx(wait)


@given(AHEAD, RATES)
def test_the_formula_goes_over_into_plain_division(ahead: int, rate: float) -> None:
    """θ → 0: the limit is reached without a jump, wherever the one formula takes over from the other."""
    for exponent in range(-9, -22, -1):
        assert wait_s(ahead, rate, 10.0**exponent * rate / max(1, ahead)) == pytest.approx(ahead / rate, rel=1e-8)


@given(AHEAD, RATES, LEAVING)
def test_the_wait_never_falls_with_more_ahead(ahead: int, rate: float, leaving: float) -> None:
    """One more person never shortens it, and leaving never prolongs it."""
    assert wait_s(ahead, rate, leaving) <= wait_s(ahead + 1, rate, leaving) * (1 + 1e-12)
    assert wait_s(ahead, rate, leaving) <= ahead / rate * (1 + 1e-12)


@given(AHEAD, RATES, LEAVING)
def test_the_range_is_one(ahead: int, rate: float, leaving: float) -> None:
    """Low before high, neither negative nor endless, and the formula's own answer between them."""
    shown = Forecast(rate, leaving).eta(ahead)
    assert shown is not None

    assert 0 <= shown.low_s <= shown.high_s < inf
    assert shown.low_s - 0.05 <= wait_s(ahead, rate, leaving) <= shown.high_s + 0.05


@given(AHEAD, RATES, LEAVING)
def test_the_range_never_improves_by_more_people_ahead(ahead: int, rate: float, leaving: float) -> None:
    """Both ends are monotone."""
    near, far = Forecast(rate, leaving).eta(ahead), Forecast(rate, leaving).eta(ahead + 1)
    assert near is not None
    assert far is not None

    assert near.low_s <= far.low_s
    assert near.high_s <= far.high_s


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_nobody_knows_while_nobody_is_called(rate: float) -> None:
    """No range is better than a wrong one."""
    assert Forecast(rate, 0.0).eta(10) is None


def test_even_the_next_one_is_given_some_slack() -> None:
    """A tick, a snapshot and a poll pass before the next one hears of it."""
    assert Forecast(10.0, 0.0).eta(0) == (0.0, 3.0)


def test_the_rate_is_measured_over_what_was_called() -> None:
    """Ten a second for ten seconds: the first cohort only marks where counting begins."""
    made = tuple(cohort(age, 10) for age in range(10_000, 0, -1000))

    assert call_rate_per_s(snapshot(cohorts=made), "standard") == pytest.approx(9.0)


def test_before_there_is_enough_to_measure_the_plan_counts() -> None:
    """Eight seconds are needed; no-shows are called in addition."""
    made = (cohort(7999, 1), cohort(1000, 1))

    assert call_rate_per_s(snapshot(cohorts=made), "standard") == pytest.approx(10.0)
    assert call_rate_per_s(snapshot(cohorts=made, no_show=0.5), "standard") == pytest.approx(20.0)


def test_old_calls_do_not_count() -> None:
    """What was called more than half a minute ago says nothing about now."""
    made = (cohort(40_000, 5000), cohort(30_000, 1), cohort(10_000, 30))

    assert call_rate_per_s(snapshot(cohorts=made), "standard") == pytest.approx(1.0)


def test_a_full_room_that_calls_nobody_promises_nothing() -> None:
    """
    Every seat taken and nobody called for half a minute: no range.

    The plan of ten a second once stood in, and promised seconds to people who waited for somebody to leave.
    """
    full = snapshot(range(1, 50), seats=POLICY.capacity, cohorts=(cohort(31_000, 100),))

    assert Forecast(call_rate_per_s(full, "standard"), 0.0).eta(5) is None


def test_a_room_that_has_room_goes_by_its_plan() -> None:
    """At the opening nobody has been called, and the rate is what will be."""
    assert call_rate_per_s(snapshot(range(1, 50), seats=POLICY.capacity - 1), "standard") == pytest.approx(10.0)


@given(AHEAD, RATES, LEAVING)
def test_the_inverse_of_the_wait_is_the_number_of_people(ahead: int, rate: float, leaving: float) -> None:
    """As many are called or leave within the wait as stand ahead."""
    seconds = wait_s(ahead, rate, leaving)

    assert ahead_after(seconds, rate, leaving) == pytest.approx(ahead, rel=1e-6, abs=1e-6)


@given(st.integers(100, 10_000_000), RATES, LEAVING)
def test_neighbours_share_a_range(ahead: int, rate: float, leaving: float) -> None:
    """What is shown differs from what the formula says for the place by a hundredth, a rounding and the slack."""
    narrow = Spread.of([0.02] * CLASSES, [0.02] * CLASSES)
    shown = Forecast(rate, leaving, narrow).eta(ahead)
    assert shown is not None
    wait = wait_s(ahead, rate, leaving)

    assert 0.96 * wait - 1.6 <= shown.low_s <= wait + 0.1
    assert wait - 0.1 <= shown.high_s <= 1.04 * wait + 3.1


@given(st.integers(1, 500), st.integers(100, 20_000))
def test_a_range_ends_no_sooner_than_the_visitor_asks_again(budget: int, waiting: int) -> None:
    """However small the budget for polls: a call can be heard of no earlier."""
    policy = Policy(poll_budget_per_s=budget)
    spacing = Intervals(far_interval_ms(waiting, policy), 20_000, policy)
    forecast = Forecast(10.0, 0.001, intervals=spacing)
    told = [(ahead, forecast.eta(ahead) or Eta(0, 0)) for ahead in range(0, waiting, max(1, waiting // 50))]

    assert all(eta.low_s <= eta.high_s for _, eta in told)
    assert all(near.high_s <= far.high_s for (_, near), (_, far) in pairwise(told))
    assert all(eta.high_s + 6 >= spacing.at(ahead + 1, eta.low_s) / 1000 for ahead, eta in told)


def test_a_fast_room_is_measured_over_its_last_ten_seconds() -> None:
    """Fifty a second until ten seconds ago, and a hundred since: the wait goes by the hundred."""
    made = tuple(cohort(age, 50 if age > 10_000 else 100) for age in range(30_000, 0, -1000))

    assert call_rate_per_s(snapshot(cohorts=made), "standard") > 85
