"""
Valkey is killed with -9 while two thousand wait and two hundred shop, and comes back empty on the same port.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from loadtests.measuring.fairness import over_admissions
from tests.beside import Stage, beside
from tests.cli.command import run
from tests.faults.service import ROOM, Operator, gated_shop, look_every, serving
from tests.faults.visitors import Crowd, Visitor, crowd_at
from tests.waiting import wait_until
from waiting_room.core.plan import RECOVERY_MS
from waiting_room.store.embedded import EmbeddedValkey

CAPACITY = 200
WAITING = 2000
RATE_PER_S = 100
AWAY_S = 5.0
AFTER_S = 8.0
SETTLE_S = 2.0
VIEW_AGE_S = 1.0
"""A worker shows what it last read: who came in a moment ago may not be in it yet."""
PATIENCE_S = 60
"""Some seconds are enough on a machine that does nothing else."""
LATE = 100
"""Newcomers while Valkey is away, and as many after its return."""

POLICY: dict[str, Any] = {
    "capacity": CAPACITY,
    "rate_per_minute": RATE_PER_S * 60,
    "idle_timeout_s": 30,
    "max_session_s": 120,
}


@dataclass
class Drill:
    """
    Hold what became of everybody, and when; *seen* is the operator's view, again and again, and *proof* what the
    admission log proves in the end.
    """

    crowd: Crowd
    killed_s: float = 0.0
    back_s: float = 0.0
    ended_s: float = 0.0
    numbers_before: dict[Visitor, int] = field(default_factory=dict)
    shoppers: list[Visitor] = field(default_factory=list)
    newcomers: list[Visitor] = field(default_factory=list)
    put_back: tuple[int, int] = (0, 0)
    seen: list[dict[str, Any]] = field(default_factory=list)
    proof: dict[str, Any] = field(default_factory=dict)

    @property
    def first_pass_after_s(self) -> float:
        """
        Return how long after Valkey's return the first one of those who waited got in.
        """
        times = [visitor.admitted_s for visitor in self.crowd.visitors if visitor.admitted_s is not None]
        return min((at for at in times if at > self.back_s), default=float("inf")) - self.back_s


def silent(made: Drill) -> list[Visitor]:
    """
    Return who neither shops nor has heard of the room after Valkey came back.
    """
    waiting = (visitor for visitor in made.crowd.visitors if visitor.admitted_s is None)
    return [visitor for visitor in waiting if not visitor.states or visitor.states[-1][0] <= made.back_s]


async def drill(workers: int) -> Drill:
    """
    Fill the room, kill Valkey, start it again, and see how all go on.
    """
    random = Random(workers)
    with EmbeddedValkey() as valkey, serving(valkey.url, workers=workers, **POLICY) as service:
        async with gated_shop(service) as shop_url, crowd_at(service, shop_url) as crowd:
            made = Drill(crowd)
            async with watching(crowd.operator, made.seen):
                await fill(made, random)
                await away(made, valkey)
                await back(made, valkey)
            return made


@asynccontextmanager
async def watching(operator: Operator, seen: list[dict[str, Any]]) -> AsyncIterator[None]:
    """
    Note the operator's view four times a second for the time of the block.
    """
    task = asyncio.create_task(look_every(0.25, operator, seen))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def fill(made: Drill, random: Random) -> None:
    """
    Let two hundred go in and two thousand queue behind them; some of those inside begin to leave.
    """
    crowd = made.crowd
    made.shoppers = [Visitor(stays_s=random.uniform(6, 40)) for _ in range(CAPACITY)]
    crowd.send(made.shoppers)
    await wait_until(lambda: len(crowd.inside(crowd.now_s())) >= CAPACITY - 5, PATIENCE_S, "the shop to be full")
    made.crowd.send(Visitor(stays_s=random.uniform(10, 40)) for _ in range(WAITING))
    await wait_until(
        lambda: all(visitor.numbers for visitor in crowd.visitors), PATIENCE_S, "everybody to have a place"
    )
    await crowd.go_on_until(crowd.now_s() + SETTLE_S)


async def away(made: Drill, valkey: EmbeddedValkey) -> None:
    """
    Kill Valkey; newcomers come, and pages are loaded, while it is away.
    """
    crowd = made.crowd
    made.numbers_before = {visitor: visitor.number for visitor in crowd.visitors}
    made.killed_s = crowd.now_s()
    await asyncio.to_thread(valkey.kill)
    made.newcomers = [Visitor(stays_s=5) for _ in range(LATE)]
    crowd.send(made.newcomers)
    await asyncio.gather(*(crowd.page(visitor) for visitor in crowd.visitors[-LATE:]))
    await crowd.go_on_until(made.killed_s + AWAY_S)


async def back(made: Drill, valkey: EmbeddedValkey) -> None:
    """
    Start Valkey again; wait until the room is put back, and a while longer.
    """
    crowd = made.crowd
    await asyncio.to_thread(valkey.restart)
    made.back_s = crowd.now_s()
    more = [Visitor(stays_s=5) for _ in range(LATE)]
    made.newcomers += more
    crowd.send(more)
    epoch = made.seen[0]["epoch"]
    await wait_until(
        lambda: made.seen[-1]["epoch"] > epoch and not made.seen[-1]["recovering"], PATIENCE_S, "the recovery"
    )
    made.put_back = await seats_counted(crowd)
    await crowd.go_on_until(crowd.now_s() + AFTER_S)
    await wait_until(lambda: not silent(made), PATIENCE_S, "everybody to hear of the room again")
    made.ended_s = crowd.now_s()
    named = ("--room", ROOM, "--redis-url", valkey.url, "--json")
    made.proof = (await asyncio.to_thread(run, "audit", "verify", *named)).json


async def seats_counted(crowd: Crowd) -> tuple[int, int]:
    """
    Return how many seats the room counts, and how many visitors held one all along while it was counted.
    """
    asked_s = crowd.now_s()
    view = await crowd.operator.state()
    still = set(crowd.inside(crowd.now_s()))
    return view["seats"], len(still.intersection(crowd.inside(asked_s - VIEW_AGE_S - crowd.late_s())))


WORKERS = [
    pytest.param(1, id="one-worker", marks=beside(drill, 1, takes_s=30)),
    pytest.param(2, id="two-workers", marks=beside(drill, 2, takes_s=30)),
]


@pytest.fixture(scope="module", params=WORKERS)
def lost(request: pytest.FixtureRequest, stage: Stage) -> Drill:
    """
    Play the drill once for all facts.
    """
    return stage.outcome(drill, request.param)


def test_nobody_meets_an_error(lost: Drill) -> None:
    """
    No page, poll, join, claim or visit to the shop was answered with 5xx, or not at all.
    """
    assert lost.crowd.failures() == {}


def test_everybody_keeps_their_number(lost: Drill) -> None:
    """
    Who had a place before has the same one after, and has been told no other in between.
    """
    assert len(lost.numbers_before) == WAITING + CAPACITY
    changed = {visitor.number: visitor.numbers for visitor in lost.numbers_before if len(visitor.numbers) != 1}

    assert changed == {}


def test_everybody_was_asked_after_the_return(lost: Drill) -> None:
    """
    The drill has seen all who wait or shop after Valkey came back: nobody's loss goes unnoticed.
    """
    assert silent(lost) == []


def test_no_number_is_issued_twice(lost: Drill) -> None:
    """
    Those who came during and after the outage got numbers that nobody had.
    """
    numbers = [visitor.number for visitor in lost.crowd.visitors]

    assert min(numbers) > 0
    assert len(set(numbers)) == len(numbers) == CAPACITY + WAITING + 2 * LATE


def test_holders_of_passes_shop_on(lost: Drill) -> None:
    """
    Every request to the shop with a pass was let through: before, during and after the outage.
    """
    shop = {key: count for key, count in lost.crowd.statuses().items() if key[0] == "shop"}

    assert list(shop) == [("shop", 200)]


def test_seats_are_put_back(lost: Drill) -> None:
    """
    When admissions begin again, the room counts everybody who kept a seat over the loss.
    """
    counted, inside = lost.put_back

    assert counted >= inside > 0


def test_seats_stay_within_capacity(lost: Drill) -> None:
    """
    By the store's own count, by its highest, and by the passes in use.
    """
    most = max(max(view["seats"], view["seats_peak"]) for view in lost.seen)

    assert most <= CAPACITY
    assert lost.crowd.most_inside() <= CAPACITY


def test_admissions_go_on_by_themselves(lost: Drill) -> None:
    """
    Three seconds of rest, a probe of the circuit and a poll after Valkey's return, somebody who waited comes in; the
    slack is for a machine on which each of these takes long.
    """
    assert lost.first_pass_after_s < 30


def test_the_order_of_calls_is_kept(lost: Drill) -> None:
    """
    Nobody who polled as told was told to wait after somebody behind had been called.
    """
    assert lost.crowd.overtaken() == 0


def test_the_log_goes_on_and_proves_what_came_after(lost: Drill) -> None:
    """
    It begins with the record after the one that a worker remembered, says why, and proves all admissions since.
    """
    notes = " ".join(lost.proof["notes"])
    since_ms = lost.proof["from_ms"]

    assert (lost.proof["ok"], lost.proof["flaws"]) == (True, [])
    assert lost.proof["first"] > 1
    assert "a worker remembered the head" in notes
    assert lost.proof["admitted"] <= sum(at_ms >= since_ms - RECOVERY_MS for at_ms in lost.crowd.passes_ms())


def test_positions_never_rise(lost: Drill) -> None:
    """
    What was shown only falls, over the loss of all data too.
    """
    risen = [visitor.shown for visitor in lost.crowd.visitors if visitor.shown != sorted(visitor.shown, reverse=True)]

    assert risen == []


def test_no_window_holds_more_than_the_rate_allows(lost: Drill) -> None:
    """
    Of all passes of the drill, in 1, 10 and 60 seconds never more than rate times window and one tick's burst.
    """
    passes = lost.crowd.passes_ms()

    assert len(passes) > CAPACITY
    assert over_admissions(passes, rate_per_s=RATE_PER_S) == 0
