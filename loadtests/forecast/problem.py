"""
A scenario as the fluid sees it: who comes in each step, and what the room and the shop bear from when on.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from loadtests.forecast.course import EMPTY, Course, Limits, Moment, in_force
from loadtests.forecast.fluid import course_of
from loadtests.forecast.inflow import Inflow
from loadtests.forecast.patience import STAYS, Patience
from loadtests.forecast.people import people_of
from loadtests.forecast.played.pace import paces_of
from loadtests.forecast.played.weather import is_known
from loadtests.forecast.shelves import Shelves, shelves_of
from loadtests.forecast.visits import Visits, visits_of
from loadtests.scenario.spec import Change, Scenario
from waiting_room.core.pacing import TICK_MS, door_s
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
DOOR_S: Final = 1.7
"""One in twenty stands at the door for so long after hearing of the turn: a claim before its pace is held for 1.5 s
(`lobby.CLAIM_HOLD_S`), and then asked again. The longest wait is that of such a one, where there is a line."""
RESTART_S: Final = RECOVERY_MS / 1000 + 0.5
"""A store that was killed is back half a second after it is started again (0.4 and 1.2 s were measured), and a room
whose store was gone lets nobody in for so long after that."""


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Hold what the fluid is asked.

    Args:
        streams: names, by inflow.
        arrivals: how many shoppers come, by inflow.
        visits: what they do with the room, by inflow.
        inflows, limits, step_s, opens_s: as `course_of` takes them; the limits are those that the settings and the time
            line set.
        closes_s: when all is sold; who comes or waits then is sent away.
        policy: the room's settings.
        shelves: what the shop has to sell.
        paces: of a room that follows its shop, the limits with the rate that its law finds; and how they would be if
            the law heard sooner of the shop, and later. Empty where a room lets in as it is set.
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
    paces: tuple[tuple[Limits, ...], ...] = ()

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
        weights = [sum(inflow.came) * (inflow.comes + inflow.late) for inflow in self.inflows]
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

    @property
    def learns_s(self) -> float:
        """
        Return how long the room reckons with everybody whom it calls, as it does (`core.pacing.mature_ms`).
        """
        return min(self.policy.claim_window_s / 2, 2.5 * self.policy.poll_min_s + 2)

    def course(self) -> Course:
        """
        Return what becomes of it.
        """
        burst_s = TICK_MS / 1000
        return course_of(
            self.inflows,
            self.paces[0] if self.paces else self.limits,
            self.step_s,
            self.opens_s,
            hears_s=self.hears_s,
            burst_s=burst_s,
            learns_s=self.learns_s,
            door_s=door_s(max(self.admits_per_s, EMPTY), self.hears_s),
        )

    def longest(self, course: Course, end_s: float) -> tuple[float, float]:
        """
        Return the longest wait that *course* makes of it up to *end_s*, at the door as well, and when its bearer came.
        """
        wait_s, came_s = course.longest(end_s)
        return (wait_s + DOOR_S if wait_s > self.hears_s + 2 * self.step_s else wait_s), came_s

    def given_up(self, moment: Moment) -> float:
        """
        Return how many have lost patience by *moment*; who means no good is not counted, with however many places.
        """
        return sum(visits.honest * left for visits, left in zip(self.visits, moment.left, strict=True))

    def staying(self) -> "Problem":
        """
        Return the same with people who never leave: what a room amounts to that calls those who have gone.
        """
        return replace(self, inflows=tuple(replace(inflow, patience=STAYS, patiences=()) for inflow in self.inflows))

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
        changed = (replace(i, patience=law, patiences=()) for i, law in zip(self.inflows, laws, strict=True))
        return replace(self, inflows=tuple(changed))

    def paced(self, times: float) -> "Problem":
        """
        Return the same with *times* the rate of admissions, at all times; what a shop bears stays.
        """
        limits = tuple(replace(each, rate_per_s=times * each.rate_per_s) for each in self.limits)
        paces = tuple(tuple(self._paced(each, times) for each in pace) for pace in self.paces)
        return replace(self, limits=limits, paces=paces)

    def _paced(self, pace: Limits, times: float) -> Limits:
        """
        Return the limits of a room that follows its shop where it is let go *times* as fast.
        """
        set_per_s = in_force(self.limits, pace.from_s).rate_per_s
        at_most = pace.rate_per_s >= set_per_s - EMPTY
        return replace(pace, rate_per_s=times * set_per_s if at_most else min(pace.rate_per_s, times * set_per_s))

    def otherwise(self) -> Iterator["Problem"]:
        """
        Yield the same with each of the other paces that a room which follows its shop may have.
        """
        for pace in self.paces[1:]:
            yield replace(self, paces=(pace,))

    def spread(self, window_s: float, streams: frozenset[str]) -> "Problem":
        """
        Return the same with the people of *streams* written to within *window_s* more than they are.

        Everybody comes as late after their message as before; sending evenly is to convolve the rate with the window.
        """
        wide = max(1, round(window_s / self.step_s))
        longer = (0.0,) * (wide - 1)
        came = (_smeared(i.came, wide) if i.name in streams else i.came + longer for i in self.inflows)
        sent = (replace(i, came=some, patiences=()) for i, some in zip(self.inflows, came, strict=True))
        return replace(self, inflows=tuple(sent))


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
    end_s = scenario.length_s + scenario.drain_s
    crowds = tuple(people_of(scenario.streams, seed, step_s, count, policy, end_s))
    visits = tuple(
        visits_of(stream, seed or 0, policy.idle_timeout_s, some.taken, some.hides)
        for stream, some in zip(scenario.streams, crowds, strict=True)
    )
    inflows = tuple(
        Inflow(
            stream.name,
            some.places,
            Patience.of(stream.behaviour),
            use.comes,
            use.seats,
            use.late,
            stream.behaviour.hidden_poll_s,
            some.patiences,
        )
        for stream, some, use in zip(scenario.streams, crowds, visits, strict=True)
    )
    limits = tuple(_limits(scenario, policy, _shop_per_s(scenario.shop, inflows, visits)))
    follows = policy.adaptive and is_known(scenario)
    return Problem(
        streams=tuple(stream.name for stream in scenario.streams),
        arrivals=tuple(some.arrivals for some in crowds),
        visits=visits,
        inflows=inflows,
        limits=limits,
        step_s=step_s,
        opens_s=scenario.opens_s,
        closes_s=min((change.at_s for change in scenario.changes if change.do == "sell-out"), default=math.inf),
        policy=policy,
        shelves=shelves_of(scenario.shop, scenario.streams),
        paces=paces_of(scenario, seed or 0, limits) if follows else (),
    )


def _shop_per_s(shop: Mapping[str, Any], inflows: tuple[Inflow, ...], visits: tuple[Visits, ...]) -> float:
    """
    Return how many visits of such a crowd the demo shop can serve per second; infinite for a shop of one's own.
    """
    connections = shop.get("db_connections")
    come = [sum(inflow.came) * (inflow.comes + inflow.late) for inflow in inflows]
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
    return change.for_s + RESTART_S if change.do == "kill-redis" else change.for_s


def _smeared(came: tuple[float, ...], wide: int) -> tuple[float, ...]:
    found, running = [], 0.0
    for k in range(len(came) + wide - 1):
        running += came[k] if k < len(came) else 0.0
        running -= came[k - wide] if k >= wide else 0.0
        found.append(max(0.0, running / wide))
    return tuple(found)
