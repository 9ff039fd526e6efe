"""
The two laws: their own figures are found again, and points that say nothing are refused.
"""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.forecast.scaling import (
    GOOD_WITHIN,
    Point,
    PoolLaw,
    ScalingError,
    UniversalLaw,
    fit_pool,
    fit_universal,
)

STEPS = (1, 2, 4, 8, 16, 32, 64)
ALONE = st.floats(0.1, 500)


def points_of(law: UniversalLaw | PoolLaw, noise: float = 0.0, seed: int = 0) -> list[Point]:
    """
    Return what a shop that follows *law* does at each step, each up to *noise* off.
    """
    draw = random.Random(f"points:{seed}")
    return [Point(n, law.per_s(n) * draw.uniform(1 - noise, 1 + noise)) for n in STEPS]


@settings(max_examples=40, deadline=None)
@given(ALONE, st.floats(0, 0.5), st.floats(0, 0.01))
def test_the_coefficients_of_an_exact_law_are_found(alone: float, contention: float, coherency: float) -> None:
    """
    Without noise the fit is the law itself, at the bounds as well.
    """
    fit = fit_universal(points_of(UniversalLaw(alone, contention, coherency)))

    assert isinstance(fit.law, UniversalLaw)
    assert fit.law.alone_per_s == pytest.approx(alone, rel=1e-4)
    assert fit.law.contention == pytest.approx(contention, abs=1e-4)
    assert fit.law.coherency == pytest.approx(coherency, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(ALONE, st.floats(0.01, 0.2), st.floats(0.0002, 0.005), st.integers(0, 10**6))
def test_noise_moves_the_coefficients_little(alone: float, contention: float, coherency: float, seed: int) -> None:
    """
    With each point up to 3 % off, the law is found to within what such noise explains (20,000 draws stayed within).
    """
    fit = fit_universal(points_of(UniversalLaw(alone, contention, coherency), 0.03, seed))

    assert isinstance(fit.law, UniversalLaw)
    assert fit.law.alone_per_s == pytest.approx(alone, rel=0.06)
    assert fit.law.contention == pytest.approx(contention, rel=0.45, abs=0.025)
    assert fit.law.coherency == pytest.approx(coherency, rel=0.4, abs=0.0006)


@settings(max_examples=40, deadline=None)
@given(ALONE, st.floats(0.01, 0.2), st.floats(0.0002, 0.005), st.integers(0, 10**6))
def test_noise_moves_the_curve_little(alone: float, contention: float, coherency: float, seed: int) -> None:
    """
    With each point up to 3 % off, no step of the fitted law is 6 % away from the true one.
    """
    law = UniversalLaw(alone, contention, coherency)
    fitted = fit_universal(points_of(law, 0.03, seed)).law

    assert [fitted.per_s(n) for n in STEPS] == pytest.approx([law.per_s(n) for n in STEPS], rel=0.06)


@settings(max_examples=40, deadline=None)
@given(ALONE, st.floats(0, 0.5), st.floats(0, 0.01), st.integers(0, 10**6))
def test_the_fit_beats_the_law_that_made_the_points(alone: float, contention: float, coherency: float, n: int) -> None:
    """
    Least squares: no law with coefficients of at least 0 misses by less, the true one included.
    """
    law = UniversalLaw(alone, contention, coherency)
    points = points_of(law, 0.1, n)
    true = math.sqrt(sum((law.per_s(p.shoppers) / p.per_s - 1) ** 2 for p in points) / len(points))

    assert fit_universal(points).error <= true + 1e-9


@given(ALONE, st.lists(st.floats(0.5, 1.5), min_size=len(STEPS), max_size=len(STEPS)))
def test_a_fit_never_has_negative_coefficients(alone: float, factors: list[float]) -> None:
    """
    Whatever the points, σ and κ are at least 0 and λ is above it.
    """
    law = fit_universal([Point(n, alone * n * factor) for n, factor in zip(STEPS, factors, strict=True)]).law

    assert isinstance(law, UniversalLaw)
    assert law.alone_per_s > 0
    assert law.contention >= 0
    assert law.coherency >= 0


@given(ALONE, st.floats(1.5, 30), st.integers(0, 10**6))
def test_a_pool_is_found_under_noise(alone: float, corner: float, seed: int) -> None:
    """
    Slope and ceiling come out as near as the noise of 2 % allows, wherever the corner is.
    """
    fit = fit_pool(points_of(PoolLaw(alone, alone * corner), 0.02, seed))

    assert isinstance(fit.law, PoolLaw)
    assert fit.good
    assert fit.law.alone_per_s == pytest.approx(alone, rel=0.05)
    assert fit.law.ceiling_per_s == pytest.approx(alone * corner, rel=0.05)


def test_a_pool_that_was_never_full_has_no_ceiling() -> None:
    """
    Points that only rise in proportion tell nothing of a limit.
    """
    law = fit_pool([Point(n, 2.5 * n) for n in STEPS]).law

    assert isinstance(law, PoolLaw)
    assert math.isinf(law.ceiling_per_s)
    assert law.knee is None


def test_a_sharp_corner_makes_the_universal_law_a_bad_fit() -> None:
    """
    A pool of eight bends at once, the universal law smoothly: it misses a point by more than is good, and says so.
    """
    points = points_of(PoolLaw(2.33, 20))

    assert not fit_universal(points).good
    assert fit_pool(points).good


def test_r_squared_alone_would_have_let_the_bad_fit_pass() -> None:
    """
    The universal law explains nine tenths of a pool's variance and still misses a point by more than a tenth.
    """
    fit = fit_universal(points_of(PoolLaw(2.33, 20)))

    assert fit.r_squared > 0.9
    assert fit.worst > GOOD_WITHIN


@given(st.floats(0.001, 0.5), st.floats(0.00001, 0.01))
def test_no_number_of_shoppers_does_more_than_the_peak(contention: float, coherency: float) -> None:
    """
    One step to either side of the peak gets no more done.
    """
    law = UniversalLaw(1, contention, coherency)
    peak = law.peak

    assert peak is not None
    assert law.per_s(peak) >= law.per_s(peak * 1.01)
    assert law.per_s(peak) >= law.per_s(max(1, peak * 0.99))


@given(st.floats(0.001, 0.5), st.floats(0, 0.01))
def test_the_knee_has_the_best_throughput_per_response_time(contention: float, coherency: float) -> None:
    """
    X²/N is lower to either side.
    """
    law = UniversalLaw(1, contention, coherency)
    knee = law.knee

    assert knee is not None

    def power(n: float) -> float:
        return law.per_s(n) ** 2 / n

    assert power(knee) >= power(knee * 1.01)
    assert power(knee) >= power(max(1, knee * 0.99))


def test_a_shop_without_contention_has_neither_knee_nor_peak() -> None:
    """
    Twice the shoppers do twice as much for ever.
    """
    law = UniversalLaw(2, 0, 0)

    assert law.knee is None
    assert law.peak is None


def test_all_that_is_wrong_with_the_points_is_told_at_once() -> None:
    """
    Each senseless point is named by its place.
    """
    bad = [Point(0, 5), Point(2, 0), Point(4, math.nan), Point(math.inf, 3), Point(8, 20)]

    with pytest.raises(ScalingError) as refused:
        fit_universal(bad)

    assert [fault.where for fault in refused.value.faults] == [f"points[{place}]" for place in range(4)]


@pytest.mark.parametrize("fit", [fit_universal, fit_pool])
def test_too_few_concurrencies_are_refused(fit: object) -> None:
    """
    Three numbers through three places is no test of anything, however often each was measured.
    """
    assert callable(fit)

    with pytest.raises(ScalingError, match="too few"):
        fit([Point(n, n) for n in (1, 2, 4, 1, 2, 4)])
