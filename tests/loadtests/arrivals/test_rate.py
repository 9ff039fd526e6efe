"""
Shoppers come as the profile says: an open Poisson process, the same for the same seed.
"""

import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loadtests.arrivals.rate import (
    MAX_EXPECTED,
    Rate,
    RateError,
    draw_arrivals,
    expected_count,
    overload_window,
    rate_at,
    together,
)
from loadtests.arrivals.spike import SpikeProfile

SPIKE = SpikeProfile(calm_per_s=4, calm_s=10, rise_s=5, peak_per_s=60, hold_s=20, fall_s=8, tail_s=12)

rates = st.floats(0, 50, allow_nan=False)
lengths = st.just(0.0) | st.floats(1e-3, 20)


@st.composite
def profiles(draw: st.DrawFn) -> SpikeProfile:
    """
    Draw any sound profile, steps and empty phases among them.
    """
    calm, more = draw(rates), draw(rates)
    phases = [draw(lengths) for _ in range(5)]
    profile = SpikeProfile(calm, phases[0], phases[1], calm + more, phases[2], phases[3], phases[4] + 0.1)
    assert profile.faults() == ()
    return profile


def share_before(profile: SpikeProfile, at_s: float) -> float:
    """
    Return which share of the arrivals is expected before *at_s*.
    """
    return expected_count(profile.rate(), at_s) / expected_count(profile.rate())


def test_same_seed_is_the_same_list() -> None:
    """
    A seed is a crowd: drawing again gives the very same instants.
    """
    assert draw_arrivals(SPIKE.rate(), 7) == draw_arrivals(SPIKE.rate(), 7)


def test_other_seed_is_another_list() -> None:
    """
    Seeds are different crowds.
    """
    assert draw_arrivals(SPIKE.rate(), 7) != draw_arrivals(SPIKE.rate(), 8)


@given(profiles(), st.integers(0, 2**32))
def test_instants_rise_and_lie_within_the_profile(profile: SpikeProfile, seed: int) -> None:
    """
    Nobody comes before the start, after the end or out of order.
    """
    instants = draw_arrivals(profile.rate(), seed)

    assert all(before <= after for before, after in pairwise(instants))
    assert all(0 <= at_s <= profile.length_s + 1e-9 for at_s in instants)


@given(profiles(), st.integers(0, 2**32))
def test_count_is_the_area_within_five_sigma(profile: SpikeProfile, seed: int) -> None:
    """
    The number of shoppers is Poisson around the area under the rate (five sigma, because hypothesis looks hard).
    """
    area = expected_count(profile.rate())

    assert abs(len(draw_arrivals(profile.rate(), seed)) - area) <= 5 * math.sqrt(area) + 5


def test_count_is_the_area_within_four_sigma_for_a_large_crowd() -> None:
    """
    A large crowd is as large as the area under the rate says.
    """
    large = SpikeProfile(400, 10, 5, 2000, 20, 8, 12).rate()

    assert abs(len(draw_arrivals(large, 3)) - expected_count(large)) <= 4 * math.sqrt(expected_count(large))


@pytest.mark.parametrize("seed", range(5))
def test_instants_are_spread_as_the_rate_says(seed: int) -> None:
    """
    Kolmogorov and Smirnov find no difference between the instants and the cumulative rate (1 % level).
    """
    instants = draw_arrivals(SPIKE.rate(), seed)
    n = len(instants)
    distance = max(
        max(share_before(SPIKE, at_s) - k / n, (k + 1) / n - share_before(SPIKE, at_s))
        for k, at_s in enumerate(instants)
    )

    assert distance * math.sqrt(n) < 1.63


def test_counts_per_second_are_poisson_on_the_plateau() -> None:
    """
    On a constant rate the variance of the counts per second equals their mean: no batches, no even spacing.
    """
    plateau = SpikeProfile(300, 2000, 0, 300, 0, 0, 0)
    counts = [0] * 2000
    for at_s in draw_arrivals(plateau.rate(), 1):
        counts[int(at_s)] += 1
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)

    assert variance / mean == pytest.approx(1, abs=0.1)


def test_gaps_are_exponential_on_the_plateau() -> None:
    """
    Gaps are as often above twice their mean as exponential ones are.
    """
    instants = draw_arrivals(SpikeProfile(100, 300, 0, 100, 0, 0, 0).rate(), 5)
    gaps = [after - before for before, after in pairwise(instants)]

    assert sum(gap > 0.02 for gap in gaps) / len(gaps) == pytest.approx(math.exp(-2), abs=0.01)


@given(profiles(), st.floats(0, 1))
def test_area_is_the_integral_of_the_rate(profile: SpikeProfile, share: float) -> None:
    """
    The expected count and the rate are two sides of one curve.
    """
    at_s = share * profile.length_s
    steps = 4000
    width = at_s / steps
    integral = sum(rate_at(profile.rate(), (step + 0.5) * width) for step in range(steps)) * width

    assert integral == pytest.approx(expected_count(profile.rate(), at_s), abs=0.05 + 51 * 4 * width)


@given(profiles(), st.floats(0, 110))
@example(SpikeProfile(0, 0, 1, 2, 0, 0, 0.1), 1)
def test_overload_is_where_the_rate_exceeds_the_capacity(profile: SpikeProfile, capacity_per_s: float) -> None:
    """
    Just outside of the window the rate is at most the capacity, inside it is more.
    """
    window = overload_window(profile.rate(), capacity_per_s)

    if window is None:
        peak_s = profile.rise_s + profile.hold_s + profile.fall_s
        assert profile.peak_per_s <= capacity_per_s or peak_s == 0
    elif window[1] - window[0] > 1e-3:
        assert rate_at(profile.rate(), sum(window) / 2) >= capacity_per_s - 1e-6
        assert rate_at(profile.rate(), window[0] - 1e-6) <= capacity_per_s + 1e-6
        assert rate_at(profile.rate(), window[1] + 1e-6) <= capacity_per_s + 1e-6


def test_overload_of_a_slope_is_found_by_interpolation() -> None:
    """
    From 4 to 60 in 5 s, the rate passes 32 after half of the rise, and again after half of the fall.
    """
    assert overload_window(SPIKE.rate(), 32) == (12.5, 39.0)


def test_calm_overload_is_the_whole_profile() -> None:
    """
    A shop that cannot even bear the calm is overloaded all the time.
    """
    assert overload_window(SPIKE.rate(), 3) == (0, 55)


def test_step_takes_the_new_rate_at_its_instant() -> None:
    """
    A rise of no length is a step.
    """
    step = SpikeProfile(1, 10, 0, 9, 10, 0, 10)

    assert [rate_at(step.rate(), at_s) for at_s in (9.99, 10, 19.99, 20)] == [1, 9, 9, 1]


def test_all_faults_are_told_at_once() -> None:
    """
    A profile with three bad numbers is refused with three sentences.
    """
    bad = SpikeProfile(math.nan, -1, 5, math.inf, 5, 5, 5)

    assert [fault.where for fault in bad.faults()] == ["model.calm_per_s", "model.calm_s", "model.peak_per_s"]


@pytest.mark.parametrize(
    ("profile", "where"),
    [
        (SpikeProfile(5, 1, 1, 4, 1, 1, 1), "model.peak_per_s"),
        (SpikeProfile(5, 0, 0, 6, 0, 0, 0), "model"),
        (SpikeProfile(MAX_EXPECTED, 2, 0, MAX_EXPECTED, 0, 0, 0), "model"),
    ],
)
def test_senseless_profiles_are_refused(profile: SpikeProfile, where: str) -> None:
    """
    A peak below calm, no length and a crowd beyond any machine are faults, each with its place.
    """
    assert [fault.where for fault in profile.faults()] == [where]


def test_nothing_is_drawn_from_an_unsound_rate() -> None:
    """
    Corners that go back in time, or below zero, are refused, each with its place.
    """
    with pytest.raises(RateError) as error:
        draw_arrivals(Rate(((0.0, 1.0), (5.0, -1.0), (4.0, 1.0))), 1)

    assert [fault.where for fault in error.value.faults] == ["rate.corners[1]", "rate.corners[2]"]


@given(st.lists(st.tuples(profiles(), st.floats(0, 30)), min_size=1, max_size=3), st.floats(0, 130))
def test_rates_together_are_their_exact_sum(parts: list[tuple[SpikeProfile, float]], at_s: float) -> None:
    """
    At every moment, and in the number of people up to it, however late each begins.
    """
    rates = [profile.rate().later(by_s) for profile, by_s in parts]
    both = together(rates)

    assert both.faults() == ()
    assert expected_count(both, at_s) == pytest.approx(sum(expected_count(rate, at_s) for rate in rates), abs=1e-6)
    if all(abs(at_s - second) > 1e-6 for rate in rates for second, _ in rate.corners):
        assert rate_at(both, at_s) == pytest.approx(sum(rate_at(rate, at_s) for rate in rates), abs=1e-6)


def test_a_rate_begun_later_has_nobody_before() -> None:
    """
    It steps up from nobody, and lasts as much longer.
    """
    assert Rate(((0, 5), (10, 5))).later(3).corners == ((0, 0), (3, 0), (3, 5), (13, 5))


def test_a_scaled_rate_has_so_many_times_the_people() -> None:
    """
    At the same moments.
    """
    assert SPIKE.rate().scaled(2.5).length_s == SPIKE.length_s
    assert expected_count(SPIKE.rate().scaled(2.5)) == pytest.approx(2.5 * expected_count(SPIKE.rate()))
