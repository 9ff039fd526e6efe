"""
A scenario played without a server: the same people at the same moments, met by the room's real engine on a moved clock.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any, Final, NamedTuple

from loadtests.crowd.kinds import means_well
from loadtests.crowd.lines import asks_late_s, joins_late_s
from loadtests.crowd.shoppers import Behaviour, draw_shopper
from loadtests.crowd.streams import arrivals_of, kind_of
from loadtests.forecast.places import given
from loadtests.forecast.played.walks import costs_of, walks_of
from loadtests.forecast.played.weather import IDLE_S, SHOP_CHANGES, follows_shop, is_known, weather_of
from loadtests.forecast.problem import RESTART_S, problem_of
from loadtests.forecast.shelves import shelves_of, wanted
from loadtests.forecast.visits import DRAWN, HIDING, USES, USUAL, Visit, visit_of
from loadtests.measuring.fairness import quantile
from loadtests.scenario.spec import Change, Scenario
from waiting_room import simulation
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.simulation.crowd import GOODBYE, HIDDEN, NO_SHOW, RELEASES, Crowd
from waiting_room.simulation.scenario import ScenarioError, steady
from waiting_room.simulation.shop import Walk

_LOOKS: Final = 4
"""A page is looked at so often before its seat would end by being idle."""
BrokenPromiseError = simulation.BreachError
UnplayableError = ScenarioError
UNPLAYED: Final = frozenset({"kill-worker"})
"""Changes that the simulator leaves out: no worker dies."""


class Guest(NamedTuple):
    """
    One place in the line, and what its holder does with it; page by page, as *walks*, where the shop is played.
    *put_off_s* is how long the room kept it from one person; *joins_late_s* and *asks_late_s*: by how much a slow line
    delays the join and whatever is asked of the room then.
    """

    at_s: float
    kind: str
    patience_s: float
    habits: int
    visit: Visit
    wants: str
    pieces: int
    put_off_s: float = 0.0
    walks: tuple[Walk, ...] = ()
    joins_late_s: float = 0.0
    asks_late_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Simulated:
    """
    Hold what came of a simulated run.

    Args:
        guests: all places in the order of arrival.
        shoppers: how many people that were, those included who never asked for a place.
        result: the simulator's own figures.
        stock: pieces of each product that the shop has.
        sells_until_s: when the shelves are emptied; infinite where they are not.
        left_out: what of the scenario was not played.
    """

    guests: Sequence[Guest]
    shoppers: int
    result: simulation.Result
    stock: float
    sells_until_s: float
    left_out: tuple[str, ...]

    def to_json(self, end_s: float) -> dict[str, Any]:
        """
        Return the figures by the names that `rehearsal.json` gives to those of a run behind a room.

        Rate, seats, order and places are held at every step: a run that breaks one of these has no result.
        """
        result = self.result
        waits = [wait_s for _, wait_s in self.waits()]
        told = (wait_s for guest, wait_s in self.waits() if guest.kind not in HIDING and means_well(guest.kind))
        return {
            "arrivals": self.shoppers,
            "places": len(self.guests),
            "admitted": result.admitted,
            "orders_total": self.orders(end_s),
            "waited_p50_s": quantile(waits, 0.5),
            "waited_p95_s": quantile(waits, 0.95),
            "waited_max_s": max(told, default=None),
            "outcomes": {
                "gave_up_waiting": self.gave_up(),
                "no_show": result.no_shows,
                "refused": result.turned_away,
            },
            "still_waiting": result.unserved,
            "rate_per_s": result.rate_per_minute / 60,
            "capacity": result.capacity,
            "seats_max": result.seats_peak,
            "over_admissions": 0,
            "order_inversions": 0,
            "places_lost": 0,
            "eta_coverage": result.eta_coverage,
            "polls_per_s_max": result.polls_per_s_peak,
            "played_singly": result.played_singly,
            "by_kind": self.by_kind(),
            "room_by_s": [
                {"t": t + 1.0, "seats": seats, "waiting": waiting}
                for t, (seats, waiting) in enumerate(zip(result.series["seats"], result.series["waiting"], strict=True))
            ],
            "left_out": list(self.left_out),
        }

    def gave_up(self) -> int:
        """
        Return how many lost patience; of one who means no good nobody says so, with however many places.
        """
        ends = zip(self.guests, self.result.let_in_ms, self.result.gave_up, strict=True)
        # Who gives up in the moment of being let in holds a seat, and is counted as let in.
        return sum(gone for guest, let_in_ms, gone in ends if let_in_ms < 0 and means_well(guest.kind))

    def waits(self) -> Iterator[tuple[Guest, float]]:
        """
        Yield everybody who was let in, with the wait in seconds.
        """
        for guest, let_in_ms in zip(self.guests, self.result.let_in_ms, strict=True):
            if let_in_ms >= 0:
                yield guest, let_in_ms / 1000 - guest.at_s + guest.put_off_s

    def orders(self, end_s: float) -> int:
        """
        Return how many orders were made before *end_s*: as the shop made them where it was played, else of each visit
        that has come to its end; as far as the stock goes.
        """
        until_s = min(end_s, self.sells_until_s)
        made = ((guest, at_s) for guest, at_s in self._ordered() if at_s <= until_s)
        wanted = Counter((guest.wants, guest.pieces) for guest, _ in made)
        sold, taken = 0, Counter[str]()
        for (product, pieces), count in sorted(wanted.items()):
            fit = int(min(count, (self.stock - taken[product]) // pieces)) if isfinite(self.stock) else count
            taken[product] += fit * pieces
            sold += fit
        return sold

    def _ordered(self) -> Iterator[tuple[Guest, float]]:
        if self.result.ordered_ms:
            for guest, ordered_ms in zip(self.guests, self.result.ordered_ms, strict=True):
                if ordered_ms >= 0:
                    yield guest, ordered_ms / 1000
            return
        for guest, wait_s in self.waits():
            if guest.visit.orders:
                yield guest, guest.at_s + wait_s - guest.put_off_s + guest.visit.shops_s

    def by_kind(self) -> dict[str, dict[str, Any]]:
        """
        Return places and waits by kind.
        """
        came: defaultdict[str, int] = defaultdict(int)
        waits: defaultdict[str, list[float]] = defaultdict(list)
        for guest in self.guests:
            came[guest.kind] += 1
        for guest, wait_s in self.waits():
            waits[guest.kind].append(wait_s)
        return {
            kind: {
                "arrivals": count,
                "admitted": len(waits[kind]),
                "waited_p50_s": quantile(waits[kind], 0.5),
                "waited_p95_s": quantile(waits[kind], 0.95),
            }
            for kind, count in sorted(came.items())
        }


def simulated(scenario: Scenario, seed: int, workers: int = 1) -> Simulated:
    """
    Return what the room's engine makes of the crowd of *seed*, up to the end that a run would have.

    Raises:
        BrokenPromiseError: the engine broke a promise.
        UnplayableError: nobody comes, or too many for the simulator.
    """
    follows = follows_shop(scenario)
    plays = follows and is_known(scenario)
    shoppers, guests = _guests(scenario, seed, plays=plays)
    policy = Policy.parse(dict(scenario.room))
    played = simulation.Scenario(
        policy=replace(policy, invite_only=False),  # who has no invitation is no guest
        visitors=len(guests),
        seed=seed,
        spike=steady(scenario.length_s),
        people=simulation.People(page_s=max(0.5, policy.idle_timeout_s / _LOOKS), hidden_s=_hidden_s(scenario)),
        changes=tuple(_changes(scenario)),
        workers=workers,
        limit_s=scenario.length_s + scenario.drain_s,
        weather=weather_of(scenario) if plays else (),
        lifelike=plays,
        idle_s=IDLE_S,
    )
    crowd = Crowd.given(
        [int(1000 * guest.at_s) for guest in guests],
        [max(1, int(1000 * guest.patience_s)) for guest in guests],
        [max(1, int(1000 * guest.visit.shops_s)) for guest in guests],
        bytes(guest.habits for guest in guests),
        [guest.walks[0] for guest in guests] if plays else (),
        [round(1000 * guest.asks_late_s) for guest in guests],
    )
    left_out = _left_out(scenario, follows=follows, plays=plays)
    stock = shelves_of(scenario.shop, scenario.streams).stock
    sells_until_s = min((change.at_s for change in scenario.changes if change.do == "sell-out"), default=inf)
    return Simulated(guests, shoppers, simulation.simulate(played, crowd), stock, sells_until_s, left_out)


def _hidden_s(scenario: Scenario) -> float:
    hiding = (each.behaviour for each in scenario.streams if HIDING & each.journeys.keys())
    return max((behaviour.hidden_poll_s for behaviour in hiding), default=Behaviour().hidden_poll_s)


def _left_out(scenario: Scenario, *, follows: bool, plays: bool) -> tuple[str, ...]:
    """
    Return what of the scenario is not played: where nobody knows what the shop bears, nothing that comes of its health.
    """
    changes = {change.do for change in scenario.changes}
    left_out = changes & (UNPLAYED if plays else UNPLAYED | SHOP_CHANGES)
    if follows and not plays and scenario.room.get("adaptive"):
        return (*sorted(left_out), "adaptive")
    return tuple(sorted(left_out))


def _guests(scenario: Scenario, seed: int, *, plays: bool) -> tuple[int, list[Guest]]:
    course = problem_of(scenario, seed).course()
    known: dict[tuple[int, int], Guest] = {}
    guests: list[Guest] = []
    arrivals = arrivals_of(scenario.streams, seed)
    end_s = scenario.length_s + scenario.drain_s
    places = given(scenario.streams, arrivals, seed, Policy.parse(dict(scenario.room)), end_s)
    for arrival, given_s in zip(arrivals, places, strict=True):
        who = arrival.stream, arrival.k % DRAWN
        if who not in known:
            known[who] = _guest(scenario, seed, *who, plays=plays)
        guest = known[who]
        orders = max(1, round(guest.visit.orders))
        if orders > 1:
            # An order gives the seat back: whoever makes another comes again, to a line as long as was foretold.
            guest = guest._replace(visit=replace(guest.visit, shops_s=guest.visit.shops_s / orders, orders=1))
        if means_well(guest.kind) and given_s:
            guest = guest._replace(put_off_s=given_s[0] - arrival.at_s)
        guests.extend(guest._replace(at_s=at_s + guest.joins_late_s) for at_s in given_s)
        again_s = arrival.at_s
        for nth in range(1, orders if given_s else 1):
            again_s += (course.wait_at(again_s) or 0.0) + guest.visit.shops_s
            guests.append(guest._replace(at_s=again_s, put_off_s=0.0, walks=guest.walks[nth:]))
    return len(arrivals), sorted((guest for guest in guests if guest.at_s < end_s), key=lambda guest: guest.at_s)


def _guest(scenario: Scenario, seed: int, place: int, k: int, *, plays: bool) -> Guest:
    stream = scenario.streams[place]
    kind, shopper = kind_of(stream, seed, k), draw_shopper(stream.behaviour, f"{seed}:{stream.name}:{k}", k)
    visit = visit_of(kind, shopper, stream.behaviour)
    shows_up = USES.get(kind, USUAL).comes > 0
    habits = GOODBYE * shopper.says_goodbye | NO_SHOW * (not shows_up) | RELEASES * visit.gives_back
    habits |= HIDDEN * (kind in HIDING and shopper.hides)
    wants, pieces = wanted(shopper, stream.behaviour), stream.behaviour.quantity
    walks = walks_of(kind, shopper, stream.behaviour, costs_of(scenario.shop)) if plays else ()
    late_s = joins_late_s(kind, stream.behaviour), asks_late_s(kind, stream.behaviour)
    return Guest(0.0, kind, shopper.room_patience_s, habits, visit, wants, pieces, 0.0, walks, *late_s)


def _changes(scenario: Scenario) -> Iterator[simulation.Change]:
    if scenario.pre_queue_s:
        # A run opens the room by hand, and nobody is told when: the early ask as where no opening is known.
        yield simulation.Change(0.0, phase=Phase.PREQUEUE)
        yield simulation.Change(scenario.opens_s, phase=Phase.OPEN)
    for change in scenario.changes:
        yield from _change(change, scenario)


def _change(change: Change, scenario: Scenario) -> Iterator[simulation.Change]:
    ends_s, before = change.at_s + change.for_s, Policy.parse(dict(scenario.room))
    match change.do:
        case "rate" | "seats":
            name = "rate_per_minute" if change.do == "rate" else "capacity"
            yield simulation.Change(change.at_s, {name: round(change.to or 0)})
            if change.for_s:
                yield simulation.Change(ends_s, {name: getattr(before, name)})
        case "break":
            yield simulation.Change(change.at_s, phase=Phase.PAUSED, until_s=ends_s)
        case "kill-redis":
            # While the store is away and the room is put back, nobody goes in and nobody gets a number.
            yield simulation.Change(change.at_s, phase=Phase.PAUSED, until_s=ends_s + RESTART_S)
        case "sell-out":
            yield simulation.Change(change.at_s, phase=Phase.CLOSED)
