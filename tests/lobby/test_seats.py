"""
How well seats are used where they are the limit, with a crowd of which some stay away and some leave while they wait.

On a clock that is moved, with the real use cases: a visitor polls, claims and shops as told.
"""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from tests.lobby.clock import run, trip
from tests.lobby.house import ROOM, House, house
from waiting_room.core.outcomes import Admitted, Called

SECONDS = 150
MEASURED_FROM_S = 45
NO_SHOW = 0.2
LEAVE_PER_S = 0.1 / 60
LAG_S = 0.04


@dataclass
class Day:
    """
    Hold the room's life: seats in use at each tick, and how long those who came stood at the door.
    """

    home: House
    random: Random
    stay_s: float
    used: list[int] = field(default_factory=list)
    at_door_s: list[float] = field(default_factory=list)

    async def go(self, name: str) -> None:
        """Join, poll as told, claim when called, shop; leave or stay away by chance."""
        await trip(self.random.uniform(0, 20))
        now, random, lobby = asyncio.get_running_loop().time, self.random, self.home.workers[0].lobby
        self.home.clock_ms()
        outcome, ticket = await self.home.workers[0].join(name)
        assert ticket is not None
        leaves_s, came_s = now() + random.expovariate(LEAVE_PER_S), 0.0
        while not isinstance(outcome, Admitted):
            called = isinstance(outcome, Called)
            if not came_s and (now() > leaves_s or (called and random.random() < NO_SHOW)):
                return
            if not called or came_s:
                await trip(getattr(outcome, "next_poll_ms", 0) / 1000)
            await trip(random.uniform(0, 2 * LAG_S))
            came_s = came_s or (now() if called else 0.0)
            self.home.clock_ms()
            outcome = await lobby.claim(ROOM, ticket) if called else lobby.status(ROOM, ticket)
        self.at_door_s.append(now() - came_s)
        await trip(random.expovariate(1 / self.stay_s))
        self.home.clock_ms()
        await lobby.report(ROOM, {}, [outcome.seat])

    async def watch(self) -> None:
        """Step the controller, and count the seats in use just before."""
        while True:
            await trip(0.25)
            self.used.append((await self.home.see()).seats)
            await self.home.step()


async def day(capacity: int, stay_s: float, **policy: Any) -> Day:
    """
    Return a day with three times as many visitors as seats that come free.
    """
    turnover = capacity / stay_s
    rate = int(60 * max(2 * turnover, capacity / 20))
    home = await house(capacity=capacity, rate_per_minute=rate, idle_timeout_s=600, max_session_s=3600, **policy)
    made = Day(home, Random(capacity), stay_s)
    tasks = [asyncio.create_task(made.go(f"v{number}")) for number in range(int(2 * capacity + 2 * turnover * SECONDS))]
    tasks.append(asyncio.create_task(made.watch()))
    await trip(SECONDS)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return made


@pytest.fixture(
    scope="module", params=[(50, 30.0), (50, 300.0), (200, 60.0)], ids=lambda p: f"{p[0]} seats, {p[1]:g} s"
)
def lived(request: pytest.FixtureRequest) -> Day:
    """
    Offer a day in rooms of different size, with sessions of different length.
    """
    return run(day(*request.param))


def test_hardly_a_seat_is_empty_while_people_wait(lived: Day) -> None:
    """
    99 of 100 seats are in use on average, with a fifth of no-shows and a tenth leaving per minute.

    To call when a seat is free, and wait until somebody comes, used 85 % with sessions of nine seconds.
    """
    used = lived.used[MEASURED_FROM_S * 4 :]

    assert sum(used) / len(used) / lived.home.policy.capacity >= 0.99


def test_no_seat_is_given_twice(lived: Day) -> None:
    """The door has the last word, however many were called."""
    assert max(lived.used) <= lived.home.policy.capacity


def test_those_who_are_called_ahead_do_not_stand_long(lived: Day) -> None:
    """Half of them are in within three seconds, or the time in which three seats come free."""
    times = sorted(lived.at_door_s[len(lived.at_door_s) // 4 :])
    patience_s = max(3.0, 3 * lived.stay_s / lived.home.policy.capacity)

    assert times[len(times) // 2] <= patience_s
