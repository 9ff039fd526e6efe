"""
Visitors who do as they are told over real HTTP, and write down what they are told.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from typing import Any, Final

import aiohttp

from loadtests.measuring.fairness import SNAPSHOT_SLACK_S, Place, order_inversions
from tests.faults.service import Operator, Service
from waiting_room import wire
from waiting_room.core.pacing import TICK_MS
from waiting_room.store.circuit import PROBE_MS
from waiting_room.store.connection import COMMAND_TIME_OUT_S

CONNECTIONS: Final = 256
PULSE_S: Final = 0.02
TIME_OUT: Final = aiohttp.ClientTimeout(total=30)
"""Of the drill, which shares two cores with the service: with eight times as much to do as they can, 15 s was short."""
TOKENS: Final = {"visitor": wire.VISITOR_HEADER, "ticket": wire.TICKET_HEADER, "pass": wire.PASS_HEADER}
MISSED_S: Final = COMMAND_TIME_OUT_S + PROBE_MS / 1000
"""So much longer a worker shows what it last read where the store has missed one of its looks."""
LOST: Final = 0
"""What stands for the status of a request that got no answer at all."""


@dataclass(eq=False)
class Visitor:
    """
    Hold one visitor's tokens, and what they were told.

    *stays_s*: how long they shop, from first page to order; *looks_s*: the time between two of their pages.
    """

    stays_s: float = 0.0
    looks_s: float = 2.0
    headers: dict[str, str] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)
    shown: list[int] = field(default_factory=list)
    states: list[tuple[float, str]] = field(default_factory=list)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    called_s: float | None = None
    last_waiting_s: float | None = None
    pass_issued_ms: int | None = None
    admitted_s: float | None = None
    left_s: float | None = None

    @property
    def number(self) -> int:
        """
        Return the number of the place, 0 before there is one.
        """
        return min(self.numbers, default=0)

    @property
    def place(self) -> Place:
        """
        Return what the fairness of the room is judged by.
        """
        changed = len(self.numbers) > 1
        return Place("standard", self.number, self.called_s, self.last_waiting_s, number_changed=changed)

    @property
    def failed(self) -> int:
        """
        Return how many requests failed: answered with 5xx, or not at all.
        """
        return sum(count for (_, status), count in self.statuses.items() if status == LOST or status >= 500)


class Crowd:
    """
    Run visitors against a service and, where there is one, the shop behind it.
    """

    def __init__(self, service: Service, session: aiohttp.ClientSession, shop_url: str = "") -> None:
        self.operator = Operator(service, session)
        self._url = service.room_url
        self._session = session
        self._shop_url = shop_url
        self.visitors: list[Visitor] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.pulse: list[tuple[float, float]] = []

    def __getstate__(self) -> dict[str, Any]:
        # All that outlives a drill: connections and tasks have ended with it.
        return {"visitors": self.visitors, "pulse": self.pulse}

    async def feel_pulse(self) -> None:
        """
        Note again and again when a sleep was over, and how long after its time.
        """
        while True:
            due_s = self.now_s() + PULSE_S
            await asyncio.sleep(due_s - self.now_s())
            self.pulse.append((due_s, self.now_s() - due_s))

    def late_s(self, since_s: float = -inf, until_s: float = inf) -> float:
        """
        Return how late a sleep between two instants ended at most: what the machine delays, and not the room.
        """
        return max((late_s for due_s, late_s in self.pulse if since_s <= due_s <= until_s), default=0.0)

    def lost_s(self, since_s: float, until_s: float) -> float:
        """
        Return the time that the machine took away between two instants: of all sleeps that ended late, but for those
        too short to lose an admission, which is saved up for a tick.
        """
        lates = (late_s for due_s, late_s in self.pulse if since_s <= due_s <= until_s)
        return sum(late_s for late_s in lates if late_s > TICK_MS / 2000)

    def overtaken(self) -> int:
        """
        Return how many who polled as told were told to wait after somebody behind them had been called.

        A worker shows what it last read, a second ago at most: where the store missed a look, as after a loss or on a
        busy machine, a time-out and a probe earlier, twice where it missed the next as well, and on a machine that is
        late by so much more.
        """
        slack_s = SNAPSHOT_SLACK_S + 2 * MISSED_S + self.late_s()
        return order_inversions((visitor.place for visitor in self.visitors), slack_s)

    def send(self, visitors: Iterable[Visitor]) -> None:
        """
        Let *visitors* come, all at once.
        """
        for visitor in visitors:
            self.visitors.append(visitor)
            self.tasks.append(asyncio.create_task(self.live(visitor)))

    async def go_home(self) -> None:
        """
        End all visitors where they stand; one that has met what it cannot understand fails the drill.
        """
        for task in self.tasks:
            task.cancel()
        for ended in await asyncio.gather(*self.tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def live(self, visitor: Visitor) -> None:
        """
        Join, poll as told, claim when called, shop, and give the seat back; who bears a ticket need not join.
        """
        verb = "status" if visitor.numbers else "join"
        while (answer := await self.call(visitor, verb))["state"] != "admitted":
            called = answer["state"] == "called"
            if not called or verb == "claim":
                await asyncio.sleep(answer["next_poll_s"])
            verb = "claim" if called else "status" if visitor.numbers else "join"
        await self.shop(visitor)

    async def call(self, visitor: Visitor, verb: str) -> dict[str, Any]:
        """
        Make one call to the room, and write down what came; a call that failed is tried again in a second.
        """
        asked_s = self.now_s()
        method = "GET" if verb == "status" else "POST"
        seen = f"?seen={visitor.shown[-1]}" if verb == "status" and visitor.shown else ""
        status, answer = await self._ask(visitor, verb, method, f"{self._url}/{verb}{seen}")
        if status == LOST or status >= 500:
            return {"state": "lost", "next_poll_s": 1.0}
        assert status == 200, f"{verb} was answered {status}: {answer}"
        self._note(visitor, answer, asked_s)
        return answer

    def now_s(self) -> float:
        """
        Return the time of the drill's clock, which is never set.
        """
        return asyncio.get_running_loop().time()

    async def go_on_until(self, at_s: float) -> None:
        """
        Let everybody go on until an instant of the drill's clock; one whose task broke ends the drill at once.
        """
        seconds = max(0.0, at_s - self.now_s())
        done, _ = await asyncio.wait(self.tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
        await asyncio.sleep(max(0.0, at_s - self.now_s()))

    def _note(self, visitor: Visitor, answer: dict[str, Any], asked_s: float) -> None:
        state = answer["state"]
        visitor.states.append((self.now_s(), state))
        if answer["number"]:
            visitor.numbers.add(answer["number"])
        for name, header in TOKENS.items():
            if answer[name]:
                visitor.headers[header] = answer[name]
        if state == "waiting":
            visitor.last_waiting_s = asked_s
            visitor.shown.append(answer["position"])
        elif state in {"called", "admitted"} and visitor.called_s is None:
            visitor.called_s = self.now_s()
        if state == "admitted":
            visitor.admitted_s = self.now_s()
            visitor.pass_issued_ms = wire.peek(answer["pass"])["i"]

    async def shop(self, visitor: Visitor) -> None:
        """
        Look at pages for the time that the visitor stays, then order.
        """
        ends_s = self.now_s() + visitor.stays_s
        if self._shop_url:
            while self.now_s() < ends_s:
                await self._ask(visitor, "shop", "GET", f"{self._shop_url}/checkout")
                await asyncio.sleep(max(0.0, min(visitor.looks_s, ends_s - self.now_s())))
            visitor.left_s = self.now_s()
            await self._ask(visitor, "shop", "POST", f"{self._shop_url}/pay")
        else:
            await asyncio.sleep(visitor.stays_s)
            visitor.left_s = self.now_s()
            await self._ask(visitor, "leave", "POST", f"{self._url}/leave")

    async def page(self, visitor: Visitor) -> None:
        """
        Load the waiting page, as a browser without scripts does.
        """
        await self._ask(visitor, "page", "GET", self._url)

    async def _ask(self, visitor: Visitor, what: str, method: str, url: str) -> tuple[int, dict[str, Any]]:
        status, answer = LOST, dict[str, Any]()
        headers = {"Accept": "application/json"} | visitor.headers
        try:
            async with self._session.request(method, url, headers=headers, allow_redirects=False) as response:
                text = await response.read()
                status = response.status
                if response.content_type.endswith("json"):
                    answer = json.loads(text)
        except (aiohttp.ClientError, TimeoutError):
            status = LOST
        visitor.statuses[what, status] += 1
        return status, answer

    def statuses(self) -> Counter[tuple[str, int]]:
        """
        Return how many requests of each kind got which status.
        """
        return sum((visitor.statuses for visitor in self.visitors), Counter[tuple[str, int]]())

    def failures(self) -> dict[tuple[str, int], int]:
        """
        Return the requests that were answered with 5xx, or not at all.
        """
        return {key: count for key, count in self.statuses().items() if key[1] == LOST or key[1] >= 500}

    def passes_ms(self) -> list[int]:
        """
        Return when each pass was issued, by the store's clock.
        """
        return sorted(visitor.pass_issued_ms for visitor in self.visitors if visitor.pass_issued_ms is not None)

    def inside(self, at_s: float) -> list[Visitor]:
        """
        Return who surely held a seat at an instant: had a pass, and had not yet begun to give it back.
        """
        return [
            visitor
            for visitor in self.visitors
            if visitor.admitted_s is not None
            and visitor.admitted_s <= at_s
            and (visitor.left_s is None or visitor.left_s > at_s)
        ]

    def most_inside(self) -> int:
        """
        Return how many surely held a seat at once, at the most.
        """
        steps = [(visitor.admitted_s, 1) for visitor in self.visitors if visitor.admitted_s is not None]
        steps += [(visitor.left_s, -1) for visitor in self.visitors if visitor.left_s is not None]
        return max(accumulate(step for _, step in sorted(steps)), default=0)

    def seat_seconds(self, since_s: float, until_s: float) -> float:
        """
        Return for how long seats were held between two instants, all seats together.
        """
        held = (
            min(until_s, visitor.left_s or until_s) - max(since_s, visitor.admitted_s)
            for visitor in self.visitors
            if visitor.admitted_s is not None
        )
        return sum(max(0.0, seconds) for seconds in held)


@asynccontextmanager
async def crowd_at(service: Service, shop_url: str = "") -> AsyncIterator[Crowd]:
    """
    Open a crowd's connections, and send everybody home in the end.
    """
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    options: dict[str, Any] = {"cookie_jar": aiohttp.DummyCookieJar(), "timeout": TIME_OUT}
    async with aiohttp.ClientSession(connector=connector, **options) as session:
        crowd = Crowd(service, session, shop_url)
        pulse = asyncio.create_task(crowd.feel_pulse())
        try:
            yield crowd
        finally:
            pulse.cancel()
            await crowd.go_home()
