"""
How fast a room lets in that follows its shop: the room's own law, in a closed loop with the demo shop in model time.

The people are those of the crowd, in line as they come and as patient as they are, and walk through the shop page by
page; the law hears what gates would have told of it. What is left out is what polls do to the moments of turns, which
is the fluid's business.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Final

from loadtests.crowd.shoppers import draw_shopper
from loadtests.crowd.streams import Arrival, arrivals_of, kind_of
from loadtests.forecast.course import Limits
from loadtests.forecast.places import given
from loadtests.forecast.played.walks import costs_of, walks_of
from loadtests.forecast.played.weather import BEARS, IDLE_S, weather_of
from loadtests.forecast.visits import DRAWN, USES, USUAL
from loadtests.scenario.spec import Scenario
from waiting_room.core import adaptation
from waiting_room.core.adaptation import Adaptation, Reading, adapt
from waiting_room.core.health import MOST_MS, Health, recent
from waiting_room.core.pacing import TICK_MS
from waiting_room.core.policy import Policy
from waiting_room.simulation.shop import Shop, Walk, health_of

SIZE: Final = 32
"""A shop with more connections than twice so many is played by its n-th part, before an n-th of the people."""
LAGS: Final = (4, 2, 1)
"""So many steps of the controller before the law looks, the news of the shop was handed on. Both are done about once a
second and begin in one step, in which the law looks first: so the first number is the usual one, and decides what the
law learns from the first shoppers. They drift against each other, so it may be one of the others."""
EVERY: Final = 4.5
"""Once a second is each fourth or fifth step: a step that comes a little early has to wait for the next."""
LONGER_S: Final = 300.0
"""So long after the end of a run the line is still followed."""
_STEP_S: Final = TICK_MS / 1000


def paces_of(scenario: Scenario, seed: int, limits: Sequence[Limits]) -> tuple[tuple[Limits, ...], ...]:
    """
    Return the *limits* of an adaptive room, with the rate that its law finds from when on, for each of the `LAGS`.

    Args:
        scenario: what is rehearsed; its shop is the demo shop.
        seed: the crowd.
        limits: what the settings and the time line allow.
    """
    part = max(1, int(scenario.shop["db_connections"]) // SIZE)
    crowd = _Crowd(scenario, Policy.parse(dict(scenario.room)), seed, part)
    return tuple(tuple(_Loop(scenario, seed, limits, lag, part, crowd).run()) for lag in LAGS)


class _Crowd:
    """
    Hold the places of every *part*-th of those who come, in order, and who they are once somebody asks.
    """

    def __init__(self, scenario: Scenario, policy: Policy, seed: int, part: int) -> None:
        arrivals = arrivals_of(scenario.streams, seed)[::part]
        places = given(scenario.streams, arrivals, seed, policy, scenario.length_s + scenario.drain_s)
        each = ((at_s, arrival) for arrival, given_s in zip(arrivals, places, strict=True) for at_s in given_s)
        self.places = sorted(each, key=itemgetter(0))
        self._streams = scenario.streams
        self._seed = seed
        self._costs = costs_of(scenario.shop)
        self._known: dict[tuple[int, int], tuple[float, Walk]] = {}

    def person(self, arrival: Arrival) -> tuple[float, Walk]:
        """
        Return for how long somebody stays in the line, not at all who does not come when called, and what they do in
        the shop.
        """
        who = arrival.stream, arrival.k % DRAWN
        if who not in self._known:
            self._known[who] = self._drawn(*who)
        return self._known[who]

    def _drawn(self, place: int, k: int) -> tuple[float, Walk]:
        stream = self._streams[place]
        kind, behaviour = kind_of(stream, self._seed, k), stream.behaviour
        shopper = draw_shopper(behaviour, f"{self._seed}:{stream.name}:{k}", k)
        stays_s = shopper.room_patience_s if USES.get(kind, USUAL).comes else -1.0
        return stays_s, walks_of(kind, shopper, behaviour, self._costs)[0]


@dataclass(slots=True)
class _Loop:
    scenario: Scenario
    seed: int
    limits: Sequence[Limits]
    lag: int
    part: int
    crowd: _Crowd
    now_s: float = 0.0
    admitted: int = 0
    tokens: float = 1.0
    heard: int = 0
    heard_s: float = -IDLE_S
    in_flight_ms: float = 0.0
    records: deque[Health] = field(default_factory=deque)
    called: int = 0

    def run(self) -> Iterator[Limits]:
        policy, shop = Policy.parse(dict(self.scenario.room)), self._shop()
        end_s = self.scenario.length_s + self.scenario.drain_s
        state = adaptation.begin(Reading(0, 0, 0, None), self._law(policy, self.limits[0]))
        last: Limits | None = None
        step, hears, looks = 0, 1, 1
        while self.now_s < end_s or (self.called < len(self.crowd.places) and self.now_s < end_s + LONGER_S):
            now = self._in_force()
            if step >= int(EVERY * looks) + self.lag:
                looks += 1
                state = self._look(state, shop, policy, now)
            if step >= int(EVERY * hears):
                # In one step the room looks first, and hands on what gates have told it then.
                hears += 1
                self._hear(shop)
            rate = min(now.rate_per_s, self.part * state.rate / 60) if now.rate_per_s else 0.0
            found = replace(now, from_s=self.now_s, rate_per_s=rate)
            if last is None or replace(found, from_s=last.from_s) != last:
                last = found
                yield found
            self._let_in(shop, found, policy)
            step, self.now_s = step + 1, _STEP_S * (step + 1)
            shop.run_to(self.now_s)
            self.in_flight_ms += TICK_MS * shop.in_flight

    def _shop(self) -> Shop:
        """
        Return the shop, or its n-th part, which bears an n-th.
        """
        weather = weather_of(self.scenario, BEARS)
        if self.part > 1:
            whole = [round(each.connections / self.part) for each in weather]
            weather = tuple(
                replace(each, connections=few, slower=each.slower * self.part * few / max(1, each.connections))
                for each, few in zip(weather, whole, strict=True)
            )
        return Shop(weather, self.seed)

    def _in_force(self) -> Limits:
        return next(each for each in reversed(self.limits) if each.from_s <= self.now_s + _STEP_S / 2)

    def _law(self, policy: Policy, now: Limits) -> adaptation.Limits:
        ceiling = 60 * now.rate_per_s / self.part
        return adaptation.Limits(
            floor=min(policy.rate_floor_per_minute / self.part, ceiling),
            ceiling=ceiling,
            capacity=max(1, int(now.seats / self.part)),
            latency_target_ms=float(policy.latency_target_ms),
            error_target=policy.error_target,
            warm_up_ms=policy.warm_up_s * 1000,
        )

    def _hear(self, shop: Shop) -> None:
        """
        Hand on what the gates have seen since they were heard last.
        """
        now_ms, window_ms = round(1000 * self.now_s), round(1000 * (self.now_s - self.heard_s))
        answers, self.heard, self.heard_s = shop.answers[self.heard :], len(shop.answers), self.now_s
        self.records.append(health_of(answers, round(self.in_flight_ms), window_ms, now_ms))
        self.in_flight_ms = 0.0
        while now_ms - self.records[0].at_ms > MOST_MS:
            self.records.popleft()

    def _look(self, state: Adaptation, shop: Shop, policy: Policy, now: Limits) -> Adaptation:
        now_ms, seats = round(1000 * self.now_s), self._seats(shop, policy)
        if now.rate_per_s <= 0:
            # As the room does while it is shut: what was learnt stays (`core.steering`).
            return replace(state, at_ms=now_ms, opened_ms=now_ms, heard_ms=now_ms, seats=seats, admitted=self.admitted)
        reading = Reading(now_ms, seats, self.admitted, recent(self.records, now_ms))
        return adapt(state, reading, self._law(policy, now))

    def _seats(self, shop: Shop, policy: Policy) -> int:
        """
        Return how many seats are held: of who has gone without giving it back, until it has been idle.
        """
        return sum(self.now_s - last_s <= policy.idle_timeout_s for last_s in shop.seats.values())

    def _let_in(self, shop: Shop, now: Limits, policy: Policy) -> None:
        """
        Let in who is first in line, as far as rate and seats go.
        """
        income = now.rate_per_s / self.part * _STEP_S
        self.tokens = min(max(1.0, income), self.tokens) + income if income else 0.0
        free = now.seats / self.part - self._seats(shop, policy)
        places = self.crowd.places
        while self.called < len(places) and self.tokens >= 1 and free >= 1:
            at_s, arrival = places[self.called]
            if at_s > self.now_s:
                break
            self.called += 1
            stays_s, walk = self.crowd.person(arrival)
            if self.now_s - at_s <= stays_s:
                shop.enter(walk)
                self.tokens, free, self.admitted = self.tokens - 1, free - 1, self.admitted + 1
