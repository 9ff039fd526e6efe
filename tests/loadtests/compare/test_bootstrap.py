"""
How sure a difference is: blocks as long as the dependence, and an interval as wide as the noise.
"""

import math
import random

import pytest

from loadtests.compare.bootstrap import SHORTEST_S, block_length, spread, student
from loadtests.compare.samples import Quantile, Ratio


def series(persists: float, n: int = 400) -> list[float]:
    """
    Return an autoregressive series.
    """
    draw, value, found = random.Random(f"series:{persists}"), 0.0, []
    for _ in range(n):
        value = persists * value + draw.gauss(0, 1)
        found.append(value)
    return found


def log_ratio(one: float, other: float) -> float:
    """
    Return the effect as comparisons take it.
    """
    return math.log(other / one)


def test_blocks_grow_with_the_dependence() -> None:
    """
    Independent seconds need the least, dependent ones more, strongly dependent ones more still.
    """
    lengths = [block_length(series(persists)) for persists in (0.0, 0.6, 0.9)]

    assert lengths[0] == math.ceil(400 ** (1 / 3))
    assert lengths == sorted(lengths)
    assert lengths[2] > 2 * lengths[0]


@pytest.mark.parametrize("values", [[], [1.0], [2.0] * 100, [1.0, 2.0] * 5])
def test_a_series_that_tells_nothing_gets_the_least(values: list[float]) -> None:
    """
    Too short or without any change, there is no dependence to see.
    """
    assert SHORTEST_S <= block_length(values) <= 5


@pytest.mark.parametrize("persists", [0.0, 0.8])
def test_the_error_is_that_of_runs_made_again(persists: float) -> None:
    """
    For the mean of an autoregressive series of n, the variance is known: 1 / (n (1 - persists)^2).
    """
    above = tuple(100 + value for value in series(persists))
    one, none = Ratio(above, (1.0,) * 400), Ratio((100.0,) * 400, (1.0,) * 400)

    found = spread(none, one, lambda a, b: b - a, paired=True, seed="t")

    assert found is not None
    assert found.error == pytest.approx(1 / (math.sqrt(400) * (1 - persists)), rel=0.35)


def test_what_both_runs_share_is_no_error_when_paired() -> None:
    """
    The same crowd moves both runs alike; drawn together, that cancels, and drawn apart it does not.
    """
    shared = tuple(50 + 5 * value for value in series(0.5))
    one = Ratio(shared, (1.0,) * 400)
    other = Ratio(tuple(1.1 * value for value in shared), (1.0,) * 400)

    together = spread(one, other, log_ratio, paired=True, seed="t")
    apart = spread(one, other, log_ratio, paired=False, seed="t")

    assert together is not None
    assert apart is not None
    assert together.error < 0.001 < apart.error


def test_few_blocks_tell_nothing() -> None:
    """
    A run of some seconds has too few blocks to know how they scatter.
    """
    short = Ratio((1.0, 2.0, 3.0) * 4, (1.0,) * 12)

    assert spread(short, short, log_ratio, paired=True, seed="t") is None


@pytest.mark.parametrize(("share", "freedom", "value"), [(0.975, 10, 2.228), (0.995, 10, 3.169), (0.9995, 30, 3.646)])
def test_students_quantiles_are_those_of_the_tables(share: float, freedom: float, value: float) -> None:
    """
    As printed in any table of the t distribution.
    """
    assert student(share, freedom) == pytest.approx(value, rel=0.002)


def test_a_quantile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    """
    Of 1 to 10, half do not exceed 5, and 95 % not 10, in whichever seconds they came.
    """
    seen: tuple[dict[float, int], ...] = (
        {1.0: 1, 9.0: 1, 3.0: 1},
        {},
        {5.0: 1, 2.0: 1, 4.0: 1, 7.0: 1},
        {10.0: 1, 6.0: 1, 8.0: 1},
    )

    assert Quantile(0.5, seen).value() == 5
    assert Quantile(0.95, seen).value() == 10
    assert Quantile(0.5, ({}, {})).value() is None
