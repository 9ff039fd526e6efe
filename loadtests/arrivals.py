"""
When shoppers come: a spike as a piecewise-linear rate, and a seeded list of arrival instants drawn from it.

The arrivals are an open, inhomogeneous Poisson process: nobody waits for anybody else before coming. They are drawn by
exact inversion: unit exponentials are added up, and each sum is sent back through the inverse of the cumulative rate.
No thinning, no one-second batches; the same seed gives the same list on every machine.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import ClassVar

from loadtests.documents import STRICT
from waiting_room.errors import Fault, FaultsError

MAX_EXPECTED = 2_000_000
"""More shoppers than one generator process can hold; a longer list is a mistyped rate."""


class ProfileError(FaultsError):
    """
    Refuse the shape of a spike, with everything that is wrong about it.
    """


@dataclass(frozen=True, slots=True)
class SpikeProfile:
    """
    Say how many shoppers come per second, from calm through a rise, a plateau and a fall to a calm tail.

    Args:
        calm_per_s: arrivals per second before the rise and in the tail.
        calm_s: how long the calm lasts, in seconds.
        rise_s: how long the rate climbs from calm to peak; 0 is a step.
        peak_per_s: arrivals per second on the plateau.
        hold_s: how long the plateau lasts.
        fall_s: how long the rate sinks back to calm; 0 is a step.
        tail_s: how long the calm after the spike lasts.
    """

    calm_per_s: float
    calm_s: float
    rise_s: float
    peak_per_s: float
    hold_s: float
    fall_s: float
    tail_s: float

    __pydantic_config__: ClassVar = STRICT

    @property
    def length_s(self) -> float:
        """
        Return the length of the whole profile in seconds.
        """
        return self.calm_s + self.rise_s + self.hold_s + self.fall_s + self.tail_s

    def corners(self) -> tuple[tuple[float, float], ...]:
        """
        Return the corners of the rate as (second, rate); a step is two corners at one second.
        """
        rise_at = self.calm_s
        hold_at = rise_at + self.rise_s
        fall_at = hold_at + self.hold_s
        tail_at = fall_at + self.fall_s
        return (
            (0.0, self.calm_per_s),
            (rise_at, self.calm_per_s),
            (hold_at, self.peak_per_s),
            (fall_at, self.peak_per_s),
            (tail_at, self.calm_per_s),
            (self.length_s, self.calm_per_s),
        )

    def faults(self, where: str = "profile") -> tuple[Fault, ...]:
        """
        Return everything that makes the profile senseless, and nothing when it is sound.
        """
        found = [
            Fault(f"{where}.{name}", f"must be a finite number of at least 0, is {value}")
            for name, value in self._values()
            if not (math.isfinite(value) and value >= 0)
        ]
        if found:
            return tuple(found)
        if self.peak_per_s < self.calm_per_s:
            what = f"must not be below calm_per_s ({self.calm_per_s}), is {self.peak_per_s}"
            found.append(Fault(f"{where}.peak_per_s", what, "a spike rises"))
        if self.length_s <= 0:
            found.append(Fault(where, "lasts no time at all", "give at least one phase a length"))
        if expected_count(self) > MAX_EXPECTED:
            what = f"asks for {expected_count(self):.0f} shoppers, more than {MAX_EXPECTED}"
            found.append(Fault(where, what, "lower the rates or shorten the phases"))
        return tuple(found)

    def _values(self) -> Iterator[tuple[str, float]]:
        for field in fields(self):
            yield field.name, getattr(self, field.name)


def rate_at(profile: SpikeProfile, at_s: float) -> float:
    """
    Return the arrivals per second at *at_s*; 0 outside of the profile, and after a step the new rate.
    """
    corners = profile.corners()
    if not 0 <= at_s <= profile.length_s:
        return 0.0
    after = bisect_right([second for second, _ in corners], at_s)
    if after == len(corners):
        return corners[-1][1]
    (from_s, before), (to_s, then) = corners[after - 1], corners[after]
    return before + (then - before) * (at_s - from_s) / (to_s - from_s)


def expected_count(profile: SpikeProfile, until_s: float | None = None) -> float:
    """
    Return the mean number of arrivals up to *until_s* (all when None): the area under the rate.
    """
    end_s = profile.length_s if until_s is None else min(max(0.0, until_s), profile.length_s)
    area = 0.0
    for (from_s, before), (to_s, then) in pairwise(profile.corners()):
        if end_s <= from_s or to_s <= from_s:
            continue
        part_s = min(end_s, to_s) - from_s
        at_end = before + (then - before) * part_s / (to_s - from_s)
        area += part_s * (before + at_end) / 2
    return area


def draw_arrivals(profile: SpikeProfile, seed: int) -> list[float]:
    """
    Return the instants at which shoppers come, in seconds from the start, rising; the same for the same seed.

    Raises:
        ProfileError: the profile is not sound.
    """
    if faults := profile.faults():
        raise ProfileError(faults)
    draw = random.Random(f"arrivals:{seed}")
    instants: list[float] = []
    area = 0.0  # of the pieces that are done
    mark = draw.expovariate(1.0)
    for (from_s, before), (to_s, then) in pairwise(profile.corners()):
        length_s = to_s - from_s
        piece = length_s * (before + then) / 2
        while mark <= area + piece and piece > 0:
            instants.append(from_s + _crossing(mark - area, before, then, length_s))
            mark += draw.expovariate(1.0)
        area += piece
    return instants


def overload_window(profile: SpikeProfile, capacity_per_s: float) -> tuple[float, float] | None:
    """
    Return the seconds (from, to) while the rate exceeds *capacity_per_s*, or None if it never does.
    """
    if capacity_per_s >= profile.peak_per_s:
        return None
    if capacity_per_s < profile.calm_per_s:
        return 0.0, profile.length_s
    share = (capacity_per_s - profile.calm_per_s) / (profile.peak_per_s - profile.calm_per_s)
    fall_at = profile.calm_s + profile.rise_s + profile.hold_s
    return profile.calm_s + share * profile.rise_s, fall_at + (1 - share) * profile.fall_s


def _crossing(area: float, before: float, then: float, length_s: float) -> float:
    # The time t at which a rate that goes from `before` to `then` within `length_s` has covered `area`:
    # before*t + slope*t*t/2 = area, in the form that does not cancel when the slope is near zero.
    slope = (then - before) / length_s
    root = math.sqrt(max(0.0, before * before + 2 * slope * area))
    return min(length_s, 2 * area / (before + root)) if before + root > 0 else 0.0
