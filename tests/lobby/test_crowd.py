"""
A crowd, step by step: the promises on capacity, rate, order, places and positions, held at every moment.

Shoppers come in a rush to two workers, double their joins, poll as told at either worker, go away, come back, claim,
shop and leave. Everything is seeded, and runs on a clock that is moved.
"""

import asyncio
from bisect import bisect_left
from dataclasses import dataclass, field
from random import Random

import pytest

from tests.lobby.clock import run, trip
from tests.lobby.house import ROOM, House, house
from waiting_room.core.outcomes import Admitted, Called, Waiting
from waiting_room.core.pacing import burst
from waiting_room.tokens import Ticket

SHOPPERS = 240


@dataclass
class Shopper:
    """
    Hold what one shopper has met.
    """

    name: str
    arrives_s: float
    patient: bool
    wanders: bool
    stays_s: float
    numbers: set[int] = field(default_factory=set)
    shown: list[int] = field(default_factory=list)
    seats: set[str] = field(default_factory=set)
    called_s: float | None = None
    admitted_s: float | None = None
    gone: bool = False


@dataclass
class Crowd:
    """
    Let shoppers through the house, and write down what happens.
    """

    home: House
    random: Random
    shoppers: list[Shopper]
    most_seats: int = 0
    broken: list[str] = field(default_factory=list)

    async def go(self, shopper: Shopper) -> None:
        """Live one shopper's day."""
        await trip(shopper.arrives_s)
        outcome, ticket = await self.join(shopper)
        while not isinstance(outcome, Admitted):
            if not isinstance(outcome, Waiting | Called) or ticket is None:
                self.broken.append(f"{shopper.name} was told {outcome}")
                return
            if not shopper.patient and len(shopper.shown) > 2:
                shopper.gone = True
                return
            if shopper.wanders and len(shopper.shown) == 2:
                shopper.shown.append(shopper.shown[-1])
                await trip(45)
            await trip(outcome.next_poll_ms / 1000)
            outcome = await self.ask(shopper, ticket)
        await self.shop(shopper, ticket, outcome)

    async def join(self, shopper: Shopper) -> tuple[object, Ticket | None]:
        """Join twice at once, at both workers."""
        self.home.clock_ms()
        one, two = await asyncio.gather(*(worker.join(shopper.name) for worker in self.home.workers))
        shopper.numbers |= {ticket.number for _, ticket in (one, two) if ticket}
        return one if isinstance(one[0], Admitted) else two

    async def ask(self, shopper: Shopper, ticket: Ticket) -> object:
        """Poll at any worker, and claim when called."""
        self.home.clock_ms()
        lobby = self.random.choice(self.home.workers).lobby
        seen = shopper.shown[-1] if shopper.shown else None
        outcome = lobby.status(ROOM, ticket, seen)
        if isinstance(outcome, Waiting):
            shopper.shown.append(outcome.position)
        if isinstance(outcome, Called):
            shopper.called_s = shopper.called_s or asyncio.get_running_loop().time()
            self.check_called(ticket)
            outcome = await lobby.claim(ROOM, ticket)
        return outcome

    def check_called(self, ticket: Ticket) -> None:
        """Hold that nobody is told to be called whom the store has not called."""
        frontier = self.home.store._rooms[ROOM].lanes[ticket.lane].frontier
        if ticket.number >= frontier:
            self.broken.append(f"{ticket.number} was called with the frontier at {frontier}")

    async def shop(self, shopper: Shopper, ticket: Ticket | None, admitted: Admitted) -> None:
        """Shop for a while under a gate's eyes, and give the seat back."""
        assert ticket is not None
        shopper.admitted_s = asyncio.get_running_loop().time()
        shopper.seats.add(admitted.seat)
        lobby = self.random.choice(self.home.workers).lobby
        await trip(shopper.stays_s / 2)
        self.home.clock_ms()
        again = await lobby.claim(ROOM, ticket)
        if isinstance(again, Admitted):
            shopper.seats.add(again.seat)
        await lobby.report(ROOM, {admitted.seat: admitted.hard_end_ms}, [])
        await trip(shopper.stays_s / 2)
        self.home.clock_ms()
        await lobby.report(ROOM, {}, [admitted.seat])

    async def watch(self) -> None:
        """Step the controllers, and look at the seats in between."""
        while True:
            await trip(0.25)
            await self.home.step()
            snapshot = await self.home.see()
            self.most_seats = max(self.most_seats, snapshot.seats, snapshot.seats_peak)
            if snapshot.seats_over:
                self.broken.append(f"{snapshot.seats_over} seats were taken beyond capacity")


def crowd_of(seed: int) -> list[Shopper]:
    """
    Return a rush: most within half a minute, a fifth of them impatient, a tenth wandering off for a while.
    """
    random = Random(seed)
    return [
        Shopper(
            f"v{number}",
            arrives_s=random.uniform(0, 30) if number % 5 else random.uniform(30, 90),
            patient=random.random() > 0.2,
            wanders=random.random() < 0.1,
            stays_s=random.uniform(2, 20),
        )
        for number in range(SHOPPERS)
    ]


async def day(seed: int) -> Crowd:
    """
    Run a whole day.
    """
    home = await house(size=2, capacity=30, rate_per_minute=180, poll_min_s=1.0, claim_window_s=20)
    crowd = Crowd(home, Random(seed), crowd_of(seed))
    watching = asyncio.create_task(crowd.watch())
    await asyncio.gather(*(crowd.go(shopper) for shopper in crowd.shoppers))
    watching.cancel()
    return crowd


@pytest.fixture(scope="module", params=[1, 2, 3])
def crowd(request: pytest.FixtureRequest) -> Crowd:
    """
    Offer what became of each crowd.
    """
    return run(day(request.param))


def test_nothing_impossible_happened(crowd: Crowd) -> None:
    """Nobody with a place was told anything but to wait or to come."""
    assert crowd.broken == []


def test_everybody_who_stayed_got_in(crowd: Crowd) -> None:
    """Those who wandered off and came back, too."""
    assert [s.name for s in crowd.shoppers if not s.gone and s.admitted_s is None] == []


def test_seats_never_exceed_capacity(crowd: Crowd) -> None:
    """At no moment; and the room was full at its best."""
    assert crowd.most_seats <= 30


def test_admissions_keep_the_rate_over_every_window(crowd: Crowd) -> None:
    """Over 1, 10 and 60 seconds: rate times window and one tick's burst."""
    policy = crowd.home.policy
    times = sorted(s.admitted_s for s in crowd.shoppers if s.admitted_s is not None)
    for window_s in (1, 10, 60):
        most = max(bisect_left(times, start + window_s) - at for at, start in enumerate(times))
        assert most <= policy.rate_per_s * window_s + burst(policy.rate_per_s)


def test_one_visitor_has_one_place_and_one_seat(crowd: Crowd) -> None:
    """Doubled joins and repeated claims change nothing; no two have the same."""
    assert {len(shopper.numbers) for shopper in crowd.shoppers} == {1}
    assert len(set.union(*(shopper.numbers for shopper in crowd.shoppers))) == SHOPPERS
    assert {len(shopper.seats) for shopper in crowd.shoppers if shopper.admitted_s is not None} == {1}


def test_a_shown_position_never_rises(crowd: Crowd) -> None:
    """At neither worker, though ghosts return."""
    assert [s.shown for s in crowd.shoppers if s.shown != sorted(s.shown, reverse=True)] == []


def test_those_who_stay_are_called_in_their_order(crowd: Crowd) -> None:
    """
    Nobody who polled as told heard of the call much later than somebody behind.

    The frontier itself keeps the order exactly (see the tests of the plan); what a visitor hears lags by a poll and a
    view at the most.
    """
    faithful = [s for s in crowd.shoppers if s.patient and not s.wanders and s.called_s is not None]
    faithful.sort(key=lambda shopper: min(shopper.numbers))
    latest = 0.0
    for shopper in faithful:
        assert shopper.called_s is not None
        assert shopper.called_s > latest - 12
        latest = max(latest, shopper.called_s)


def test_the_door_is_never_idle_while_people_wait(crowd: Crowd) -> None:
    """With a fifth gone and a tenth away, three quarters of what seats and rate allow are used between 10 and 50 s."""
    times = [s.admitted_s for s in crowd.shoppers if s.admitted_s is not None]
    stay_s = sum(s.stays_s for s in crowd.shoppers if s.admitted_s is not None) / len(times)
    policy = crowd.home.policy
    possible = min(policy.rate_per_s, policy.capacity / stay_s) * 40

    assert sum(10 <= at < 50 for at in times) >= 0.75 * possible
