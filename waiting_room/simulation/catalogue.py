"""
Scenarios by name: what happens during a promotion besides its spike.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from waiting_room.core.policy import Policy
from waiting_room.simulation.customers import weather_of
from waiting_room.simulation.scenario import CALM, Change, Faults, Scenario, Spike, steady
from waiting_room.simulation.shop import IDLE_S

EVERYTHING: Final = Faults(skew_s=20, deaths=2, partitions=2, timeouts=0.01, promotions=1, wipes=1)
"""Clocks that are off, killed workers, lost lines, lost replies, a promoted replica, an empty store."""
_BEARS: Final = 0.5
"""Nobody has measured the shop: the ceiling of the rate is twice what it bears."""


def spike_of(length_s: float) -> Spike:
    """
    Return a spike of *length_s*: a tenth calm, a tenth rise, two fifths plateau, two fifths decay.
    """
    return Spike(0.1 * length_s, 0.1 * length_s, 0.4 * length_s, 0.4 * length_s)


def _as_it_is(scenario: Scenario) -> Scenario:
    return scenario


def _steady(scenario: Scenario) -> Scenario:
    return replace(scenario, spike=steady(scenario.spike.length_s))


def _opening(scenario: Scenario) -> Scenario:
    return replace(scenario, spike=Spike(0, 0, 5, 5))


def _mass_leaving(scenario: Scenario) -> Scenario:
    at_s = 0.6 * scenario.spike.length_s
    return replace(scenario, changes=(*scenario.changes, Change(at_s, vanishes=0.9)))


def _live_limits(scenario: Scenario) -> Scenario:
    policy, length_s = scenario.policy, scenario.spike.length_s

    def limits(factor: float) -> dict[str, int]:
        return {
            "capacity": max(1, int(policy.capacity * factor)),
            "rate_per_minute": max(1, int(policy.rate_per_minute * factor)),
        }

    steps = ((0.3, 0.5), (0.6, 1.0), (0.8, 2.0), (1.2, 1.0))
    changes = (Change(share * length_s, limits(factor)) for share, factor in steps)
    return replace(scenario, changes=(*scenario.changes, *changes))


def _adaptation(scenario: Scenario) -> Scenario:
    length_s = scenario.spike.length_s
    settings = {"adaptive": True, "idle_timeout_s": IDLE_S}
    bears_per_s = _BEARS * scenario.policy.rate_per_minute / 60
    weather = weather_of(bears_per_s, (0.6 * length_s, 0.5), (1.6 * length_s, 1.0))
    return replace(scenario, policy=Policy.parse(scenario.policy.as_dict() | settings), weather=weather)


SCENARIOS: Final[Mapping[str, Callable[[Scenario], Scenario]]] = MappingProxyType(
    {
        "spike": _as_it_is,
        "steady": _steady,
        "opening": _opening,
        "mass-leaving": _mass_leaving,
        "live-limits": _live_limits,
        "adaptation": _adaptation,
    }
)
"""What each name makes of a scenario. *opening*: everybody within ten seconds. *mass-leaving*: nine of ten of those who
wait vanish. *live-limits*: seats and rate are halved, put back, doubled and put back while people wait and shop.
*adaptation*: the room follows a shop that bears half of the rate, loses half of that during the sale and has it back
later; sessions are those of its pages."""

__all__ = ["CALM", "EVERYTHING", "SCENARIOS", "spike_of"]
