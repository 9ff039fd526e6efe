"""
A scenario as the fluid sees it: who comes in each step, and what the room and the shop bear from when on.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from loadtests.arrivals.rate import expected_count
from loadtests.crowd.streams import arrivals_of
from loadtests.forecast.fluid import Course, Inflow, Limits, course_of
from loadtests.forecast.patience import STAYS, Patience
from loadtests.forecast.shelves import Shelves, shelves_of
from loadtests.forecast.visits import Visits, visits_of
from loadtests.scenario.spec import Change, Scenario
from waiting_room.core.pacing import TICK_MS
from waiting_room.core.plan import RECOVERY_MS
from waiting_room.core.policy import Policy
from waiting_room.core.polling import JITTER

FINEST_S: Final = 0.05
STEPS: Final = 2_000
ORDER_WORK_S: Final = 0.4
LOOK_WORK_S: Final = 0.08
"""The database's time for an order and for a look around in the demo shop (`demo_shop.model.PageCosts`)."""
_BEARS: Final = 0.93
"""What a shop with a line at its database sells of what arithmetic says: 18.6 of 20 orders/s were measured."""
_RESTART_S: Final = RECOVERY_MS / 1000
"""A room whose store was gone lets nobody in for so long after it is back."""


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Hold what the fluid is asked.

    Args:
        streams: names, by inflow.
        arrivals: how many shoppers come, by inflow.
        visits: what they do with the room, by inflow.
        inflows, limits, step_s, opens_s: as `course_of` takes them.
        closes_s: when all is sold; who comes or waits then is sent away.
        policy: the room's settings.
        shelves: what the shop has to sell.
    """

    streams: tuple[str, ...]
    arrivals: tuple[float, ...]
    visits: tuple[Visits, ...]
    inflows: tuple[Inflow, ...]
    limits: tuple[Limits, ...]
    step_s: float
    opens_s: float
    closes_s: float
    policy: Policy
    shelves: Shelves

    @property
    def length_s(self) -> float:
        """
        Return for how long shoppers come.
        """
        return len(self.inflows[0].came) * self.step_s

    @property
    def held_s(self) -> float:
        """
        Return the mean time that a seat is held.
        """
        weights = [
            arrivals * visits.places * visits.comes for arrivals, visits in zip(self.arrivals, self.visits, strict=True)
        ]
        whole = sum(weights)
        held = sum(weight * visits.held_s for weight, visits in zip(weights, self.visits, strict=True))
        return held / whole if whole else 0.0

    @property
    def admits_per_s(self) -> float:
        """
        Return the rate of admissions that the room keeps up at first: min(rate, seats / mean seat time, shop).
        """
        first = next((limits for limits in self.limits if limits.rate_per_s > 0), self.limits[0])
        by_seats = first.seats / self.held_s if self.held_s else math.inf
        return min(first.rate_per_s, by_seats, first.shop_per_s)

    @property
    def hears_s(self) -> float:
        """
        Return how long after joining one who must wait asks for the first time: the room's shortest interval.
        """
        return self.policy.poll_min_s * (1 + JITTER / 2)

    def course(self) -> Course:
        """
        Return what becomes of it.
        """
        burst_s = TICK_MS / 1000
        return course_of(self.inflows, self.limits, self.step_s, self.opens_s, hears_s=self.hears_s, burst_s=burst_s)

    def staying(self) -> "Problem":
        """
        Return the same with people who never leave: what a room amounts to that calls those who have gone.
        """
        return replace(self, inflows=tuple(replace(inflow, patience=STAYS) for inflow in self.inflows))

    def more_people(self, times: float) -> "Problem":
        """
        Return the same with *times* as many shoppers.
        """
        inflows = tuple(replace(inflow, came=tuple(times * came for came in inflow.came)) for inflow in self.inflows)
        return replace(self, inflows=inflows, arrivals=tuple(times * arrivals for arrivals in self.arrivals))

    def more_patient(self, times: float) -> "Problem":
        """
        Return the same with people who wait *times* as long.
        """
        laws = (Patience(inflow.patience.scale_s * times, inflow.patience.shape) for inflow in self.inflows)
        return replace(self, inflows=tuple(replace(i, patience=law) for i, law in zip(self.inflows, laws, strict=True)))

    def paced(self, times: float) -> "Problem":
        """
        Return the same with *times* the rate of admissions, at all times.
        """
        return replace(self, limits=tuple(replace(each, rate_per_s=times * each.rate_per_s) for each in self.limits))

    def spread(self, window_s: float, streams: frozenset[str]) -> "Problem":
        """
        Return the same with the people of *streams* written to within *window_s* more than they are.

        Everybody comes as late after their message as before; sending evenly is to convolve the rate with the window.
        """
        wide = max(1, round(window_s / self.step_s))
        longer = (0.0,) * (wide - 1)
        came = (_smeared(i.came, wide) if i.name in streams else i.came + longer for i in self.inflows)
        return replace(self, inflows=tuple(replace(i, came=some) for i, some in zip(self.inflows, came, strict=True)))


def problem_of(scenario: Scenario, seed: int | None = None, steps: int = STEPS) -> Problem:
    """
    Return what *scenario* asks of the room.

    Args:
        scenario: what is rehearsed.
        seed: the crowd; its own arrivals are counted, which a run of the same seed has as well. None: the mean of all
            crowds.
        steps: into how many steps the time line is cut, as far as they are no finer than `FINEST_S`.
    """
    policy = Policy.parse(dict(scenario.room))
    step_s = max(FINEST_S, scenario.length_s / steps)
    count = max(1, math.ceil(scenario.length_s / step_s - 1e-9))
    visits = tuple(visits_of(stream, seed or 0, policy.idle_timeout_s) for stream in scenario.streams)
    came = list(_came(scenario, seed, step_s, count))
    inflows = tuple(
        Inflow(
            stream.name,
            tuple(use.places * people for people in some),
            Patience.of(stream.behaviour),
            use.comes,
            use.seats,
        )
        for stream, some, use in zip(scenario.streams, came, visits, strict=True)
    )
    arrivals = tuple(map(sum, came))
    opens_s = scenario.pre_queue_s
    if not opens_s:
        opens_s = min((change.at_s for change in scenario.changes if change.do == "open"), default=0.0)
    return Problem(
        streams=tuple(stream.name for stream in scenario.streams),
        arrivals=arrivals,
        visits=visits,
        inflows=inflows,
        limits=tuple(_limits(scenario, policy, _shop_per_s(scenario.shop, arrivals, visits))),
        step_s=step_s,
        opens_s=opens_s,
        closes_s=min((change.at_s for change in scenario.changes if change.do == "sell-out"), default=math.inf),
        policy=policy,
        shelves=shelves_of(scenario.shop, scenario.streams),
    )


def _came(scenario: Scenario, seed: int | None, step_s: float, count: int) -> Iterator[list[float]]:
    """
    Yield how many of each stream come in each step.
    """
    edges = [k * step_s for k in range(count + 1)]
    if seed is None:
        for stream in scenario.streams:
            until = [expected_count(stream.rate, edge) for edge in edges]
            yield [after - before for before, after in pairwise(until)]
        return
    came = [[0.0] * count for _ in scenario.streams]
    for arrival in arrivals_of(scenario.streams, seed):
        came[arrival.stream][min(count - 1, int(arrival.at_s / step_s))] += 1
    yield from came


def _shop_per_s(shop: Mapping[str, Any], arrivals: tuple[float, ...], visits: tuple[Visits, ...]) -> float:
    """
    Return how many visits of such a crowd the demo shop can serve per second; infinite for a shop of one's own.
    """
    connections = shop.get("db_connections")
    come = [people * use.places * use.comes for people, use in zip(arrivals, visits, strict=True)]
    if not connections or not sum(come):
        return math.inf
    orders = sum(people * use.orders for people, use in zip(come, visits, strict=True)) / sum(come)
    return float(_BEARS * connections / (orders * ORDER_WORK_S + max(0.0, 1 - orders) * LOOK_WORK_S))


def _limits(scenario: Scenario, policy: Policy, shop_per_s: float) -> Iterator[Limits]:
    """
    Yield what room and shop bear, anew whenever the scenario changes something.
    """
    changes = scenario.changes
    ends = (change.at_s + _lasts_s(change) for change in changes if _lasts_s(change))
    for from_s in sorted({0.0, *(change.at_s for change in changes), *ends}):
        rate, seats, shop, shut = policy.rate_per_s, float(policy.capacity), shop_per_s, False
        for change in sorted(changes, key=lambda change: change.at_s):
            lasts_s = _lasts_s(change)
            if change.at_s > from_s or (lasts_s and from_s >= change.at_s + lasts_s):
                continue
            match change.do:
                case "rate":
                    rate = (change.to or 0.0) / 60
                case "seats":
                    seats = change.to or 0.0
                case "break" | "kill-redis":
                    shut = True
                case "slow-shop":
                    shop = shop / max(1.0, change.to or 1.0)
                case "shop-capacity":
                    shop = shop * (1.0 if change.to is None else change.to)
        yield Limits(from_s, 0.0 if shut else rate, seats, shop)


def _lasts_s(change: Change) -> float:
    return change.for_s + _RESTART_S if change.do == "kill-redis" else change.for_s


def _smeared(came: tuple[float, ...], wide: int) -> tuple[float, ...]:
    found, running = [], 0.0
    for k in range(len(came) + wide - 1):
        running += came[k] if k < len(came) else 0.0
        running -= came[k - wide] if k >= wide else 0.0
        found.append(max(0.0, running / wide))
    return tuple(found)
