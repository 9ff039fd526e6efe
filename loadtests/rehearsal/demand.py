"""
What a scenario's crowd asks of a shop: how many come who want to be served, and while when they are too many. Pure.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import gamma, sqrt

from loadtests.arrivals.rate import Rate, expected_count, overload_window, together
from loadtests.crowd.kinds import means_well
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.journeys.table import page_ratios, thinking_s
from loadtests.journeys.tables import BUYER, TABLES
from loadtests.judging.facts import ShopCapacity
from loadtests.scenario.phases import backlog, phases_of
from loadtests.scenario.spec import Scenario

PAGES_S = 0.6
"""What the pages of one order take together in a shop that is not overloaded, seconds."""
PLATEAU = 0.95
"""The peak lasts while so large a share of the highest rate comes."""
STEP_S = 0.25


def crowd_rate(streams: Sequence[Stream]) -> Rate:
    """
    Return how many come per second of those who mean well: the sum of all streams, each by its share of them.
    """
    return together(stream.rate.scaled(_share(stream)) for stream in streams)


def for_crowd(capacity: ShopCapacity, streams: Sequence[Stream]) -> ShopCapacity:
    """
    Return the capacity in shoppers as the whole crowd is made up, not as the few were that took part in measuring it.

    Who only looks costs little, so the orders per second hardly depend on how many of them there happened to be, and
    the shoppers per second follow from them.
    """
    honest = orders = 0.0
    for stream in streams:
        count = expected_count(stream.rate)
        honest += count * _share(stream)
        orders += count * _orders(stream)
    share = orders / honest if honest else 1.0
    return replace(capacity, journeys_per_s=capacity.orders_per_s / max(0.01, share))


def journey_s(behaviour: Behaviour, kind: str = "buyer") -> float:
    """
    Return how long a visit of *kind* takes on average in a shop that is not overloaded: the thoughts, and the pages.
    """
    table = TABLES.get(kind, BUYER)
    pages = sum(page_ratios(table).values()) / sum(page_ratios(BUYER).values())
    return thinking_s(table, behaviour) + PAGES_S * pages


def settled_s(behaviour: Behaviour) -> float:
    """
    Return within which time nine of ten undisturbed visits of buyers have ended: the mean and 1.3 deviations.

    Think times are Weibull; their deviation is the mean x sqrt(gamma(1 + 2/k) / gamma(1 + 1/k)^2 - 1).
    """
    shape = behaviour.think_shape
    spread = gamma(1 + 2 / shape) / gamma(1 + 1 / shape) ** 2 - 1
    variance = spread * (3 * behaviour.browse_think_s**2 + 2 * behaviour.form_think_s**2)
    return journey_s(behaviour) + 1.3 * sqrt(variance)


def plateau_of(rate: Rate) -> tuple[float, float]:
    """
    Return the seconds (from, to) around the highest rate during which hardly fewer come.
    """
    floor = PLATEAU * rate.peak_per_s
    top = max(range(len(rate.corners)), key=lambda place: rate.corners[place][1])
    return _reach(rate, top, floor, forward=False), _reach(rate, top, floor, forward=True)


def overload_of(scenario: Scenario, journeys_per_s: float) -> tuple[float, float]:
    """
    Return the seconds (from, to) while demand exceeds what the shop can serve, as orders show it.

    Demand is who comes and who came and is not served yet: it lasts from when the rate passes the capacity until a shop
    that always works at its capacity would have served all (or the run ends). Orders show it later: nobody has one
    before the end of a visit, so it begins later by the time in which nine of ten undisturbed visits have ended, and
    ends later by a mean one. It is the same for a run with a room and one without.
    """
    rate, behaviour = crowd_rate(scenario.streams), usual(scenario.streams)
    window = overload_window(rate, journeys_per_s)
    end_s = scenario.length_s + scenario.drain_s
    if window is None:
        return min(settled_s(behaviour), end_s / 2), end_s
    from_s, to_s = max(window[0], scenario.opens_s), max(window[1], scenario.opens_s)
    before = expected_count(rate, window[0])
    while to_s < scenario.length_s and expected_count(rate, to_s) - before > journeys_per_s * (to_s - from_s):
        to_s += STEP_S
    to_s = min(to_s + journey_s(behaviour), end_s)
    return round(min(from_s + settled_s(behaviour), (from_s + to_s) / 2), 3), round(to_s, 3)


def planned_spans(scenario: Scenario) -> tuple[tuple[str, float, float], ...]:
    """
    Return the phases that a run of the scenario will have, as far as they can be known before it: name, from and to.
    """
    end_s = scenario.length_s + scenario.drain_s
    rate = together(stream.rate for stream in scenario.streams)
    per_minute = scenario.room.get("rate_per_minute")
    waiting = backlog(rate, [float(per_minute) / 60] * int(end_s)) if per_minute else []
    return tuple((phase.name, phase.from_s, phase.to_s) for phase in phases_of(rate, waiting, end_s))


def usual(streams: Sequence[Stream]) -> Behaviour:
    """
    Return how most of those behave who mean well.
    """
    return max(streams, key=lambda stream: expected_count(stream.rate) * _share(stream)).behaviour


def _share(stream: Stream) -> float:
    parts = stream.journeys
    return sum(part for kind, part in parts.items() if means_well(kind)) / sum(parts.values())


def _orders(stream: Stream) -> float:
    parts = stream.journeys
    placed = sum(part * _orders_of(kind) for kind, part in parts.items() if means_well(kind))
    return placed / sum(parts.values())


def _orders_of(kind: str) -> float:
    # Who does not come when called buys nothing, whatever they came for.
    return 0.0 if kind == "no-show" else page_ratios(TABLES.get(kind, BUYER)).get("order", 0.0)


def _reach(rate: Rate, top: int, floor: float, *, forward: bool) -> float:
    corners = rate.corners[top:] if forward else rate.corners[top::-1]
    for (near_s, near), (far_s, far) in pairwise(corners):
        if far < floor:
            return near_s if far_s == near_s else near_s + (far_s - near_s) * (near - floor) / (near - far)
    return corners[-1][0]
