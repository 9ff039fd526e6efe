"""
The pool of connections: first come first served, time-outs on the spot, and work for nobody.

Nothing here sleeps: the tests' pools hold a connection until the test lets it go, or not at all.
"""

import asyncio
import math
import random
import sqlite3
import statistics
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.demo_shop.pool import (
    MOST_LATE_S,
    Closing,
    ConnectionPool,
    Done,
    Line,
    Stage,
    TimedOut,
    Turn,
    jitter_factor,
)


def turn() -> Turn:
    """
    Make a turn that does nothing and tells nobody.
    """
    return Turn(lambda _connection: None, 0.0, lambda _outcome: None)


class Brake:
    """
    Stand in for the sleep: remember what was to be held, and hold for as long as the test wants.
    """

    def __init__(self) -> None:
        self.held: list[float] = []
        self.reached = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, seconds: float) -> None:
        """
        Hold the connection until the test says `go`.
        """
        self.held.append(seconds)
        self.reached.release()
        assert self.go.acquire(timeout=20)


@contextmanager
def pool_of(
    size: int = 1, time_out_s: float = 60.0, hold: Callable[[float], None] | None = None, now: float = 0.0
) -> Iterator[ConnectionPool]:
    """
    Run a pool whose clock stands still.
    """
    pool = ConnectionPool(
        lambda: sqlite3.connect(":memory:"),
        size=size,
        time_out_s=time_out_s,
        hold=hold or (lambda _seconds: None),
        clock=lambda: now,
    )
    pool.start()
    try:
        yield pool
    finally:
        pool.stop()


@given(st.lists(st.sampled_from(["join", "take", "expire"]), max_size=60), st.randoms(use_true_random=False))
def test_the_line_is_fair_and_counts_right(steps: list[str], dice: random.Random) -> None:
    """
    Whatever joins, starts and times out: turns start in order of arrival, never after timing out, and the count fits.
    """
    line, waiting, started = Line(), [], []
    for step in steps:
        if step == "join":
            waiting.append(turn())
            line.join(waiting[-1])
        elif step == "take":
            expected = waiting.pop(0) if waiting else None
            assert line.take() is expected
            started += [expected] if expected else []
        elif waiting:
            gone = waiting.pop(dice.randrange(len(waiting)))
            assert line.expire(gone)
            assert gone.stage is Stage.GONE
        assert line.waiting == len(waiting)
    assert not any(line.expire(each) for each in started)


def test_a_running_turn_cannot_time_out() -> None:
    """
    The time-out ends waiting, never work that has begun.
    """
    line, first = Line(), turn()
    line.join(first)
    line.take()

    assert not line.expire(first)
    assert first.stage is Stage.RUNNING


@pytest.mark.parametrize("sigma", [0.1, 0.25, 0.6])
def test_jitter_leaves_the_mean_cost_alone(sigma: float) -> None:
    """
    The factor's mean is 1, so that jitter does not move the capacity.
    """
    dice = random.Random(3)
    factors = [jitter_factor(dice, sigma) for _ in range(40_000)]

    assert statistics.fmean(factors) == pytest.approx(1.0, abs=4 * sigma / 200)
    assert statistics.stdev(map(math.log, factors)) == pytest.approx(sigma, rel=0.03)


def test_without_jitter_costs_are_exact() -> None:
    """
    A sigma of zero gives exactly the cost.
    """
    assert jitter_factor(random.Random(1), 0) == 1.0


async def test_work_runs_on_a_connection_of_the_pool() -> None:
    """
    The page's SQL runs on a real connection and its value comes back.
    """
    with pool_of() as pool:
        assert await pool.run(0, lambda connection: connection.execute("SELECT 6 * 7").fetchone()[0]) == Done(42)


async def test_a_connection_is_held_for_the_page_s_cost() -> None:
    """
    The connection is kept for the cost, in seconds.
    """
    held: list[float] = []
    with pool_of(hold=held.append) as pool:
        await pool.run(120, lambda _connection: None)

    assert held == [0.12]


async def test_a_fault_in_the_page_reaches_its_request_alone() -> None:
    """
    A failing page raises for whoever asked; the connection serves the next one.
    """
    with pool_of() as pool:
        with pytest.raises(sqlite3.OperationalError):
            await pool.run(1, lambda connection: connection.execute("SELECT * FROM nowhere"))

        assert await pool.run(1, lambda _connection: "fine") == Done("fine")


async def test_more_requests_than_connections_stand_in_line() -> None:
    """
    With both connections held, a third request waits; it is served when one is free.
    """
    brake = Brake()
    with pool_of(size=2, hold=brake) as pool:
        asked = [asyncio.create_task(pool.run(10, lambda _connection: None)) for _ in range(3)]
        await asyncio.to_thread(brake.reached.acquire)
        await asyncio.to_thread(brake.reached.acquire)
        assert (pool.busy, pool.waiting) == (2, 1)

        brake.go.release(3)
        assert await asyncio.gather(*asked) == [Done(None)] * 3
        assert (pool.busy, pool.waiting) == (0, 0)


async def test_a_request_times_out_in_line_without_its_work() -> None:
    """
    Whoever waits for too long is told while the connection is still held, and nothing is done for them later.
    """
    brake, worked = Brake(), []
    with pool_of(hold=brake) as pool:
        first = asyncio.create_task(pool.run(10, lambda _connection: worked.append("first")))
        await asyncio.to_thread(brake.reached.acquire)
        # Not before the first has the connection: it would time out itself on a machine that stands still.
        pool._time_out_s = 0.01

        assert await pool.run(10, lambda _connection: worked.append("second")) == TimedOut()
        assert pool.waiting == 0

        brake.go.release(2)
        assert await first == Done(None)
        assert worked == ["first"]


async def test_work_for_a_client_that_went_away_is_done_all_the_same() -> None:
    """
    Cancelling the request leaves its turn in line, and its work is done for nobody.
    """
    brake, worked = Brake(), threading.Event()
    with pool_of(hold=brake) as pool:
        first = asyncio.create_task(pool.run(10, lambda _connection: None))
        await asyncio.to_thread(brake.reached.acquire)
        second = asyncio.create_task(pool.run(10, lambda _connection: worked.set()))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.wait([second])
        assert pool.waiting == 1

        brake.go.release(2)
        await first
        assert await asyncio.to_thread(worked.wait, 20)


async def test_stopping_answers_those_in_line() -> None:
    """
    A stop finishes what runs, and turns away who waits or comes later.
    """
    brake = Brake()
    with pool_of(hold=brake) as pool:
        first = asyncio.create_task(pool.run(10, lambda _connection: "done"))
        await asyncio.to_thread(brake.reached.acquire)
        second = asyncio.create_task(pool.run(10, lambda _connection: "never"))
        await asyncio.sleep(0)
        stopping = asyncio.create_task(asyncio.to_thread(pool.stop))

        assert await second == Closing()
        brake.go.release()
        await stopping
        assert await first == Done("done")
        assert await pool.run(10, lambda _connection: None) == Closing()


def schedule(lateness: list[float]) -> list[float]:
    """
    Run ten 100 ms pages that wait in line, each sleep ending late as told, and give how long each was held.
    """
    now, held = [0.0], []

    def hold(seconds: float) -> None:
        held.append(seconds)
        now[0] += seconds + lateness[len(held) - 1]

    pool = ConnectionPool(lambda: sqlite3.connect(":memory:"), size=1, time_out_s=60, hold=hold, clock=lambda: now[0])

    async def ten() -> None:
        started = threading.Event()
        first = asyncio.create_task(pool.run(0, lambda _connection: started.wait(20)))
        pool.start()
        rest = [asyncio.create_task(pool.run(100, lambda _connection: None)) for _ in lateness]
        await asyncio.sleep(0)
        started.set()
        await asyncio.gather(first, *rest)
        await asyncio.to_thread(pool.stop)

    asyncio.run(ten())
    return held


def test_a_late_sleep_shortens_the_next() -> None:
    """
    Sleeps that end late do not add up: ten pages of 100 ms take a second and one lateness, not ten.
    """
    assert sum(schedule([0.02] * 10)) + 10 * 0.02 == pytest.approx(1.02)


def test_a_standstill_is_not_caught_up_with() -> None:
    """
    After a second's standstill the next page is shortened by a little, so that no burst follows.
    """
    assert schedule([1.0, 0.0, 0.0]) == pytest.approx([0.1, 0.1 - MOST_LATE_S, 0.1])


async def test_a_pool_of_fewer_connections_serves_as_many_at_once() -> None:
    """
    Those that rest take nothing, and serve again when they are wanted.
    """
    brake = Brake()
    with pool_of(size=2, hold=brake) as pool:
        pool.change(size=1)
        asked = [asyncio.create_task(pool.run(10, lambda _connection: None)) for _ in range(3)]
        await asyncio.to_thread(brake.reached.acquire)
        assert (pool.busy, pool.waiting) == (1, 2)

        pool.change(size=3)
        await asyncio.to_thread(brake.reached.acquire)
        await asyncio.to_thread(brake.reached.acquire)
        assert (pool.busy, pool.waiting) == (3, 0)

        brake.go.release(3)
        assert await asyncio.gather(*asked) == [Done(None)] * 3


async def test_a_resting_connection_is_not_woken_in_place_of_one_that_serves() -> None:
    """
    Page after page is served by the one connection that is left of eight.
    """
    with pool_of(size=8) as pool:
        pool.change(size=1)

        for number in range(50):
            answer = pool.run(1, lambda _connection, number=number: number)  # type: ignore[misc]
            assert await asyncio.wait_for(answer, 20) == Done(number)


async def test_pages_get_slower() -> None:
    """
    By the factor, from the next page on.
    """
    held: list[float] = []
    with pool_of(hold=held.append) as pool:
        pool.change(slower=2.5)
        await pool.run(100, lambda _connection: None)

    assert held == [0.25]


async def test_a_pool_without_connections_turns_everybody_away() -> None:
    """
    Those in line and those who come; the page that has begun ends.
    """
    brake = Brake()
    with pool_of(hold=brake) as pool:
        first = asyncio.create_task(pool.run(10, lambda _connection: "done"))
        await asyncio.to_thread(brake.reached.acquire)
        second = asyncio.create_task(pool.run(10, lambda _connection: "never"))
        await asyncio.sleep(0)
        pool.change(size=0)

        assert await second == Closing()
        assert await pool.run(10, lambda _connection: "never") == Closing()
        brake.go.release()
        assert await first == Done("done")
