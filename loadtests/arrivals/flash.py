"""
Flash crowds as the literature has them: one by straight lines, one by exponentials.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from loadtests.arrivals.model import Model, straightened
from loadtests.arrivals.rate import Rate
from loadtests.documents import STRICT
from waiting_room.errors import Fault


class Shock(Model):
    """
    Be a model in which many times as many come as on every day.
    """

    __slots__ = ()

    shock: float

    def contradictions(self, where: str) -> Iterator[Fault]:
        """
        Yield a fault where the crowd is smaller than everyday's.
        """
        if self.shock < 1:
            yield Fault(f"{where}.shock", f"must be at least 1, is {self.shock}", "it multiplies the base rate")


@dataclass(frozen=True, slots=True)
class FlashCrowd(Shock):
    """
    Let a flash crowd come as by Ari et al.: the bigger the shock, the faster the rise and the longer the plateau.

    The peak is shock x base; with l = log10(1 + shock) the rise takes unit / l, the plateau unit x l, and the fall
    popularity x unit x l. Ari, Hong, Miller, Brandt, Long: Managing flash crowds on the Internet, MASCOTS 2003.

    Args:
        base_per_s: people per second before and after.
        shock: how many times as many come at the peak.
        unit_s: the length by which the phases are measured.
        popularity: how slowly interest fades; 1 as slowly as the plateau lasts.
        calm_s, tail_s: how long the base rate is kept before and after.
    """

    base_per_s: float
    shock: float
    unit_s: float
    popularity: float = 1.0
    calm_s: float = 0.0
    tail_s: float = 0.0

    POSITIVE: ClassVar = ("base_per_s", "shock", "unit_s")
    __pydantic_config__: ClassVar = STRICT

    def rate(self) -> Rate:
        """
        Return the five straight lines.
        """
        size = math.log10(1 + self.shock)
        at_s, corners = 0.0, [(0.0, self.base_per_s)]
        peak = self.shock * self.base_per_s
        for length_s, per_s in (
            (self.calm_s, self.base_per_s),
            (self.unit_s / size, peak),
            (self.unit_s * size, peak),
            (self.popularity * self.unit_s * size, self.base_per_s),
            (self.tail_s, self.base_per_s),
        ):
            at_s += length_s
            corners.append((at_s, per_s))
        return Rate(tuple(corners))

    def says(self) -> str:
        """
        Return the line for people.
        """
        return f"a flash crowd, {self.shock:g} times the usual {self.base_per_s:g} a second"


@dataclass(frozen=True, slots=True)
class FlashEvent(Shock):
    """
    Let a flash event come as by Bhatia et al.: an exponential rise, a plateau, and an exponential decay.

    Up: base e^(a t) with a = ln(shock) / rise; down: peak e^(-c t) with c = ln 2 / half-life, until the base is reached
    again. Bhatia, Mohay, Schmidt, Tickle: Modelling web-server flash events, NCA 2012, doi 10.1109/NCA.2012.24.

    Args:
        base_per_s: people per second before and after.
        shock: how many times as many come at the peak.
        rise_s: from base to peak.
        hold_s: how long the peak lasts.
        half_life_s: within which time half of them stay away again.
        calm_s, tail_s: how long the base rate is kept before and after.
    """

    base_per_s: float
    shock: float
    rise_s: float
    half_life_s: float
    hold_s: float = 0.0
    calm_s: float = 0.0
    tail_s: float = 0.0

    POSITIVE: ClassVar = ("base_per_s", "shock", "rise_s", "half_life_s")
    __pydantic_config__: ClassVar = STRICT

    def rate(self) -> Rate:
        """
        Return the curve.
        """
        rise_at = self.calm_s
        hold_at = rise_at + self.rise_s
        fall_at = hold_at + self.hold_s
        tail_at = fall_at + self.half_life_s * math.log2(self.shock)
        seconds = (0.0, rise_at, hold_at, fall_at, tail_at, tail_at + self.tail_s)
        return straightened(lambda at_s: self._at(at_s - rise_at), sorted(set(seconds)))

    def _at(self, at_s: float) -> float:
        growth = math.log(self.shock)
        rising = self.base_per_s * math.exp(growth * min(max(0.0, at_s / self.rise_s), 1.0))
        past_s = at_s - self.rise_s - self.hold_s
        return max(self.base_per_s, rising * 2 ** -(past_s / self.half_life_s)) if past_s > 0 else rising

    def says(self) -> str:
        """
        Return the line for people.
        """
        return (
            f"a flash event, {self.shock:g} times the usual {self.base_per_s:g} a second after {self.rise_s:g} s, "
            f"half of it gone within {self.half_life_s:g} s"
        )
