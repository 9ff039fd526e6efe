"""
The plainest spike: calm, a rise, a plateau, a fall, a calm tail.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from loadtests.arrivals.model import Model
from loadtests.arrivals.rate import Rate
from loadtests.documents import STRICT
from waiting_room.errors import Fault


@dataclass(frozen=True, slots=True)
class SpikeProfile(Model):
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

    def contradictions(self, where: str) -> Iterator[Fault]:
        """
        Yield a fault where the spike sinks.
        """
        if self.peak_per_s < self.calm_per_s:
            what = f"must not be below calm_per_s ({self.calm_per_s}), is {self.peak_per_s}"
            yield Fault(f"{where}.peak_per_s", what, "a spike rises")

    def says(self) -> str:
        """
        Return the line for people.
        """
        return (
            f"{self.calm_per_s:g} a second, within {self.rise_s:g} s {self.peak_per_s:g} a second for {self.hold_s:g} s"
        )
