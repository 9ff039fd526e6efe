"""
Where a shop's knee is: which step comes next, when a step has been looked at for long enough, and what the steps say.

Shoppers go round in a closed loop without thinking, each step with twice as many: what they get done per second rises
until something is full. A closed loop asks no more than is answered, so each step settles, on a busy machine as well.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Final

from loadtests.forecast.scaling import Fit, Point, ScalingError, fit_pool, fit_universal
from loadtests.measuring.measures import Measures, Outcome

FLAT: Final = 0.15
"""A step with twice the shoppers that gets done less than this much more lies beyond the knee."""
FLAT_STEPS: Final = 2
"""So many of them end the search: the plateau, and a step beyond."""
ALIKE: Final = 0.05
"""Steps within this of the best one belong to the plateau; the best alone would flatter the shop by its luck."""
SETTLED_WITHIN: Final = 0.05
LEAST_SECONDS: Final = 4
_STUDENT: Final = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13)
"""Student's t for 95 %, two-sided, by degrees of freedom from 1; from 16 on it is 2.1 or less."""


@dataclass(frozen=True, slots=True)
class Objective:
    """
    Say what a shop that is well must keep.

    Args:
        page_p95_ms: 95 of 100 of its pages come within this.
        error_ratio: at most this share of its requests fail.
    """

    page_p95_ms: float = 1000.0
    error_ratio: float = 0.01


@dataclass(frozen=True, slots=True)
class Step:
    """
    Hold what was measured with so many shoppers.

    Args:
        shoppers: how many went round.
        orders_per_s: what they bought per second.
        page_p50_ms, page_p95_ms: how long the shop's pages took, from sending; None where none came.
        error_ratio: failed requests, per request.
        judged_s: over how many seconds.
        settled: whether the throughput had settled by then, and not only the time was over.
    """

    shoppers: int
    orders_per_s: float
    page_p50_ms: float | None
    page_p95_ms: float | None
    error_ratio: float
    judged_s: float
    settled: bool

    def keeps(self, objective: Objective) -> bool:
        """
        Tell whether the shop was well.
        """
        quick = self.page_p95_ms is not None and self.page_p95_ms <= objective.page_p95_ms
        return quick and self.error_ratio <= objective.error_ratio and self.orders_per_s > 0


@dataclass(frozen=True, slots=True)
class Knee:
    """
    Hold what the steps say together.

    Args:
        orders_per_s: what the shop sells at most while it keeps the objective: the mean of the plateau's steps.
        shoppers: the fewest shoppers without think times who reach it.
        found: whether throughput stopped rising, or the objective broke; if not, the shop can do more than was seen.
        kept_up_to: the most shoppers with whom the objective was kept; 0 for none.
        broken_from: the fewest with whom it broke; None where it never did.
        universal, pool: the two laws; None where too few steps sold anything.
    """

    orders_per_s: float
    shoppers: int
    found: bool
    kept_up_to: int
    broken_from: int | None
    universal: Fit | None
    pool: Fit | None

    @property
    def believed(self) -> Fit | None:
        """
        Return the law that misses the points by less, if it is a good one.
        """
        fits = [fit for fit in (self.universal, self.pool) if fit is not None and fit.good]
        return min(fits, key=lambda fit: fit.error, default=None)


def settled(counts: Sequence[float]) -> bool:
    """
    Tell whether the mean of the seconds' counts is known to `SETTLED_WITHIN`, at 95 %, by Student's t.
    """
    if len(counts) < LEAST_SECONDS:
        return False
    mean = fmean(counts)
    free = len(counts) - 1
    reach = _STUDENT[min(free, len(_STUDENT)) - 1] * stdev(counts) / math.sqrt(len(counts))
    return mean > 0 and reach <= SETTLED_WITHIN * mean


def next_shoppers(steps: Sequence[Step], objective: Objective, most: int) -> int | None:
    """
    Return how many shoppers the next step has: twice as many, until the knee lies behind; None when it does.
    """
    if not steps:
        return 1
    if not steps[-1].keeps(objective) or _passed(steps):
        return None
    following = 2 * steps[-1].shoppers
    return following if following <= most else None


def _passed(steps: Sequence[Step]) -> bool:
    flat = 0
    for place in range(1, len(steps)):
        best = max(step.orders_per_s for step in steps[:place])
        flat = flat + 1 if steps[place].orders_per_s < (1 + FLAT) * best else 0
    return flat >= FLAT_STEPS


def knee_of(steps: Sequence[Step], objective: Objective) -> Knee:
    """
    Return what the steps say together.

    The laws tell what limits the shop and check the steps against each other; how much it sells is taken from the
    steps themselves, never from a law beyond them.
    """
    kept = [step for step in steps if step.keeps(objective)]
    broken = [step.shoppers for step in steps if not step.keeps(objective)]
    best = max((step.orders_per_s for step in kept), default=0.0)
    plateau = [step for step in kept if step.orders_per_s >= (1 - ALIKE) * best]
    universal, pool = _laws([Point(step.shoppers, step.orders_per_s) for step in steps if step.orders_per_s > 0])
    return Knee(
        orders_per_s=_mean_of(plateau),
        shoppers=min((step.shoppers for step in plateau), default=0),
        found=bool(broken) or _passed(steps),
        kept_up_to=max((step.shoppers for step in kept), default=0),
        broken_from=min(broken, default=None),
        universal=universal,
        pool=pool,
    )


def _laws(points: Sequence[Point]) -> tuple[Fit | None, Fit | None]:
    try:
        return fit_universal(points), fit_pool(points)
    except ScalingError:
        return None, None


def _mean_of(steps: Sequence[Step]) -> float:
    judged_s = sum(step.judged_s for step in steps)
    return sum(step.orders_per_s * step.judged_s for step in steps) / judged_s if judged_s else 0.0


def orders_per_s(measures: Measures, from_s: float, to_s: float) -> float:
    """
    Return what a closed loop bought per second over a span, by Little's law: shoppers over the time of a round.

    Each visit counts with the share of it that lies in the span, so that nothing depends on whether a wave of shoppers
    pays just before the end of it or just after. Those still on their way at the end are taken to buy as the others.
    """
    bought = ended_s = going_s = 0.0
    for shopper in measures.shoppers:
        until_s = to_s if shopper.ended_s is None else shopper.ended_s
        inside_s = min(until_s, to_s) - max(shopper.arrival_s, from_s)
        if inside_s <= 0:
            continue
        going_s += inside_s
        if shopper.outcome is Outcome.UNFINISHED:
            continue
        ended_s += inside_s
        if shopper.outcome is Outcome.BOUGHT:
            bought += inside_s / (until_s - shopper.arrival_s)
    return going_s / (to_s - from_s) * bought / ended_s if ended_s else 0.0
