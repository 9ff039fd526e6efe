"""
What a shopper does with a place in the line, by kind: whether they come when called, and how long they hold a seat.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from loadtests.crowd.own import own_of
from loadtests.crowd.shoppers import Shopper, draw_shopper
from loadtests.crowd.streams import Stream, kind_of
from loadtests.journeys.table import Thought, draw_path, page_of, thought_s
from loadtests.journeys.tables import BUYER, TABLES, WINDOW

ORDER_PAGES_S: Final = 0.6
"""What the pages of one order take together in a demo shop that is not overloaded: 0.4 s of work and some waiting."""
LOOK_PAGES_S: Final = 0.1
"""Likewise of a look at a product."""
SAMPLE: Final = 400
"""So many shoppers of a stream tell the law of its visits: their mean is within a twentieth of the true one."""
_BINS: Final = 24


@dataclass(frozen=True, slots=True)
class Use:
    """
    Say what a kind does with the room.

    Args:
        places: how many places one of them takes; 0 for those who never ask for one.
        comes: the share of those called who claim.
    """

    places: float = 1.0
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


def visit_of(kind: str, shopper: Shopper) -> Visit:
    """
    Return the visit that *shopper* of a *kind* makes once let in, where no page is slow.

    It is the walk that the shopper will make. An order gives the seat back; who makes none closes the window, and the
    seat ends by being idle. Those who mean no good shop as little as those who only look; one of a journey of its own,
    which only the generator loads, is taken for a buyer.
    """
    table = TABLES.get(kind, WINDOW if own_of(kind) is None else BUYER)
    steps = draw_path(table, shopper.who).steps
    edges = (step.edge for step in steps if step.edge is not None and step.edge.thought is not Thought.NONE)
    thinks_s = sum(thought_s(edge, shopper, nth) for nth, edge in enumerate(edges))
    orders = sum(page_of(step.state) == "order" for step in steps)
    pages_s = ORDER_PAGES_S * orders if orders else LOOK_PAGES_S * len(steps)
    return Visit(thinks_s + pages_s, gives_back=orders > 0, orders=orders)


@dataclass(frozen=True, slots=True)
class Visits:
    """
    Sum up the visits of a stream's shoppers.

    Args:
        places: how many places they take, per shopper.
        comes: the share of those called who claim.
        orders: orders per shopper who is let in.
        seats: how long seats are held, as (seconds, share).
        orders_s: how long after being let in orders are made, as (seconds, share of the orders).
    """

    places: float
    comes: float
    orders: float
    seats: tuple[tuple[float, float], ...]
    orders_s: tuple[tuple[float, float], ...] = ()

    @property
    def held_s(self) -> float:
        """
        Return the mean time that a seat is held.
        """
        return sum(held_s * share for held_s, share in self.seats)


def visits_of(stream: Stream, seed: int, idle_s: float) -> Visits:
    """
    Return what the shoppers of *stream* do with the room; *idle_s* ends an unused seat.

    Shares of kinds are those of the stream; how long visits last is told by its first `SAMPLE` shoppers.
    """
    parts = _parts(stream)
    places = sum(part * USES.get(kind, USUAL).places for kind, part in parts.items())
    called = {kind: part * USES.get(kind, USUAL).places for kind, part in parts.items()}
    come = {kind: share * USES.get(kind, USUAL).comes for kind, share in called.items()}
    visits = list(_sample(stream, seed, come))
    if not places or not visits:
        return Visits(places, 0.0, 0.0, ())
    orders = sum(visit.orders for visit in visits) / len(visits)
    seats = _binned(visit.held_s(idle_s) for visit in visits)
    orders_s = _binned(visit.shops_s for visit in visits if visit.orders)
    return Visits(places, sum(come.values()) / places, orders, seats, orders_s)


def _parts(stream: Stream) -> dict[str, float]:
    whole = sum(stream.journeys.values())
    return {kind: part / whole for kind, part in stream.journeys.items()}


def _sample(stream: Stream, seed: int, come: Mapping[str, float]) -> Iterable[Visit]:
    for k in range(SAMPLE):
        kind = kind_of(stream, seed, k)
        if come.get(kind):
            yield visit_of(kind, draw_shopper(stream.behaviour, f"{seed}:{stream.name}:{k}", k))


def _binned(held_s: Iterable[float]) -> tuple[tuple[float, float], ...]:
    """
    Return a sample as at most `_BINS` means of as many parts of it.
    """
    ordered = sorted(held_s)
    size = max(1, -(-len(ordered) // _BINS))
    groups = [ordered[first : first + size] for first in range(0, len(ordered), size)]
    return tuple((sum(group) / len(group), len(group) / len(ordered)) for group in groups)
