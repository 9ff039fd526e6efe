"""
What a room in front of a shop should be set to, with the reasons in plain words. Pure arithmetic.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from loadtests.crowd.kinds import means_well
from loadtests.crowd.streams import Stream
from loadtests.rehearsal.demand import PAGES_S
from loadtests.rehearsal.sizing import SEATS_SLACK, seat_held_s
from waiting_room.core.policy import LEAST_POLLS_PER_S, POLLS_PER_ADMISSION, Policy

MARGIN: Final = 0.05
"""The room lets in so much less than the shop was seen to serve: what was measured may be off by as much."""
_COSTS: Final[Mapping[str, float]] = {"window": 0.25, "abandoner": 0.5, "no-show": 0.0, "returning": 2.0}
"""What a visit asks of the shop, in visits of a buyer, who opens nine pages, four of them dear. Who only looks opens
three cheap ones, who leaves the basket half of them, and who returns buys twice."""


@dataclass(frozen=True, slots=True)
class Company:
    """
    Say who will be let in.

    Args:
        work: what a visit asks of the shop on average, in visits of a buyer.
        seat_s: how long a shopper holds a seat on average, seconds.
    """

    work: float
    seat_s: float


@dataclass(frozen=True, slots=True)
class Advice:
    """
    Hold settings of a room, by their names in a configuration file, with a reason for each.
    """

    settings: Mapping[str, int]
    reasons: Mapping[str, str]


def company_of(stream: Stream, room: Mapping[str, Any], round_s: float) -> Company:
    """
    Return who a stream lets hope for: only those who mean well count, for the others are not let in.

    Args:
        stream: the shoppers.
        room: the room's settings so far; the idle timeout counts.
        round_s: how long the pages of one order took together with one shopper in the shop.
    """
    parts = {kind: part for kind, part in stream.journeys.items() if means_well(kind)}
    whole = sum(parts.values())
    if whole <= 0:
        return Company(1.0, seat_held_s(stream.behaviour, _idle_s(room)))
    work = sum(part * _COSTS.get(kind, 1.0) for kind, part in parts.items()) / whole
    seat_s = seat_held_s(stream.behaviour, _idle_s(room), parts) + max(0.0, round_s - PAGES_S)
    return Company(max(0.01, work), seat_s)


def advice_of(orders_per_s: float, company: Company) -> Advice:
    """
    Return what a room should be set to in front of a shop that sells so much at most while it is well.
    """
    visits_per_s = orders_per_s / company.work
    rate = max(1, math.floor(60 * (1 - MARGIN) * visits_per_s))
    per_s = rate / 60
    inside = per_s * company.seat_s
    seats = max(2, math.ceil(SEATS_SLACK * inside))
    polls = max(LEAST_POLLS_PER_S, math.ceil(POLLS_PER_ADMISSION * per_s))
    settings = {"rate_per_minute": rate, "capacity": seats, "poll_budget_per_s": polls}
    served = f"{orders_per_s:.1f} orders a second, or {visits_per_s:.1f} visits like these"
    reasons = {
        "rate_per_minute": f"the shop serves {served}; less {MARGIN:.0%}, for errors of measurement and for chance.",
        "capacity": f"{per_s:.1f} come in a second and hold a seat for {company.seat_s:.1f} s, so {inside:.0f} are "
        "inside on average (Little's law); and half as many again, for single moments.",
        "poll_budget_per_s": f"with {POLLS_PER_ADMISSION} polls for each admission a second, and {LEAST_POLLS_PER_S} "
        "at least, everybody hears of their turn in time; a worker answers so many beside its other work.",
    }
    return Advice(settings, reasons)


def _idle_s(room: Mapping[str, Any]) -> float:
    return float(room.get("idle_timeout_s", Policy().idle_timeout_s))
