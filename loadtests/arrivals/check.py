"""
Whether arrivals came as their rate says: a test of Kolmogorov and Smirnov, and the index of dispersion.

Given how many came, the arrivals of a Poisson process with cumulative rate L are, sent through L(t) / L(end), as
independent uniforms in order ("conditional uniforms": Kim and Whitt: Are call center and hospital arrivals well modeled
by nonhomogeneous Poisson processes?, M&SOM 2014). It tells whether they came at the right time; whether they came in
batches, or evenly spaced, is told by the variance of their counts, which equals the mean.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final

from loadtests.arrivals.rate import Rate, expected_count
from loadtests.documents import STRICT

LEVEL: Final = 0.001
"""One in a thousand sound runs is called unsound by chance."""
_TERMS: Final = 100


@dataclass(frozen=True, slots=True)
class ArrivalsCheck:
    """
    Say how well arrivals fit their rate.

    Args:
        count: how many came.
        expected: how many were expected.
        distance: the greatest distance between the shares that came and that were to come (Kolmogorov, Smirnov).
        p_value: how often chance alone makes it as great.
        dispersion: variance of the counts per second over their mean, each count against its own mean: 1 for a Poisson
            process, 0 for an even spacing, more for batches; None where hardly anybody was expected.
    """

    count: int
    expected: float
    distance: float
    p_value: float
    dispersion: float | None

    __pydantic_config__: ClassVar = STRICT


def check_arrivals(instants: Sequence[float], rate: Rate, until_s: float | None = None) -> ArrivalsCheck:
    """
    Return how well *instants*, in rising order, fit *rate*.

    Args:
        instants: when people came or were to come, in seconds from the run's zero.
        rate: the total rate.
        until_s: when the run was ended before its time; who was due later does not count.
    """
    end_s = rate.length_s if until_s is None else min(until_s, rate.length_s)
    came = [at_s for at_s in instants if at_s <= end_s]
    expected = expected_count(rate, end_s)
    distance = ks_distance(uniforms(came, rate, end_s))
    return ArrivalsCheck(
        len(came), expected, distance, p_value(distance, len(came)), dispersion(came, rate, end_s) if expected else None
    )


def uniforms(instants: Sequence[float], rate: Rate, end_s: float) -> list[float]:
    """
    Return the share of the expected arrivals that is due up to each instant.
    """
    whole = expected_count(rate, end_s)
    return [due / whole for due in _due(instants, rate)] if whole else []


def ks_distance(shares: Sequence[float]) -> float:
    """
    Return the greatest distance between the distribution of *shares*, in rising order, and the uniform one.
    """
    n = len(shares)
    return max((max(share - k / n, (k + 1) / n - share) for k, share in enumerate(shares)), default=0.0)


def p_value(distance: float, n: int) -> float:
    """
    Return the chance that *n* uniforms lie so far from uniform: Kolmogorov's series, corrected by Stephens (1970).
    """
    x = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * distance if n else 0.0
    if x < 0.2:  # the series converges slowly there, and its sum is 1 to twelve places
        return 1.0
    total: float = 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, _TERMS))
    return min(1.0, max(0.0, total))


def dispersion(instants: Sequence[float], rate: Rate, end_s: float, width_s: float = 1.0) -> float | None:
    """
    Return the index of dispersion of the counts per *width_s*: the squares of their deviations from their own means,
    over the sum of the means. None where less than one arrival was expected.
    """
    bins = max(1, math.ceil(end_s / width_s - 1e-9))
    due = list(_due([min(place * width_s, end_s) for place in range(bins + 1)], rate))
    means = [after - before for before, after in pairwise(due)]
    counts = [0] * bins
    for at_s in instants:
        counts[min(bins - 1, int(at_s / width_s))] += 1
    whole = sum(means)
    if whole < 1:
        return None
    return sum((count - mean) ** 2 for count, mean in zip(counts, means, strict=True)) / whole


def _due(instants: Sequence[float], rate: Rate) -> Iterator[float]:
    # The cumulative rate at rising instants, in one sweep over both.
    pieces = pairwise(rate.corners)
    (from_s, before), (to_s, then) = next(pieces, ((0.0, 0.0), (0.0, 0.0)))
    area = 0.0
    for at_s in instants:
        while at_s > to_s:
            area += (to_s - from_s) * (before + then) / 2
            following = next(pieces, None)
            if following is None:
                from_s, before, to_s, then = to_s, 0.0, math.inf, 0.0
                break
            (from_s, before), (to_s, then) = following
        part_s = at_s - from_s
        slope = (then - before) / (to_s - from_s) if to_s > from_s else 0.0
        yield area + part_s * (before + slope * part_s / 2)
