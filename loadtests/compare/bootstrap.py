"""
How sure a difference is: the local block bootstrap, with a block length that the data choose.

Neighbours in a run are alike: they met the same queue and the same stall. Drawing them one by one would take ten looks
at one stall for ten stalls, and call noise a difference. So whole blocks of neighbouring seconds are drawn, with those
who came in them (Kuensch 1989). And a rehearsal is no steady state: a queue grows, a spike comes and goes. A block is
therefore drawn from around the place that it takes (Paparoditis and Politis 2002), so that every drawn run has its rise
where the run had it, and what scatters is the noise and not the story.
"""

import math
import random
from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import NormalDist, fmean, stdev
from typing import Final

from loadtests.compare.samples import BlockSum, Running, Sample

RESAMPLES: Final = 300
"""The standard error of a standard error from so many is 1/sqrt(2 x 300) = 4 % of it."""
SHORTEST_S: Final = 3
"""No block is shorter: what disturbs a machine lasts for seconds, and a short series need not show it."""
AROUND: Final = 3
"""A block is drawn from so many block lengths around its place."""
MANY_BLOCKS: Final = 10
"""No block is longer than a run has room for so many of."""
FEWEST_BLOCKS: Final = 6
"""Fewer tell nothing about how blocks differ."""
_FEWEST_LAGS: Final = 5


def block_length(series: Sequence[float]) -> int:
    """
    Return how many neighbouring seconds to draw together, at least the cube root of their number.

    The automatic choice of Politis and White (2004, with the correction of Patton, Politis and White 2009) for the
    circular bootstrap of a mean: b = (2 G^2 / D)^(1/3) n^(1/3), with G and D from the autocovariances under a flat-top
    window that ends where they become insignificant. The cube root of n is the order that any choice must have (Hall,
    Horowitz and Jing 1995), and guards against a short series that shows none of its dependence.
    """
    n = len(series)
    floor = max(SHORTEST_S, math.ceil(math.cbrt(n)))
    mean = fmean(series) if series else 0.0
    centred = [value - mean for value in series]
    variance = sum(value * value for value in centred)
    if n < 2 * FEWEST_BLOCKS or variance <= 0:
        return floor
    longest = math.ceil(math.sqrt(n)) + _FEWEST_LAGS
    covariances = [_covariance(centred, lag) for lag in range(min(longest + _FEWEST_LAGS, n - 1) + 1)]
    window = min(2 * _last_significant(covariances, n), longest, len(covariances) - 1)
    weights = [min(1.0, 2 * (1 - lag / window)) if window else 0.0 for lag in range(1, window + 1)]
    terms = list(zip(weights, covariances[1:], strict=False))
    g = 2 * sum(weight * lag * covariance for lag, (weight, covariance) in enumerate(terms, 1))
    spectrum = covariances[0] + 2 * sum(weight * covariance for weight, covariance in terms)
    if spectrum <= 0:
        return floor
    chosen = math.cbrt(2 * g * g / (4 / 3 * spectrum * spectrum) * n)
    most = math.floor(min(3 * math.sqrt(n), n / MANY_BLOCKS))
    return max(floor, min(math.ceil(chosen), most))


def _covariance(centred: Sequence[float], lag: int) -> float:
    return sum(map(float.__mul__, centred[lag:], centred)) / len(centred)


def _last_significant(covariances: Sequence[float], n: int) -> int:
    bound = 2 * math.sqrt(math.log10(n) / n) * covariances[0]
    for lag in range(1, len(covariances)):
        if all(abs(covariance) < bound for covariance in covariances[lag : lag + _FEWEST_LAGS]):
            return lag - 1 or 1
    return len(covariances) - 1


def _drawn(draw: random.Random, seconds: int, length: int) -> BlockSum:
    starts = []
    for place in range(0, seconds, length):
        low = max(0, place - AROUND * length)
        high = max(low, min(seconds - length, place + AROUND * length))
        starts.append(low + int(draw.random() * (high - low + 1)))

    def total(sums: Running) -> float:
        return sum([sums[start + length] - sums[start] for start in starts])

    return total


def _length(series: Sequence[float]) -> int:
    return block_length(_level(series, max(AROUND * SHORTEST_S, len(series) // 5)))


def _level(series: Sequence[float], width: int) -> list[float]:
    """
    Return the series without its slow course, which the places of the blocks keep.
    """
    sums = (0.0, *accumulate(series))
    found = []
    for i, value in enumerate(series):
        low, high = max(0, i - width), min(len(series), i + width + 1)
        found.append(value - (sums[high] - sums[low]) / (high - low))
    return found


class Spread:
    """
    The standard error of a difference between two runs, and on how many independent blocks it rests.

    Args:
        error: the standard error.
        blocks: how many blocks the shorter run had.
        length: how many seconds a block had.
    """

    __slots__ = ("blocks", "error", "length")

    def __init__(self, error: float, blocks: float, length: int) -> None:
        self.error = error
        self.blocks = blocks
        self.length = length


def spread(
    a: Sample, b: Sample, difference: Callable[[float, float], float], *, paired: bool, seed: str
) -> Spread | None:
    """
    Return how far *difference* of the two figures would scatter if the runs were made again; None of too little.

    Args:
        a: the first run's data.
        b: the second's.
        difference: from the figure in *a* and in *b* to the effect.
        paired: whether the n-th second of both had the same shoppers, so that both are drawn together.
        seed: for the draws.
    """
    draw = random.Random(seed)
    if paired:
        series = [theirs - ours for ours, theirs in zip(a.influence(), b.influence(), strict=True)]
        lengths = (_length(series),) * 2
    else:
        lengths = (_length(a.influence()), _length(b.influence()))
    blocks = min(a.units / lengths[0], b.units / lengths[1])
    if blocks < FEWEST_BLOCKS:
        return None
    effects = []
    for _ in range(RESAMPLES):
        first = _drawn(draw, a.units, lengths[0])
        second = first if paired else _drawn(draw, b.units, lengths[1])
        one, other = a.of(first), b.of(second)
        if one is not None and other is not None:
            effects.append(difference(one, other))
    if len(effects) < RESAMPLES / 2 or not all(map(math.isfinite, effects)):
        return None
    return Spread(stdev(effects), blocks, max(lengths))


def student(share: float, freedom: float) -> float:
    """
    Return the quantile of Student's law, by the expansion in 1/freedom of Abramowitz and Stegun, 26.7.5.
    """
    z = NormalDist().inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))
