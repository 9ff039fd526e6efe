"""
How big a rehearsal is: the crowd and the room, worked out from what the shop was measured to do. Pure arithmetic.
"""

from dataclasses import dataclass, replace
from math import gamma, sqrt
from typing import Any

from loadtests.arrivals.rate import expected_count, overload_window
from loadtests.arrivals.spike import SpikeProfile
from loadtests.crowd.shoppers import MAX_THINK_MEANS, Behaviour
from loadtests.demo_shop.model import ShopModel
from loadtests.judging.verdict import ShopCapacity

PEAK_RATIO = 4.6
"""The crowd at its peak, in multiples of what the shop can serve; above 4 with room for chance."""
HEADROOM = 0.98
"""The room lets in a little less than the shop can serve: at 100 % any chance surplus would stay in line for ever."""
SEATS_SLACK = 1.5
"""Little's law gives the mean number inside; single moments and those on their way in need more seats than that."""
PAGES_S = 0.6
"""What the pages of one order take together in a shop that is not overloaded, seconds."""
STEP_S = 0.25


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
    behaviour=Behaviour(
        browse_think_s=0.6, form_think_s=1.2, page_patience_s=3.0, reloads=2, window_share=0.15, room_patience_s=600.0
    ),
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
    behaviour=Behaviour(
        browse_think_s=1.5, form_think_s=3.0, page_patience_s=4.0, reloads=2, window_share=0.15, room_patience_s=600.0
    ),
    idle_timeout_s=20,
    poll_max_s=10.0,
)


def journey_s(behaviour: Behaviour) -> float:
    """
    Return how long a buyer's visit takes in a shop that is not overloaded: three looks, two forms, and the pages.
    """
    return 3 * behaviour.browse_think_s + 2 * behaviour.form_think_s + PAGES_S


def settled_s(behaviour: Behaviour) -> float:
    """
    Return within which time nine of ten undisturbed visits of buyers have ended: the mean and 1.3 deviations.

    Think times are Weibull; their deviation is the mean x sqrt(gamma(1 + 2/k) / gamma(1 + 1/k)^2 - 1).
    """
    shape = behaviour.think_shape
    spread = gamma(1 + 2 / shape) / gamma(1 + 1 / shape) ** 2 - 1
    variance = spread * (3 * behaviour.browse_think_s**2 + 2 * behaviour.form_think_s**2)
    return journey_s(behaviour) + 1.3 * sqrt(variance)


def seat_held_s(behaviour: Behaviour, idle_timeout_s: float) -> float:
    """
    Return the mean time that a shopper holds a seat: buyers free it with the order, the others by leaving it idle.

    Those who only look see two products on average.
    """
    looks = 2 * behaviour.browse_think_s + PAGES_S / 3 + idle_timeout_s
    return (1 - behaviour.window_share) * journey_s(behaviour) + behaviour.window_share * looks


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


def plateau_of(profile: SpikeProfile) -> tuple[float, float]:
    """
    Return the seconds (from, to) of the peak.
    """
    from_s = profile.calm_s + profile.rise_s
    return from_s, from_s + profile.hold_s


def overload_of(
    profile: SpikeProfile, capacity: ShopCapacity, behaviour: Behaviour, drain_s: float
) -> tuple[float, float]:
    """
    Return the seconds (from, to) while demand exceeds what the shop can serve, as orders show it.

    Demand is who comes and who came and is not served yet: it lasts from when the rate passes the capacity until a shop
    that always works at its capacity would have served all (or the run ends). Orders show it later: nobody has one
    before the end of a visit, so it begins later by the time in which nine of ten undisturbed visits have ended, and
    ends later by a mean one. It is the same for a run with a room and one without.
    """
    rate = profile.rate()
    window = overload_window(rate, capacity.journeys_per_s)
    end_s = profile.length_s + drain_s
    if window is None:
        return min(settled_s(behaviour), end_s / 2), end_s
    from_s, to_s = window
    before = expected_count(rate, from_s)
    while to_s < profile.length_s and expected_count(rate, to_s) - before > capacity.journeys_per_s * (to_s - from_s):
        to_s += STEP_S
    return round(from_s + settled_s(behaviour), 3), round(min(to_s + journey_s(behaviour), end_s), 3)


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


def for_crowd(capacity: ShopCapacity, behaviour: Behaviour) -> ShopCapacity:
    """
    Return the capacity in shoppers as the whole crowd is made up, not as the few were that took part in measuring it.

    Who only looks costs little, so the orders per second hardly depend on how many of them there happened to be, and
    the shoppers per second follow from them.
    """
    return replace(capacity, journeys_per_s=capacity.orders_per_s / max(0.01, 1 - behaviour.window_share))


def longest_think_s(behaviour: Behaviour) -> float:
    """
    Return the longest pause between two pages: a seat must not be taken for idle before.
    """
    return MAX_THINK_MEANS * max(behaviour.browse_think_s, behaviour.form_think_s)


def shop_model(size: Size, database: str, port: int, seed: int) -> ShopModel:
    """
    Return the demo shop's model for this rehearsal.
    """
    return ShopModel(database=database, port=port, seed=seed, db_connections=size.db_connections)
