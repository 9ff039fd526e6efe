"""
How many shoppers come per second: a piecewise-linear rate, and a seeded list of arrival instants drawn from it.

The arrivals are an open, inhomogeneous Poisson process: nobody waits for anybody else before coming. They are drawn by
exact inversion: unit exponentials are added up, and each sum is sent back through the inverse of the cumulative rate.
No thinning, no one-second batches; the same seed gives the same list on every machine.
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from loadtests.documents import STRICT
from waiting_room.errors import Fault, FaultsError

MAX_EXPECTED = 2_000_000
"""More shoppers than one generator process can hold; a longer list is a mistyped rate."""
_LEGIBLE = 1e12


class RateError(FaultsError):
    """
    Refuse a rate, with everything that is wrong about it.
    """


@dataclass(frozen=True, slots=True)
class Rate:
    """
    Say how many shoppers come per second, as straight lines between corners.

    Args:
        corners: (second, arrivals per second), the seconds rising from 0; a step is two corners at one second.
    """

    corners: tuple[tuple[float, float], ...]

    __pydantic_config__: ClassVar = STRICT

    @property
    def length_s(self) -> float:
        """
        Return for how many seconds shoppers come.
        """
        return self.corners[-1][0] if self.corners else 0.0

    @property
    def peak_per_s(self) -> float:
        """
        Return the highest rate.
        """
        return max((per_s for _, per_s in self.corners), default=0.0)

    def scaled(self, factor: float) -> "Rate":
        """
        Return the rate with *factor* times as many arrivals at every moment.
        """
        return self if factor == 1 else Rate(tuple((at_s, per_s * factor) for at_s, per_s in self.corners))

    def later(self, by_s: float) -> "Rate":
        """
        Return the rate begun *by_s* later, with nobody before.
        """
        if by_s == 0:
            return self
        return Rate(((0.0, 0.0), (by_s, 0.0), *((at_s + by_s, per_s) for at_s, per_s in self.corners)))

    def faults(self, where: str = "rate") -> tuple[Fault, ...]:
        """
        Return everything that makes the rate senseless, and nothing when it is sound.
        """
        found = tuple(self._corner_faults(where))
        if found:
            return found
        if self.length_s <= 0:
            return (Fault(where, "lasts no time at all", "give at least two corners, the last of them later than 0"),)
        if (count := expected_count(self)) > MAX_EXPECTED:
            asked = f"{count:,.0f}" if count < _LEGIBLE else f"{count:.2g}"
            what = f"asks for {asked} shoppers, more than {MAX_EXPECTED:,}"
            return (Fault(where, what, "lower the rates or shorten the phases"),)
        return ()

    def _corner_faults(self, where: str) -> Iterator[Fault]:
        before_s = 0.0
        for place, (at_s, per_s) in enumerate(self.corners):
            for name, value in (("second", at_s), ("rate", per_s)):
                if not (math.isfinite(value) and value >= 0):
                    what = f"must have a {name} that is a finite number of at least 0, is {value}"
                    yield Fault(f"{where}.corners[{place}]", what)
            if at_s < before_s or (place == 0 and at_s != 0):
                yield Fault(f"{where}.corners[{place}]", f"is at {at_s} s", "seconds begin at 0 and rise")
            before_s = max(before_s, at_s)


def rate_at(rate: Rate, at_s: float) -> float:
    """
    Return the arrivals per second at *at_s*; 0 outside of the rate, and after a step the new rate.
    """
    corners = rate.corners
    if not 0 <= at_s <= rate.length_s:
        return 0.0
    after = bisect_right([second for second, _ in corners], at_s)
    if after == len(corners):
        return corners[-1][1]
    (from_s, before), (to_s, then) = corners[after - 1], corners[after]
    return before + (then - before) * (at_s - from_s) / (to_s - from_s)


def expected_count(rate: Rate, until_s: float | None = None) -> float:
    """
    Return the mean number of arrivals up to *until_s* (all when None): the area under the rate.
    """
    end_s = rate.length_s if until_s is None else min(max(0.0, until_s), rate.length_s)
    area = 0.0
    for (from_s, before), (to_s, then) in pairwise(rate.corners):
        if end_s <= from_s or to_s <= from_s:
            continue
        part_s = min(end_s, to_s) - from_s
        at_end = before + (then - before) * part_s / (to_s - from_s)
        area += part_s * (before + at_end) / 2
    return area


def together(rates: Iterable[Rate]) -> Rate:
    """
    Return the rate at which all of them come: the exact sum, steps included; a rate is 0 after its end.
    """
    parts = [(rate, [second for second, _ in rate.corners]) for rate in rates if rate.corners]
    corners: list[tuple[float, float]] = []
    for at_s in sorted({second for _, seconds in parts for second in seconds}):
        sides = [_sides(rate.corners, seconds, at_s) for rate, seconds in parts]
        before, after = sum(left for left, _ in sides), sum(right for _, right in sides)
        corners.append((at_s, before if at_s > 0 else after))
        if after != before and at_s > 0:
            corners.append((at_s, after))
    if len(corners) > 1 and corners[-2][0] == corners[-1][0]:
        corners.pop()  # what comes after the end of all
    return Rate(tuple(corners))


def _sides(corners: Sequence[tuple[float, float]], seconds: Sequence[float], at_s: float) -> tuple[float, float]:
    # The rate just before and just after a moment; they differ at a step.
    first, after = bisect_left(seconds, at_s), bisect_right(seconds, at_s)
    if first < after:
        return corners[first][1], corners[after - 1][1] if after < len(seconds) else 0.0
    if after == len(seconds):
        return 0.0, 0.0
    (from_s, before), (to_s, then) = corners[after - 1], corners[after]
    value = before + (then - before) * (at_s - from_s) / (to_s - from_s)
    return value, value


def draw_arrivals(rate: Rate, seed: int | str) -> list[float]:
    """
    Return the instants at which shoppers come, in seconds from the start, rising; the same for the same seed.

    Raises:
        RateError: the rate is not sound.
    """
    if faults := rate.faults():
        raise RateError(faults)
    draw = random.Random(f"arrivals:{seed}")
    instants: list[float] = []
    area = 0.0  # of the pieces that are done
    mark = draw.expovariate(1.0)
    for (from_s, before), (to_s, then) in pairwise(rate.corners):
        length_s = to_s - from_s
        piece = length_s * (before + then) / 2
        while mark <= area + piece and piece > 0:
            instants.append(from_s + _crossing(mark - area, before, then, length_s))
            mark += draw.expovariate(1.0)
        area += piece
    return instants


def overload_window(rate: Rate, capacity_per_s: float) -> tuple[float, float] | None:
    """
    Return the seconds (from, to) from when the rate first exceeds *capacity_per_s* until it last does, or None.
    """
    above: list[float] = []
    for (from_s, before), (to_s, then) in pairwise(rate.corners):
        if max(before, then) <= capacity_per_s or to_s <= from_s:
            continue
        crossing_s = from_s
        if before != then:
            crossing_s = from_s + (capacity_per_s - before) / (then - before) * (to_s - from_s)
        above.append(from_s if before > capacity_per_s else crossing_s)
        above.append(to_s if then > capacity_per_s else crossing_s)
    return (above[0], above[-1]) if above else None


def _crossing(area: float, before: float, then: float, length_s: float) -> float:
    # The time t at which a rate that goes from `before` to `then` within `length_s` has covered `area`:
    # before*t + slope*t*t/2 = area, in the form that does not cancel when the slope is near zero.
    slope = (then - before) / length_s
    root = math.sqrt(max(0.0, before * before + 2 * slope * area))
    return min(length_s, 2 * area / (before + root)) if before + root > 0 else 0.0
