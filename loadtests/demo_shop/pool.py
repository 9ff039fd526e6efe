"""
The shop's bottleneck: few database connections, and an unbounded line of requests in front of them.

Each connection is a thread. It takes the next request in line, runs that page's SQL, and then keeps the connection
until the page's cost is over. That sleep is the model of a database's time: it costs no processor, so the capacity
is set by the model and not by the machine. A sleep that ended late shortens the next one, so that a busy machine does
not lower the capacity unseen. SQL comes first and is committed before the sleep, so that SQLite's single
writer is never held by the model.

A request that waited longer than the time-out is answered at that very instant, without its work. A request whose
client went away keeps its place and its work is done for nobody, as in PHP-FPM and WSGI shops: that is what turns
impatience into collapse.
"""

import asyncio
import math
import random
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MOST_LATE_S = 0.05
"""A connection catches up this much at most: a machine that stood still for a second must not sell faster after it."""


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """
    The page's work was done; `value` is what it gave.
    """

    value: T


@dataclass(frozen=True, slots=True)
class TimedOut:
    """
    The request waited for a connection until the time-out; none of its work was done.
    """


@dataclass(frozen=True, slots=True)
class Closing:
    """
    There is no connection: the shop is being stopped, or its database is away. None of the request's work was done.
    """


class Stage(Enum):
    """
    Where a turn stands; it only moves forward.
    """

    WAITING = auto()
    RUNNING = auto()
    GONE = auto()


class Turn:
    """
    One request's turn at a connection: what is to be done, for how long, and whom to tell.
    """

    __slots__ = ("cost_s", "stage", "tell", "work")

    def __init__(
        self,
        work: Callable[[sqlite3.Connection], Any],
        cost_s: float,
        tell: Callable[[Done[Any] | TimedOut | Closing | Exception], None],
    ) -> None:
        self.work = work
        self.cost_s = cost_s
        self.tell = tell
        self.stage = Stage.WAITING


class Line:
    """
    Serve turns strictly first come, first served; a turn is run at most once and never after it timed out.

    Not thread-safe: the pool calls it under its lock.
    """

    def __init__(self) -> None:
        self._turns: deque[Turn] = deque()
        self.waiting = 0

    def join(self, turn: Turn) -> None:
        """
        Put the turn at the end of the line.
        """
        self._turns.append(turn)
        self.waiting += 1

    def take(self) -> Turn | None:
        """
        Start the first turn that still waits, dropping those that timed out; None when nobody waits.
        """
        while self._turns:
            turn = self._turns.popleft()
            if turn.stage is Stage.WAITING:
                turn.stage = Stage.RUNNING
                self.waiting -= 1
                return turn
        return None

    def expire(self, turn: Turn) -> bool:
        """
        Take the turn out of the line if it still waits, and say whether it did.
        """
        if turn.stage is not Stage.WAITING:
            return False
        turn.stage = Stage.GONE
        self.waiting -= 1
        return True


def jitter_factor(dice: random.Random, sigma: float) -> float:
    """
    Draw a log-normal factor with mean 1: exp(N(-sigma^2/2, sigma)); a sigma of 0 gives exactly 1.
    """
    return math.exp(dice.gauss(-sigma * sigma / 2, sigma)) if sigma else 1.0


class ConnectionPool:
    """
    Run pages' work on `size` connections; more requests wait in line, up to `time_out_s` seconds each.

    `connect` opens a connection (called once in each thread); `jitter` as in `ShopModel`; costs are drawn in order of
    arrival from `seed`. `hold` keeps the connection for some seconds and `clock` tells seconds.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        *,
        size: int,
        time_out_s: float,
        jitter: float = 0.0,
        seed: int = 1,
        hold: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._size = size
        self._slower = 1.0
        self._lost_s = 0.0
        self._time_out_s = time_out_s
        self._jitter = jitter
        self._dice = random.Random(seed)
        self._hold = hold
        self._clock = clock
        self._line = Line()
        self._wake = threading.Condition()
        self._open = False
        self._busy = 0
        self._threads: list[threading.Thread] = []

    @property
    def waiting(self) -> int:
        """
        Count the requests that stand in line.
        """
        return self._line.waiting

    @property
    def busy(self) -> int:
        """
        Count the connections that are occupied.
        """
        return self._busy

    @property
    def size(self) -> int:
        """
        Count the connections that serve.
        """
        return self._size

    @property
    def slower(self) -> float:
        """
        Return the factor on every page's cost.
        """
        return self._slower

    @property
    def lost_s(self) -> float:
        """
        Return for how long a busy machine has kept connections from their next page beyond what they catch up.
        """
        return self._lost_s

    def start(self) -> None:
        """
        Open the connections and begin to serve.
        """
        self._open = True
        self._open_connections()

    def change(self, *, size: int | None = None, slower: float | None = None) -> None:
        """
        Go on with `size` connections, and with pages that cost `slower` times as much; None leaves either as it is.

        Pages that have begun end as they began. With no connection at all, those in line and all who come are answered
        with `Closing` at once. For a pool that serves.
        """
        with self._wake:
            self._slower = self._slower if slower is None else slower
            self._size = self._size if size is None else size
            turned_away = [] if self._size else list(iter(self._line.take, None))
            self._wake.notify_all()
        for turn in turned_away:
            turn.tell(Closing())
        self._open_connections()

    def _open_connections(self) -> None:
        for number in range(len(self._threads), self._size):
            thread = threading.Thread(target=self._serve, args=(number,), name=f"shop-connection-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """
        Answer all who wait with `Closing`, let the running turns end, and close the connections.
        """
        with self._wake:
            self._open = False
            turned_away = list(iter(self._line.take, None))
            self._wake.notify_all()
        for turn in turned_away:
            turn.tell(Closing())
        for thread in self._threads:
            thread.join()

    async def run(self, cost_ms: float, work: Callable[[sqlite3.Connection], T]) -> Done[T] | TimedOut | Closing:
        """
        Wait in line, run `work` on a connection, hold it for `cost_ms` (jittered), and give the outcome.

        Cancelling the caller leaves the turn in line: the work is done for nobody.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Done[T] | TimedOut | Closing] = loop.create_future()

        def settle(outcome: Done[T] | TimedOut | Closing | Exception) -> None:
            if answer.done():
                return
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

        cost_s = cost_ms / 1000 * jitter_factor(self._dice, self._jitter)
        turn = Turn(work, cost_s, lambda outcome: _call(loop, settle, outcome))
        with self._wake:
            if not self._open or not self._size:
                return Closing()
            self._line.join(turn)
            # Where some connections rest, one of them might be woken in place of one that serves.
            self._wake.notify(1 if len(self._threads) == self._size else len(self._threads))
        timer = loop.call_later(self._time_out_s, self._give_up, turn, settle)
        try:
            return await answer
        finally:
            if answer.done() and not answer.cancelled():
                timer.cancel()

    def _give_up(self, turn: Turn, settle: Callable[[TimedOut], None]) -> None:
        with self._wake:
            expired = self._line.expire(turn)
        if expired:
            settle(TimedOut())

    def _serve(self, number: int) -> None:
        connection = self._connect()
        try:
            free_at = self._clock()
            while (taken := self._next(number)) is not None:
                turn, at_once = taken
                # In model time the connection was free when the last page's cost was over, not when its sleep ended.
                now = self._clock()
                began = max(free_at, now - MOST_LATE_S) if at_once else now
                self._lost_s += began - free_at if at_once else 0.0
                free_at = began + turn.cost_s * self._slower
                turn.tell(self._outcome(turn, connection, free_at))
        finally:
            connection.close()

    def _next(self, number: int) -> tuple[Turn, bool] | None:
        # The second value says whether somebody stood in line already when the connection asked for the next.
        at_once = True
        with self._wake:
            while (turn := self._line.take() if number < self._size else None) is None:
                if not self._open:
                    return None
                at_once = False
                self._wake.wait()
            return turn, at_once

    def _outcome(self, turn: Turn, connection: sqlite3.Connection, free_at: float) -> Done[Any] | Exception:
        outcome: Done[Any] | Exception
        with self._wake:
            self._busy += 1
        try:
            outcome = Done(turn.work(connection))
        except Exception as fault:  # noqa: BLE001  the request's handler raises it; the connection serves on
            outcome = fault
        if (rest := free_at - self._clock()) > 0:
            self._hold(rest)
        with self._wake:
            self._busy -= 1
        return outcome


def _call(loop: asyncio.AbstractEventLoop, settle: Callable[[Any], None], outcome: object) -> None:
    # A loop that has ended has nobody left to tell.
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle, outcome)
