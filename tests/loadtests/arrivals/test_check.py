"""
The check of arrivals passes Poisson ones, of every model, and no others.
"""

import math
import random
from itertools import accumulate

import pytest

from loadtests.arrivals.check import LEVEL, check_arrivals, dispersion, ks_distance, p_value, uniforms
from loadtests.arrivals.model import Model
from loadtests.arrivals.plain import Constant
from loadtests.arrivals.rate import Rate, draw_arrivals, expected_count
from loadtests.arrivals.spike import SpikeProfile
from tests.loadtests.arrivals.crowds import EXAMPLES

SPIKE = SpikeProfile(calm_per_s=4, calm_s=10, rise_s=5, peak_per_s=60, hold_s=20, fall_s=8, tail_s=12).rate()


@pytest.mark.parametrize("model", EXAMPLES.values(), ids=EXAMPLES)
def test_drawn_arrivals_pass_for_every_model(model: Model) -> None:
    """
    Ten draws are at the right time by Kolmogorov and Smirnov, and together of the dispersion of a Poisson process.
    """
    rate = model.rate()
    checks = [check_arrivals(draw_arrivals(rate, seed), rate) for seed in range(10)]

    assert all(check.p_value >= LEVEL for check in checks)
    assert sum(check.dispersion or 0 for check in checks) / 10 == pytest.approx(1, abs=0.1)


def test_p_values_of_drawn_arrivals_are_uniform() -> None:
    """
    The test is no weaker and no stricter than it says: of 200 draws, as many lie below each level as should.
    """
    rate = Constant(50, 2).rate()
    found = sorted(check_arrivals(draw_arrivals(rate, seed), rate).p_value for seed in range(200))

    assert p_value(ks_distance(found), len(found)) > 0.01


def test_arrivals_of_another_rate_are_seen() -> None:
    """
    A spike that comes a second late is not the one that was asked for.
    """
    late = [at_s + 1 for at_s in draw_arrivals(SPIKE, 1)]

    assert check_arrivals(late, SPIKE).p_value < LEVEL


def test_a_part_of_a_run_is_held_to_its_part_of_the_rate() -> None:
    """
    A run that was ended on its plateau has come as it should up to then.
    """
    check = check_arrivals(draw_arrivals(SPIKE, 1), SPIKE, until_s=25)

    assert check.p_value >= LEVEL
    assert check.expected == expected_count(SPIKE, 25)


@pytest.mark.parametrize(("at_once", "index"), [(1, 0.0), (10, 10.0)])
def test_spacing_and_batches_show_in_the_dispersion(at_once: int, index: float) -> None:
    """
    Ten a second at even times have no dispersion; in batches of ten at random times, ten times that of single ones.
    """
    draw = random.Random(5)
    gaps = (0.1 if at_once == 1 else draw.expovariate(1) for _ in range(10_000 // at_once))
    instants = [at_s for at_s in accumulate(gaps) for _ in range(at_once) if at_s < 900]

    assert dispersion(instants, Constant(10, 900).rate(), 900) == pytest.approx(index, abs=1)


def test_nobody_is_no_misfit() -> None:
    """
    An empty run has no distance and no dispersion.
    """
    check = check_arrivals([], Rate(((0.0, 0.0), (10.0, 0.0))))

    assert (check.p_value >= LEVEL, check.dispersion) == (True, None)


@pytest.mark.parametrize(("x", "level"), [(1.2238, 0.10), (1.3581, 0.05), (1.6276, 0.01)])
def test_p_values_are_those_of_the_tables(x: float, level: float) -> None:
    """
    The critical values of Kolmogorov's distribution (Smirnov's table, 1948).
    """
    assert p_value(x / math.sqrt(10**8), 10**8) == pytest.approx(level, abs=0.0002)


def test_uniforms_are_the_shares_that_were_due() -> None:
    """
    Of a rate that rises from 0, a quarter is due at half of its time, steps included.
    """
    assert uniforms([5, 10], Rate(((0, 0), (10, 10))), 10) == [0.25, 1]
    assert uniforms([2, 2, 3], Rate(((0, 1), (2, 1), (2, 2), (3, 2))), 3) == [0.5, 0.5, 1]
