"""
The plain shapes: a constant rate, a ramp, steps, and the slow wave of a day.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from loadtests.arrivals.model import Model, straightened
from loadtests.arrivals.rate import Rate
from loadtests.documents import STRICT
from waiting_room.errors import Fault


@dataclass(frozen=True, slots=True)
class Constant(Model):
    """
    Let people come at one rate.

    Args:
        per_s: people per second.
        for_s: for how long.
    """

    per_s: float
    for_s: float

    POSITIVE: ClassVar = ("for_s",)
    __pydantic_config__: ClassVar = STRICT

    def rate(self) -> Rate:
        """
        Return one level line.
        """
        return Rate(((0.0, self.per_s), (self.for_s, self.per_s)))

    def says(self) -> str:
        """
        Return the line for people.
        """
        return f"{self.per_s:g} a second for {self.for_s:g} s"


@dataclass(frozen=True, slots=True)
class Ramp(Model):
    """
    Let people come at a rate that changes evenly.

    Args:
        from_per_s, to_per_s: people per second at the beginning and at the end.
        for_s: for how long.
    """

    from_per_s: float
    to_per_s: float
    for_s: float

    POSITIVE: ClassVar = ("for_s",)
    __pydantic_config__: ClassVar = STRICT

    def rate(self) -> Rate:
        """
        Return one slope.
        """
        return Rate(((0.0, self.from_per_s), (self.for_s, self.to_per_s)))

    def says(self) -> str:
        """
        Return the line for people.
        """
        return f"from {self.from_per_s:g} to {self.to_per_s:g} a second within {self.for_s:g} s"


@dataclass(frozen=True, slots=True)
class Steps(Model):
    """
    Let people come at one rate after the other, each for the same time: one step, or a stair until something breaks.

    Args:
        per_s: people per second, level by level.
        each_s: how long a level lasts.
    """

    per_s: tuple[float, ...]
    each_s: float

    POSITIVE: ClassVar = ("each_s",)
    __pydantic_config__: ClassVar = STRICT

    def rate(self) -> Rate:
        """
        Return the stair.
        """
        return Rate(
            tuple(
                corner
                for place, per_s in enumerate(self.per_s)
                for corner in ((place * self.each_s, per_s), ((place + 1) * self.each_s, per_s))
            )
        )

    def contradictions(self, where: str) -> Iterator[Fault]:
        """
        Yield a fault where there is no level.
        """
        if not self.per_s:
            yield Fault(f"{where}.per_s", "names no level", "for example [5, 10, 20]")

    def says(self) -> str:
        """
        Return the line for people.
        """
        return f"{', '.join(f'{per_s:g}' for per_s in self.per_s)} a second, each for {self.each_s:g} s"


@dataclass(frozen=True, slots=True)
class Diurnal(Model):
    """
    Let people come in the slow wave of a day, the first harmonic of daily traffic.

    rate(t) = low + (high - low) (1 + cos(2 pi (t - highest_at) / day)) / 2.

    Args:
        low_per_s, high_per_s: people per second in the night and at the best hour.
        day_s: how long a day lasts; 86,400 is a real one.
        highest_at_s: when the best hour is.
        for_s: for how long people come.
    """

    low_per_s: float
    high_per_s: float
    for_s: float
    highest_at_s: float
    day_s: float = 86_400.0

    POSITIVE: ClassVar = ("day_s", "for_s")
    __pydantic_config__: ClassVar = STRICT

    def rate(self) -> Rate:
        """
        Return the wave.
        """
        half = self.day_s / 2
        first = math.ceil(-self.highest_at_s / half)
        turns = (self.highest_at_s + half * k for k in range(first, first + int(self.for_s / half) + 2))
        return straightened(self._at, (0.0, *(at_s for at_s in turns if 0 < at_s < self.for_s), self.for_s))

    def _at(self, at_s: float) -> float:
        wave = (1 + math.cos(2 * math.pi * (at_s - self.highest_at_s) / self.day_s)) / 2
        return self.low_per_s + (self.high_per_s - self.low_per_s) * wave

    def contradictions(self, where: str) -> Iterator[Fault]:
        """
        Yield a fault where the best hour is not the best.
        """
        if self.high_per_s < self.low_per_s:
            yield Fault(f"{where}.high_per_s", f"must not be below low_per_s ({self.low_per_s}), is {self.high_per_s}")
        if self.for_s > 100 * self.day_s:
            yield Fault(f"{where}.for_s", f"is more than 100 days of {self.day_s:g} s", "shorten it")

    def says(self) -> str:
        """
        Return the line for people.
        """
        return (
            f"the wave of a day, {self.low_per_s:g} to {self.high_per_s:g} a second, highest at {self.highest_at_s:g} s"
        )
