"""
A shop as a model, in model time: the demo shop's few database connections, and shoppers with think times, patience and
the habit to reload.

What the demo shop does with threads and sleeps is done here with a heap of events: requests stand in line for a
connection, first come, first served; one that has waited too long is answered with an error; one whose shopper has
gone is served for nobody.
"""

import math
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Final

from waiting_room.core.health import BOUNDS_MS, Health

BUYER_MS: Final = (30, 25, 30, 25, 40, 70, 30, 120, 30)
"""What each page of an order costs, as in the demo shop: home, product, basket (twice), checkout and pay (twice each),
the confirmation."""
BUYER_THINKS_S: Final = (0.0, 3.0, 3.0, 0.0, 3.0, 6.0, 0.0, 6.0, 0.0)
"""The mean time before each page, as the rehearsal's shoppers take it; after a form comes a redirect at once."""
LOOKER_MS: Final = (30, 25, 25)
LOOKER_THINKS_S: Final = (0.0, 3.0, 3.0)
LOOKERS: Final = 0.2
"""One of five only looks and closes the window: their seat ends by being idle."""
ORDER_MS: Final = sum(BUYER_MS) + LOOKERS / (1 - LOOKERS) * sum(LOOKER_MS)
"""The database's time for one order, and for those who only look meanwhile."""
IDLE_S: Final = 60.0
PATIENCE_S: Final = 8.0
PAUSES_S: Final = (2.0, 4.0)
"""Before the first reload, and before the second and last."""
TIME_OUT_S: Final = 10.0
JITTER: Final = 0.25
CONNECTIONS: Final = 4
NO_ORDER: Final = -1
"""The page that makes the order, of a walk that makes none."""


@dataclass(frozen=True, slots=True)
class Weather:
    """
    Say how the shop is from *from_s* on: its connections (0: every request fails at once), how much longer each page
    takes, by what deviation of its logarithm that differs from page to page, how long a request waits for a connection
    before it fails, and whether its gates report.
    """

    from_s: float
    connections: int = CONNECTIONS
    slower: float = 1.0
    reports: bool = True
    jitter: float = JITTER
    time_out_s: float = TIME_OUT_S


@dataclass(frozen=True, slots=True)
class Walk:
    """
    Say what a shopper does in the shop.

    *costs_ms*: the database's time for each page. *thinks_s*: the time before each, which is drawn about this mean
    where *draws* is set. *gives_back*: whether the seat comes back after the last page. *pays_at*: the page that makes
    the order, whoever still waits for it; `NO_ORDER`, or None where an order is made when its last page is seen.
    *patience_s*: for each page. *pauses_s*: before each reload; who has no more of them gives up.
    """

    costs_ms: tuple[float, ...]
    thinks_s: tuple[float, ...]
    gives_back: bool
    pays_at: int | None = None
    patience_s: float = PATIENCE_S
    pauses_s: tuple[float, ...] = PAUSES_S
    draws: bool = False


BUYER: Final = Walk(BUYER_MS, BUYER_THINKS_S, gives_back=True, draws=True)
LOOKER: Final = Walk(LOOKER_MS, LOOKER_THINKS_S, gives_back=False, draws=True)


class Shopper:
    """
    Hold how far one shopper has come; *attempt* tells a page that was given up from the one that is waited for.

    *ordered_s*: when the order was made; None before.
    """

    __slots__ = ("attempt", "ordered_s", "page", "reloads", "walk")

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.page = 0
        self.attempt = 0
        self.reloads = 0
        self.ordered_s: float | None = None

    @property
    def is_done(self) -> bool:
        """
        Return whether this shopper has seen the last page, and gives the seat back with it.
        """
        return self.walk.gives_back and self.page >= len(self.walk.costs_ms)


class Shop:
    """
    Serve shoppers in model time; `run_to` brings it to a moment.

    *answers* holds (when, latency in ms, failed) of each request; *orders* when each was made; *failures* when a
    shopper met an error or lost patience; *given_back* how many seats were.
    """

    def __init__(self, weather: tuple[Weather, ...], seed: int) -> None:
        self._weather = deque(weather)
        self._now = weather[0]
        self._dice = random.Random(seed)
        self._events: list[tuple[float, int, str, Shopper, int, float]] = []
        self._turns = count()
        self._line: deque[tuple[float, Shopper, int]] = deque()
        self._busy = 0
        self.now_s = 0.0
        self.seats: dict[Shopper, float] = {}
        self.answers: list[tuple[float, float, bool]] = []
        self.orders: list[float] = []
        self.failures: list[float] = []
        self.given_back = 0

    @property
    def in_flight(self) -> int:
        """
        Return how many requests are inside; those whose shopper has gone are among them.
        """
        return len(self._line) + self._busy

    @property
    def possible_per_s(self) -> float:
        """
        Return how many orders a second the database has time for, with those who only look among the shoppers.
        """
        return self._now.connections * 1000 / ORDER_MS / self._now.slower

    @property
    def reports(self) -> bool:
        """
        Return whether the gates report at this moment.
        """
        return self._now.reports

    def enter(self, walk: Walk | None = None) -> Shopper:
        """
        Let a shopper in who goes this *walk*, or one drawn by chance, and return who it is.
        """
        if walk is None:
            walk = BUYER if self._dice.random() >= LOOKERS else LOOKER
        shopper = Shopper(walk)
        self._ask(shopper)
        return shopper

    def run_to(self, until_s: float) -> None:
        """
        Do all that happens up to that moment.
        """
        while True:
            turning_s = self._weather[0].from_s if self._weather else math.inf
            next_s = self._events[0][0] if self._events else math.inf
            if min(turning_s, next_s) > until_s:
                break
            if turning_s <= next_s:
                self.now_s, self._now = turning_s, self._weather.popleft()
                self._serve()
                continue
            self.now_s, _, what, shopper, attempt, asked_s = heappop(self._events)
            self._happen(what, shopper, attempt, asked_s)
        self.now_s = until_s
        idle = [shopper for shopper, last_s in self.seats.items() if until_s - last_s > IDLE_S]
        for shopper in idle:
            del self.seats[shopper]

    def _after(self, wait_s: float, what: str, shopper: Shopper, attempt: int = 0, asked_s: float = 0.0) -> None:
        heappush(self._events, (self.now_s + wait_s, next(self._turns), what, shopper, attempt, asked_s))

    def _happen(self, what: str, shopper: Shopper, attempt: int, asked_s: float) -> None:
        current = shopper.attempt == attempt
        match what:
            case "ask":
                self._ask(shopper)
            case "done":
                self._busy -= 1
                self.answers.append((self.now_s, (self.now_s - asked_s) * 1000, False))
                if shopper.page == shopper.walk.pays_at:
                    self._order(shopper)
                if current:
                    self._answered(shopper)
                self._serve()
            case "failed" | "impatient" if current:
                self._reload(shopper)

    def _ask(self, shopper: Shopper) -> None:
        shopper.attempt += 1
        self.seats[shopper] = self.now_s
        self._line.append((self.now_s, shopper, shopper.attempt))
        self._after(shopper.walk.patience_s, "impatient", shopper, shopper.attempt)
        self._serve()

    def _serve(self) -> None:
        while self._line and (self._busy < self._now.connections or not self._now.connections):
            asked_s, shopper, attempt = self._line.popleft()
            if self.now_s - asked_s > self._now.time_out_s or not self._now.connections:
                self.answers.append((self.now_s, (self.now_s - asked_s) * 1000, True))
                self._after(0.0, "failed", shopper, attempt)
                continue
            jitter = self._now.jitter
            factor = math.exp(self._dice.gauss(-jitter * jitter / 2, jitter))
            self._busy += 1
            # One who has gone has no page any more that could be asked for: the last one costs what it costs.
            costs_ms = shopper.walk.costs_ms
            cost_ms = costs_ms[min(shopper.page, len(costs_ms) - 1)]
            self._after(cost_ms / 1000 * factor * self._now.slower, "done", shopper, attempt, asked_s)

    def _answered(self, shopper: Shopper) -> None:
        shopper.reloads = 0
        shopper.page += 1
        shopper.attempt += 1
        walk = shopper.walk
        if shopper.page < len(walk.costs_ms):
            mean_s = walk.thinks_s[shopper.page]
            if walk.draws and mean_s:
                # 1.108 is one by the gamma function of 1 + 1/1.5: the mean of this Weibull is *mean_s*.
                mean_s = self._dice.weibullvariate(mean_s * 1.108, 1.5)
            self._after(mean_s, "ask", shopper)
        elif walk.gives_back:
            if walk.pays_at is None:
                self._order(shopper)
            self.seats.pop(shopper, None)
            self.given_back += 1

    def _order(self, shopper: Shopper) -> None:
        if shopper.ordered_s is None:
            shopper.ordered_s = self.now_s
            self.orders.append(self.now_s)

    def _reload(self, shopper: Shopper) -> None:
        """
        Ask for the page once more, a little later each time, or give up; the seat of who gives up ends by being idle.
        """
        shopper.attempt += 1
        self.failures.append(self.now_s)
        if shopper.reloads >= len(shopper.walk.pauses_s):
            return
        shopper.reloads += 1
        self._after(shopper.walk.pauses_s[shopper.reloads - 1], "ask", shopper)


def health_of(answers: Sequence[tuple[float, float, bool]], in_flight_ms: int, window_ms: int, now_ms: int) -> Health:
    """
    Return what the gates saw within *window_ms* up to *now_ms*: *answers* as the shop keeps them, and the time that
    requests were inside.
    """
    counts = [0] * (len(BOUNDS_MS) + 1)
    for _, latency_ms, _ in answers:
        counts[sum(latency_ms > bound for bound in BOUNDS_MS)] += 1
    errors = sum(failed for _, _, failed in answers)
    latency_ms = round(sum(latency for _, latency, _ in answers))
    return Health(now_ms, window_ms, len(answers), errors, in_flight_ms, latency_ms, tuple(counts))
