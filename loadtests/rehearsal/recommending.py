"""
What a room in front of a shop should be set to, with the reasons in plain words. Pure arithmetic.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from loadtests.arrivals.rate import expected_count
from loadtests.crowd.kinds import means_well
from loadtests.crowd.streams import Stream
from loadtests.demo_shop.model import PageCosts
from loadtests.forecast.visits import USES, USUAL
from loadtests.journeys.table import page_ratios
from loadtests.journeys.tables import BUYER, TABLES
from loadtests.rehearsal.demand import PAGES_S
from loadtests.rehearsal.sizing import HEADROOM, SEATS_SLACK, seat_held_s
from waiting_room.core.policy import LEAST_POLLS_PER_S, POLLS_PER_ADMISSION, Policy

SETTINGS: Final = ("rate_per_minute", "capacity", "poll_budget_per_s")
"""What is recommended, by the names in a configuration file."""
_SHOP: Final = PageCosts()
_COSTS: Final[Mapping[str, int]] = {
    "home": _SHOP.home,
    "product": _SHOP.product,
    "basket": _SHOP.basket_add + _SHOP.basket,
    "checkout": _SHOP.checkout,
    "payment": _SHOP.checkout_submit + _SHOP.payment,
    "order": _SHOP.pay + _SHOP.order,
}
"""What each page of a visit asks of the shop, in the proportions of common shop software, which are the demo shop's."""


@dataclass(frozen=True, slots=True)
class Company:
    """
    Say who will be let in.

    Args:
        work: what one who is let in asks of the shop on average, in visits of a buyer.
        seat_s: how long they hold a seat on average, seconds.
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


def company_of(streams: Iterable[Stream], room: Mapping[str, Any], round_s: float) -> Company:
    """
    Return who of these streams will be let in: those who mean well, for the others are not.

    Who does not come when called is no part of it: the room calls others in their place, up to its rate. Whoever orders
    twice is let in twice, for an order gives the seat back.

    Args:
        streams: the shoppers.
        room: the room's settings so far; the idle timeout counts.
        round_s: how long the pages of one order took together with one shopper in the shop.
    """
    idle_s = float(room.get("idle_timeout_s", Policy().idle_timeout_s))
    slower_s = max(0.0, round_s - PAGES_S)
    let_in = work = seats_s = 0.0
    for stream in streams:
        whole = sum(stream.journeys.values())
        for kind, part in stream.journeys.items():
            come = expected_count(stream.rate) * part / whole * USES.get(kind, USUAL).comes * means_well(kind)
            orders = page_ratios(TABLES.get(kind, BUYER)).get("order", 0.0)
            let_in += come * max(1.0, orders)
            work += come * work_of(kind)
            seats_s += come * (seat_held_s(stream.behaviour, idle_s, {kind: 1.0}) + slower_s * max(1.0, orders))
    return Company(work / let_in, seats_s / let_in) if let_in else Company(1.0, idle_s)


def work_of(kind: str) -> float:
    """
    Return what a visit asks of the shop, in visits of a buyer; one of a journey of its own is taken for a buyer's.
    """
    return _cost(kind) / _cost("buyer")


def _cost(kind: str) -> float:
    pages = page_ratios(TABLES.get(kind, BUYER))
    return sum(ratio * _COSTS[page] for page, ratio in pages.items())


def advice_of(orders_per_s: float, company: Company) -> Advice:
    """
    Return what a room should be set to in front of a shop that sells so much at most while it is well.
    """
    visits_per_s = orders_per_s / company.work
    rate = max(1, math.floor(60 * HEADROOM * visits_per_s))
    per_s = rate / 60
    inside = per_s * company.seat_s
    seats = max(2, math.ceil(SEATS_SLACK * inside))
    polls = max(LEAST_POLLS_PER_S, math.ceil(POLLS_PER_ADMISSION * per_s))
    settings = dict(zip(SETTINGS, (rate, seats, polls), strict=True))
    served = f"{orders_per_s:.1f} orders a second, or {visits_per_s:.1f} visits of those who will be let in"
    reasons = {
        "rate_per_minute": f"the shop serves {served}; less {1 - HEADROOM:.0%}: with "
        "nothing to spare, a crowd that chance brings into the shop would never get smaller.",
        "capacity": f"{per_s:.1f} come in a second and hold a seat for {company.seat_s:.1f} s, so {inside:.0f} are "
        "inside on average (Little's law); and half as many again, for single moments.",
        "poll_budget_per_s": f"with {POLLS_PER_ADMISSION} polls for each admission a second, and {LEAST_POLLS_PER_S} "
        "at least, everybody hears of their turn in time; a worker answers so many beside its other work.",
    }
    return Advice(settings, reasons)
