"""
A spike that was: counts of people over time, the shape fitted to them, and the rate that repeats either.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import ClassVar, Final

from loadtests.arrivals.flash import FlashEvent
from loadtests.arrivals.model import Model
from loadtests.arrivals.rate import Rate
from loadtests.documents import STRICT
from waiting_room.errors import Fault

CALM: Final = 0.2
"""So large a share of the counts, the lowest, is taken for calm at first: a spike is short."""
LEAST_COUNTS: Final = 5
_TENTH, _HIGH, _NINE_TENTHS, _LOW = 0.1, 0.8, 0.9, 0.2


@dataclass(frozen=True, slots=True)
class Shape:
    """
    Describe a spike by the figures that a team can compare.

    Args:
        base_per_s: the usual rate.
        peak_per_s: the highest.
        rise_s: from a tenth to nine tenths of the way from base to peak.
        hold_s: how long it stayed above eight tenths of it.
        half_life_s: within which time half of them stayed away again.
        peak_from_s: when eight tenths were reached first.
    """

    base_per_s: float
    peak_per_s: float
    rise_s: float
    hold_s: float
    half_life_s: float
    peak_from_s: float

    @property
    def shock(self) -> float:
        """
        Return the peak in multiples of the base.
        """
        return self.peak_per_s / self.base_per_s

    def event(self, length_s: float) -> FlashEvent:
        """
        Return the flash event (exponential rise and decay) that has these figures, *length_s* long at least.
        """
        growth, decay = math.log(self.shock), math.log(2) / self.half_life_s
        passed = [math.log(self._level(part) / self.base_per_s) / growth for part in (_TENTH, _HIGH, _NINE_TENTHS)]
        rise_s = self.rise_s / (passed[2] - passed[0])
        # What the slopes contribute to the time above eight tenths is no plateau.
        slopes_s = rise_s * (1 - passed[1]) + math.log(self.peak_per_s / self._level(_HIGH)) / decay
        hold_s = max(0.0, self.hold_s - slopes_s)
        calm_s = max(0.0, self.peak_from_s - passed[1] * rise_s)
        ends_s = calm_s + rise_s + hold_s + growth / decay
        return FlashEvent(
            base_per_s=self.base_per_s,
            shock=self.shock,
            rise_s=rise_s,
            hold_s=hold_s,
            half_life_s=self.half_life_s,
            calm_s=calm_s,
            tail_s=max(0.0, length_s - ends_s),
        )

    def _level(self, part: float) -> float:
        return self.base_per_s + part * (self.peak_per_s - self.base_per_s)


@dataclass(frozen=True, slots=True)
class History(Model):
    """
    Let people come as they did once.

    Args:
        counts: how many came in each interval.
        every_s: how long an interval is.
        scale: how many times as many are to come.
        fitted: whether the spike's fitted shape is repeated, without that day's chance; else every count as it was.
        left_out: how many lines of the records could not be read, and are in no count.
    """

    counts: tuple[int, ...]
    every_s: float
    scale: float = 1.0
    fitted: bool = True
    left_out: int = 0

    POSITIVE: ClassVar = ("every_s", "scale")
    __pydantic_config__: ClassVar = STRICT

    def rate(self) -> Rate:
        """
        Return the fitted curve, or a step for each count.
        """
        if self.fitted:
            return self.shape().event(len(self.counts) * self.every_s).rate().scaled(self.scale)
        return Rate(
            tuple(
                (edge_s * self.every_s, self.scale * count / self.every_s)
                for place, count in enumerate(self.counts)
                for edge_s in (place, place + 1)
            )
        )

    def shape(self) -> Shape:
        """
        Return the figures of the spike, from counts smoothed over three intervals.
        """
        return shape_of(self.counts, self.every_s)

    def contradictions(self, where: str) -> Iterator[Fault]:
        """
        Yield a fault where there is too little to be repeated, or no spike to be fitted.
        """
        if len(self.counts) < LEAST_COUNTS or not any(self.counts):
            what = f"holds {len(self.counts)} intervals with {sum(self.counts)} people"
            yield Fault(where, what, f"at least {LEAST_COUNTS} are needed, and somebody who came")
        elif self.fitted and self.shape().shock < 1.5:
            what = f"has no spike: at most {self.shape().shock:.2g} times the usual came"
            yield Fault(f"{where}.fitted", what, "write fitted = false to repeat the counts as they were")

    def says(self) -> str:
        """
        Return the line for people.
        """
        many = f", {self.scale:g} times as many" if self.scale != 1 else ""
        many += f"; unreadable lines left out: {self.left_out:,}" if self.left_out else ""
        if not self.fitted:
            return f"as it was, {sum(self.counts):,} people in {len(self.counts)} intervals of {self.every_s:g} s{many}"
        shape = self.shape()
        size = f"{shape.base_per_s:.3g} a second, up to {shape.shock:.3g} times that"
        slopes = f"risen within {shape.rise_s:.0f} s, high for {shape.hold_s:.0f} s"
        return f"as it was: {size}, {slopes}, half of it gone within {shape.half_life_s:.0f} s{many}"


def shape_of(counts: Sequence[int], every_s: float) -> Shape:
    """
    Return the figures of the highest spike in *counts*.

    Crossings are found by interpolation between the middles of intervals, so that none of the times is shorter than a
    part of one: a spike within a single interval cannot be told from a step.
    """
    per_s = [fmean(counts[max(0, place - 1) : place + 2]) / every_s for place in range(len(counts))]
    peak = max(per_s)
    lowest = fmean(sorted(per_s)[: max(1, round(CALM * len(per_s)))])
    # The lowest counts are low by luck as well: the usual rate is that of all that are not of the spike.
    usual = median(value for value in per_s if value <= lowest + _TENTH * (peak - lowest))
    base = max(usual, peak / 1000)  # a day that began with nobody has a shock as well
    top = per_s.index(peak)

    def level(part: float) -> float:
        return base + part * (peak - base)

    left, right = list(reversed(per_s[: top + 1])), per_s[top:]
    rising = {part: (top - _fallen(left, level(part)) + 0.5) * every_s for part in (_TENTH, _HIGH, _NINE_TENTHS)}
    high_to_s = (top + _last_above(right, level(_HIGH)) + 0.5) * every_s
    return Shape(
        base_per_s=base,
        peak_per_s=peak,
        rise_s=max(rising[_NINE_TENTHS] - rising[_TENTH], every_s / 2),
        hold_s=max(high_to_s - rising[_HIGH], 0.0),
        half_life_s=_half_life(right, lambda per: level(_LOW) < per <= level(_HIGH)) * every_s,
        peak_from_s=rising[_HIGH],
    )


def _fallen(values: Sequence[float], level: float) -> float:
    # After how many intervals, counted from the first, the values fall below the level.
    for place, (before, after) in enumerate(pairwise(values)):
        if after < level <= before:
            return place + (before - level) / (before - after)
    return float(len(values) - 1)


def _last_above(values: Sequence[float], level: float) -> float:
    last = max(place for place, value in enumerate(values) if value >= level)
    return last + _fallen(values[last:], level) if last + 1 < len(values) else float(last)


def _half_life(values: Sequence[float], fades: Callable[[float], bool]) -> float:
    # In intervals: from the slope of the logarithms (least squares) while the crowd fades.
    points = [(float(place), math.log(value)) for place, value in enumerate(values) if fades(value)]
    if len(points) < 2:
        return 0.5
    middle, mean = fmean(place for place, _ in points), fmean(value for _, value in points)
    slope = sum((place - middle) * (value - mean) for place, value in points)
    slope /= sum((place - middle) ** 2 for place, _ in points)
    return max(0.5, math.log(2) / -slope) if slope < 0 else float(len(values))
