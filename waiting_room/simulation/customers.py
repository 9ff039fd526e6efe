"""
Those who are inside, in a shop as a model: their seats follow from its pages, and the room hears how it fares.
"""

from array import array
from collections.abc import Sequence
from typing import Final

from waiting_room.core.health import Health
from waiting_room.simulation.shop import LOOKERS, ORDER_MS, Shop, Shopper, Walk, Weather, health_of
from waiting_room.simulation.visitors import Visitors

_LEAST_CONNECTIONS: Final = 2
"""So that half of them is a number."""


def weather_of(bears_per_s: float, *turns: tuple[float, float]) -> tuple[Weather, ...]:
    """
    Return a shop that has the time for *bears_per_s* shoppers, buyers or not; at each of the *turns*, (second, share),
    it goes on with that share of its connections.
    """
    each_s = 1000 / (ORDER_MS * (1 - LOOKERS))
    connections = max(_LEAST_CONNECTIONS, round(bears_per_s / each_s))
    slower = connections * each_s / bears_per_s
    return tuple(Weather(at_s, round(connections * share), slower) for at_s, share in ((0.0, 1.0), *turns))


class Customers:
    """
    Let *visitors* who come in go shopping; *weather* says how the shop is, counted from *start_ms*. The first report
    covers the *idle_ms* before that as well.

    Each page asked for keeps the seat, and an order gives it back; who only looks, or gives up, leaves it to its idle
    end. *walks*: what each visitor does inside; empty to draw it. *ordered_ms*: when each visitor's order was made,
    since the start; -1 for who has made none.
    """

    def __init__(
        self,
        weather: Sequence[Weather],
        seed: int,
        visitors: Visitors,
        start_ms: int,
        walks: Sequence[Walk] = (),
        idle_ms: int = 0,
    ) -> None:
        self._shop = Shop(tuple(weather), seed)
        self._visitors = visitors
        self._walks = walks
        self.ordered_ms = array("q", [-1]) * len(visitors.state)
        self._start_ms = self._ran_ms = start_ms
        self._told_ms = start_ms - idle_ms
        self._inside: dict[Shopper, int] = {}
        self._in_flight_ms = 0
        self._answers = self._told_back = 0
        visitors.goes_shopping = self._enter

    def _enter(self, who: int) -> None:
        self._inside[self._shop.enter(self._walks[who] if self._walks else None)] = who

    def run_to(self, now_ms: int) -> None:
        """
        Let the shop go on until *now_ms*.
        """
        self._shop.run_to((now_ms - self._start_ms) / 1000)
        self._in_flight_ms += (now_ms - self._ran_ms) * self._shop.in_flight
        self._ran_ms = now_ms

    @property
    def gives_back(self) -> bool:
        """
        Return whether a seat was given back that nobody has been told of.
        """
        return self._shop.given_back > self._told_back

    def report(self) -> Health | None:
        """
        Keep the seats in use, end the others, and return what the gates saw since they were asked last; None while they
        are silent.
        """
        shop, visitors, since_s = self._shop, self._visitors, (self._told_ms - self._start_ms) / 1000
        for shopper, who in list(self._inside.items()):
            last_s = shop.seats.get(shopper)
            if shopper.ordered_s is not None:
                self.ordered_ms[who] = round(1000 * shopper.ordered_s)
            if last_s is None or not visitors.is_inside(who):
                del self._inside[shopper]
                visitors.finish(who, releases=last_s is None and shopper.is_done)
            elif last_s > since_s:
                visitors.touch(who)
        self._told_back = shop.given_back
        answers, self._answers = shop.answers[self._answers :], len(shop.answers)
        health = health_of(answers, self._in_flight_ms, self._ran_ms - self._told_ms, self._ran_ms)
        self._told_ms, self._in_flight_ms = self._ran_ms, 0
        return health if shop.reports else None
