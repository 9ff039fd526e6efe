"""
What a shopper does with a place in the line, by kind: whether they come when called, and how long they hold a seat.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from loadtests.crowd.kinds import means_well
from loadtests.crowd.lines import page_late_s
from loadtests.crowd.own import own_of
from loadtests.crowd.shoppers import Behaviour, Shopper, draw_shopper
from loadtests.crowd.streams import Stream
from loadtests.journeys.table import Thought, draw_path, page_of, thought_s
from loadtests.journeys.tables import BUYER, TABLES, WINDOW

ORDER_PAGES_S: Final = 0.6
"""What the pages of one order take together in a demo shop that is not overloaded: 0.4 s of work and some waiting."""
LOOK_PAGES_S: Final = 0.1
"""Likewise of a look at a product."""
SAMPLE: Final = 400
"""So many shoppers of a stream tell the law of its visits: their mean is within a twentieth of the true one."""
DRAWN: Final = 20_000
"""So many people of a stream are drawn one by one; of a larger crowd the next ones are like the first again."""
_BINS: Final = 12


@dataclass(frozen=True, slots=True)
class Use:
    """
    Say what a kind does with the room.

    Args:
        places: how many places one of them takes; 0 for those who never ask for one.
        comes: the share of those called who claim.
    """

    places: int = 1
    comes: float = 1.0


USES: Final[Mapping[str, Use]] = {
    "no-show": Use(comes=0),
    "bot": Use(places=5),
    "forger": Use(places=0),
    "jumper": Use(places=0),
    "slowloris": Use(places=0),
}
"""Kinds that are not named here wait for one place, and come when called. A bot asks about three of its eight places
and comes for some of the others in time; five fit the waits of a run with 130 bots."""
USUAL: Final = Use()
HIDING: Final = frozenset({"slow-phone"})
"""Kinds that may have the page in a hidden tab, which hears of its turn up to a minute late: no figure of the room."""
REQUESTS: Final[Mapping[str, tuple[str, ...]]] = {
    "home": ("home",),
    "product": ("product",),
    "basket": ("basket_add", "basket"),
    "checkout": ("checkout",),
    "payment": ("checkout_submit", "payment"),
    "order": ("pay", "order"),
}
"""What each page of a journey asks of the demo shop, by `PageCosts`: a form is sent, and its answer leads to a page."""
ERRANDS: Final = frozenset({"bot", "storm", "sharer", "replayer"})
"""Kinds that buy without a thought once they are in, and give the seat back with it."""


def places_of(kind: str) -> int:
    """
    Return how many places in line one of a *kind* takes.
    """
    return USES.get(kind, USUAL).places


@dataclass(frozen=True, slots=True)
class Visit:
    """
    Say how one who was let in shops.

    Args:
        shops_s: from being let in to the last page.
        gives_back: whether the seat comes back with the end of the visit; else it is held until it has been idle.
        orders: how many orders are made.
    """

    shops_s: float
    gives_back: bool
    orders: float

    def held_s(self, idle_s: float) -> float:
        """
        Return how long the seat is held, where an unused one ends after *idle_s*.
        """
        return self.shops_s if self.gives_back else self.shops_s + idle_s


def visit_of(kind: str, shopper: Shopper, behaviour: Behaviour) -> Visit:
    """
    Return the visit that *shopper* of a *kind* makes once let in, where no page is slow but by the shopper's own line.

    It is the walk that the shopper will make. An order gives the seat back; who makes none closes the window, and the
    seat ends by being idle. Of those who mean no good most buy at once, as a program does; of replayers those do who do
    not give the seat back at the waiting page. One of a journey of its own, which only the generator loads, is taken
    for a buyer.
    """
    if kind in ERRANDS:
        leaves = kind == "replayer" and shopper.says_goodbye
        return Visit(ORDER_PAGES_S, gives_back=True, orders=0 if leaves else 1)
    table = TABLES.get(kind, WINDOW if own_of(kind) is None else BUYER)
    steps = draw_path(table, shopper.who).steps
    edges = (step.edge for step in steps if step.edge is not None and step.edge.thought is not Thought.NONE)
    thinks_s = sum(thought_s(edge, shopper, nth) for nth, edge in enumerate(edges))
    orders = sum(page_of(step.state) == "order" for step in steps)
    pages_s = ORDER_PAGES_S * orders if orders else LOOK_PAGES_S * len(steps)
    asks = sum(len(REQUESTS[page_of(step.state)]) for step in steps)
    return Visit(thinks_s + pages_s + asks * page_late_s(kind, behaviour), gives_back=orders > 0, orders=orders)


@dataclass(frozen=True, slots=True)
class Visits:
    """
    Sum up the visits of a stream's shoppers.

    Args:
        comes: of the places that are called, the share that is claimed at once.
        late: the share that is claimed by a hidden tab, when it asks next.
        honest: the share that is held by those who mean well; only of these one says that they lose patience.
        orders: orders for each place that is claimed.
        seats: how long seats are held, as (seconds, share).
        orders_s: how long after being let in orders are made, as (seconds, share of the orders).
    """

    comes: float
    late: float
    honest: float
    orders: float
    seats: tuple[tuple[float, float], ...]
    orders_s: tuple[tuple[float, float], ...] = ()

    @property
    def held_s(self) -> float:
        """
        Return the mean time that a seat is held.
        """
        return sum(held_s * share for held_s, share in self.seats)


def visits_of(stream: Stream, seed: int, idle_s: float, called: Mapping[str, float], hides: float = 0.0) -> Visits:
    """
    Return what the shoppers of *stream* do with the room.

    How long visits last is told kind by kind, by walks of the stream's first shoppers.

    Args:
        stream: who walks.
        seed: of the crowd.
        idle_s: ends an unused seat.
        called: how many places in line those of each kind have, or their shares.
        hides: how many of these are looked at in a hidden tab.
    """
    claimed = {kind: places * USES.get(kind, USUAL).comes for kind, places in called.items()}
    places, come = sum(called.values()), sum(claimed.values())
    if not come:
        return Visits(0.0, 0.0, 1.0, 0.0, ())
    seats: list[tuple[float, float]] = []
    orders_s: list[tuple[float, float]] = []
    orders = 0.0
    each = max(1, SAMPLE // len(called))
    for kind, people in claimed.items():
        if not people:
            continue
        visits = [visit_of(kind, _shopper(stream, seed, k), stream.behaviour) for k in range(each)]
        share, made = people / come, sum(visit.orders for visit in visits) / each
        seats += _binned((visit.held_s(idle_s) for visit in visits), share)
        orders_s += _binned((visit.shops_s for visit in visits if visit.orders), share * made)
        orders += share * made
    honest = sum(places for kind, places in called.items() if means_well(kind)) / places
    return Visits(
        (come - hides) / places,
        hides / places,
        honest,
        orders,
        tuple(seats),
        tuple((shops_s, share / orders) for shops_s, share in orders_s),
    )


def _shopper(stream: Stream, seed: int, k: int) -> Shopper:
    return draw_shopper(stream.behaviour, f"{seed}:{stream.name}:{k}", k)


def _binned(values: Iterable[float], share: float) -> Iterator[tuple[float, float]]:
    """
    Yield a sample as at most `_BINS` means of as many parts of it, each with its part of *share*.
    """
    ordered = sorted(values)
    size = max(1, -(-len(ordered) // _BINS))
    for first in range(0, len(ordered), size):
        group = ordered[first : first + size]
        yield sum(group) / len(group), share * len(group) / len(ordered)
