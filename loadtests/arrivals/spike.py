"""
The plainest spike: calm, a rise, a plateau, a fall, a calm tail.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import ClassVar

from loadtests.arrivals.rate import Rate
from loadtests.documents import STRICT
from waiting_room.errors import Fault


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

    def rate(self) -> Rate:
        """
        Return the spike as a rate.
        """
        rise_at = self.calm_s
        hold_at = rise_at + self.rise_s
        fall_at = hold_at + self.hold_s
        tail_at = fall_at + self.fall_s
        return Rate(
            (
                (0.0, self.calm_per_s),
                (rise_at, self.calm_per_s),
                (hold_at, self.peak_per_s),
                (fall_at, self.peak_per_s),
                (tail_at, self.calm_per_s),
                (self.length_s, self.calm_per_s),
            )
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
        return (*found, *(self.rate().faults(where) if not found else ()))

    def _values(self) -> Iterator[tuple[str, float]]:
        for field in fields(self):
            yield field.name, getattr(self, field.name)
