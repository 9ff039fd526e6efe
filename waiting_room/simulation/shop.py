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
RELOADS: Final = 2
TIME_OUT_S: Final = 10.0
JITTER: Final = 0.25
CONNECTIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Weather:
    """
    Say how the shop is from *from_s* on: its connections (0: every request fails at once), how much longer each page
    takes, and whether its gates report.
    """

    from_s: float
    connections: int = CONNECTIONS
    slower: float = 1.0
    reports: bool = True


class Shopper:
    """
    Hold how far one shopper has come; *attempt* tells a page that was given up from the one that is waited for.
    """

    __slots__ = ("attempt", "costs", "page", "reloads", "thinks_s")

    def __init__(self, *, buys: bool) -> None:
        self.costs = BUYER_MS if buys else LOOKER_MS
        self.thinks_s = BUYER_THINKS_S if buys else LOOKER_THINKS_S
        self.page = 0
        self.attempt = 0
        self.reloads = 0

    @property
    def is_done(self) -> bool:
        """
        Return whether this shopper has bought, and has the confirmation.
        """
        return self.costs is BUYER_MS and self.page >= len(BUYER_MS)


class Shop:
    """
    Serve shoppers in model time; `run_to` brings it to a moment.

    *answers* holds (when, latency in ms, failed) of each request; *orders* when each was made; *failures* when a
    shopper met an error or lost patience.
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

    def enter(self) -> Shopper:
        """
        Let a shopper in, and return who it is.
        """
        shopper = Shopper(buys=self._dice.random() >= LOOKERS)
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
                if current:
                    self._answered(shopper)
                self._serve()
            case "failed" | "impatient" if current:
                self._reload(shopper)

    def _ask(self, shopper: Shopper) -> None:
        shopper.attempt += 1
        self.seats[shopper] = self.now_s
        self._line.append((self.now_s, shopper, shopper.attempt))
        self._after(PATIENCE_S, "impatient", shopper, shopper.attempt)
        self._serve()

    def _serve(self) -> None:
        while self._line and (self._busy < self._now.connections or not self._now.connections):
            asked_s, shopper, attempt = self._line.popleft()
            if self.now_s - asked_s > TIME_OUT_S or not self._now.connections:
                self.answers.append((self.now_s, (self.now_s - asked_s) * 1000, True))
                self._after(0.0, "failed", shopper, attempt)
                continue
            factor = math.exp(self._dice.gauss(-JITTER * JITTER / 2, JITTER))
            self._busy += 1
            # One who has gone has no page any more that could be asked for: the last one costs what it costs.
            cost_ms = shopper.costs[min(shopper.page, len(shopper.costs) - 1)]
            self._after(cost_ms / 1000 * factor * self._now.slower, "done", shopper, attempt, asked_s)

    def _answered(self, shopper: Shopper) -> None:
        shopper.reloads = 0
        shopper.page += 1
        shopper.attempt += 1
        if shopper.page < len(shopper.costs):
            mean_s = shopper.thinks_s[shopper.page]
            # 1.108 is one by the gamma function of 1 + 1/1.5: the mean of this Weibull is *mean_s*.
            self._after(self._dice.weibullvariate(mean_s * 1.108, 1.5) if mean_s else 0.0, "ask", shopper)
        elif shopper.costs is BUYER_MS:
            self.orders.append(self.now_s)
            self.seats.pop(shopper, None)

    def _reload(self, shopper: Shopper) -> None:
        """
        Ask for the page once more, a little later each time, or give up; the seat of who gives up ends by being idle.
        """
        shopper.attempt += 1
        self.failures.append(self.now_s)
        if shopper.reloads >= RELOADS:
            return
        shopper.reloads += 1
        self._after(2.0**shopper.reloads, "ask", shopper)


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
