"""
How big a rehearsal is: the crowd and the room, worked out from what the shop was measured to do. Pure arithmetic.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from loadtests.arrivals.rate import Rate
from loadtests.arrivals.spike import SpikeProfile
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.journeys.tables import BUYER, TABLES
from loadtests.judging.facts import ShopCapacity
from loadtests.rehearsal.demand import for_crowd, journey_s
from loadtests.scenario.spec import Scenario

PEAK_RATIO = 4.6
"""The crowd at its peak, in multiples of what the shop can serve; above 4 with room for chance."""
HEADROOM: Final = 0.98
"""The room lets in a little less than the shop can serve: at 100 % any chance surplus would stay in line for ever."""
SEATS_SLACK: Final = 1.5
"""Little's law gives the mean number inside; single moments and those on their way in need more seats than that."""
CROWD: Final[Mapping[str, float]] = {"buyer": 0.85, "window": 0.15}
"""Who comes: most mean to buy, as on the day of a promotion."""


@dataclass(frozen=True, slots=True)
class Size:
    """
    The lengths of a rehearsal's parts, and the people in it.

    Args:
        name: `quick` or `full`.
        capacity_s: how long the closed loop runs, seconds; the first quarter warms up and is not judged.
        calm_share: the calm rate, as a share of what the shop can serve.
        calm_s, rise_s, hold_s, fall_s, tail_s: the spike's phases.
        drain_s: how long those inside may finish after the last arrival.
        behaviour: how shoppers behave; the same in all runs.
        idle_timeout_s: how long a seat may be unused.
        poll_min_s, poll_max_s: how often those who wait ask.
        db_connections: the demo shop's bottleneck.
    """

    name: str
    capacity_s: float
    calm_share: float
    calm_s: float
    rise_s: float
    hold_s: float
    fall_s: float
    tail_s: float
    drain_s: float
    behaviour: Behaviour
    idle_timeout_s: float
    poll_min_s: float = 1.0
    poll_max_s: float = 5.0
    db_connections: int = 8

    @property
    def warm_up_s(self) -> float:
        """
        Return how much of the closed loop is not judged.
        """
        return self.capacity_s / 4

    @property
    def run_s(self) -> float:
        """
        Return how long one run takes at most.
        """
        return self.calm_s + self.rise_s + self.hold_s + self.fall_s + self.tail_s + self.drain_s

    @property
    def about_s(self) -> float:
        """
        Return about how long the whole rehearsal takes, for people.
        """
        return self.capacity_s + 2 * self.run_s + 10


QUICK = Size(
    name="quick",
    capacity_s=9,
    calm_share=0.4,
    calm_s=3,
    rise_s=2,
    hold_s=9,
    fall_s=1,
    tail_s=10,
    drain_s=5,
    behaviour=Behaviour(browse_think_s=0.6, form_think_s=1.2, page_patience_s=3.0, reloads=2, room_patience_s=600.0),
    idle_timeout_s=9,
)
FULL = Size(
    name="full",
    capacity_s=24,
    calm_share=0.2,
    calm_s=8,
    rise_s=6,
    hold_s=14,
    fall_s=3,
    tail_s=72,
    drain_s=15,
    behaviour=Behaviour(browse_think_s=1.5, form_think_s=3.0, page_patience_s=4.0, reloads=2, room_patience_s=600.0),
    idle_timeout_s=20,
    poll_max_s=10.0,
)


def seat_held_s(behaviour: Behaviour, idle_timeout_s: float, journeys: Mapping[str, float] = CROWD) -> float:
    """
    Return the mean time that a shopper holds a seat: an order frees it, and whoever places none leaves it idle.
    """
    held_s = 0.0
    for kind, part in journeys.items():
        idle_s = 0.0 if "order" in TABLES.get(kind, BUYER).pages else idle_timeout_s
        held_s += part * (journey_s(behaviour, kind) + idle_s)
    return held_s / sum(journeys.values())


def profile_of(size: Size, capacity: ShopCapacity) -> SpikeProfile:
    """
    Return the spike: from calm to `PEAK_RATIO` times what the shop can serve, and back.
    """
    return SpikeProfile(
        calm_per_s=round(size.calm_share * capacity.journeys_per_s, 3),
        calm_s=size.calm_s,
        rise_s=size.rise_s,
        peak_per_s=round(PEAK_RATIO * capacity.journeys_per_s, 3),
        hold_s=size.hold_s,
        fall_s=size.fall_s,
        tail_s=size.tail_s,
    )


def scenario_of(size: Size, capacity: ShopCapacity) -> Scenario:
    """
    Return the rehearsal of this size against a shop of this capacity.
    """
    served = for_crowd(capacity, (Stream("crowd", Rate(((0.0, 1.0), (1.0, 1.0))), CROWD, size.behaviour),))
    return Scenario(
        name=size.name,
        says={
            "en": "Several times as many shoppers come within seconds as the shop can serve.",
            "pl": "W kilka sekund przychodzi kilka razy więcej kupujących, niż sklep może obsłużyć.",
        },
        streams=(Stream("crowd", profile_of(size, served).rate(), CROWD, size.behaviour),),
        room=policy_of(size, served),
        shop={"db_connections": size.db_connections},
        drain_s=size.drain_s,
    )


def policy_of(size: Size, capacity: ShopCapacity) -> dict[str, Any]:
    """
    Return the room's settings: a rate a little below what the shop serves, and seats by Little's law with slack.
    """
    rate_per_minute = max(1, int(60 * HEADROOM * capacity.journeys_per_s))
    inside = rate_per_minute / 60 * seat_held_s(size.behaviour, size.idle_timeout_s)
    return {
        "capacity": max(2, round(SEATS_SLACK * inside)),
        "rate_per_minute": rate_per_minute,
        "idle_timeout_s": size.idle_timeout_s,
        "max_session_s": 600.0,
        "claim_window_s": 15.0,
        "poll_min_s": size.poll_min_s,
        "poll_max_s": size.poll_max_s,
    }
