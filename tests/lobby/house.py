"""
Workers in front of one store in memory, all on one clock that is moved: what the use cases are tried with.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from tests.lobby.clock import trip
from waiting_room.controller import Controller
from waiting_room.core.outcomes import Outcome
from waiting_room.core.pacing import TICK_MS
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import Snapshot
from waiting_room.errors import StoreEmptyError, StoreUnavailableError
from waiting_room.lobby import Lobby
from waiting_room.ports import Store
from waiting_room.rooms import Room
from waiting_room.store.memory import MemoryStore
from waiting_room.tokens import Ticket, Visitor

ROOM = "toys"
START_MS = 1_800_000_000_000
POLICY = Policy(capacity=50, rate_per_minute=600, idle_timeout_s=300, max_session_s=600, claim_window_s=20)


class Line:
    """
    Stand between a worker and the store: while *cut*, every verb fails as a store does that is not there.
    """

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.cut = False
        self.calls: list[str] = []

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **named: Any) -> Any:
            self.calls.append(verb)
            if self.cut:
                raise StoreUnavailableError("timeout", f"{verb} was cut off")
            return await getattr(self._store, verb)(*args, **named)

        return call


@dataclass
class Worker:
    """
    Hold one worker's lobby, its controller and its line to the store.
    """

    lobby: Lobby
    controller: Controller
    line: Line
    opened: bool = False

    async def open(self) -> None:
        """Open the rooms; where one may be lost, try again at the next step."""
        with suppress(StoreEmptyError):
            await self.controller.open_rooms()
            self.opened = True

    @property
    def room(self) -> Room:
        """Return what this worker holds of the room."""
        return self.lobby.room(ROOM)

    async def join(self, name: str, ticket: Ticket | None = None) -> tuple[Outcome, Ticket | None]:
        """Let a visitor join here."""
        return await self.lobby.join(ROOM, Visitor(name), ticket)


@dataclass
class House:
    """
    Hold the store and the workers, and move their clock. Make it inside a running loop.
    """

    policy: Policy = POLICY
    size: int = 1
    store: MemoryStore = field(default_factory=lambda: MemoryStore(START_MS))
    workers: list[Worker] = field(default_factory=list)

    async def open(self) -> Worker:
        """Start the workers; return the first."""
        for number in range(self.size):
            await self.add(f"worker {number}")
        return self.workers[0]

    async def add(self, owner: str) -> Worker:
        """Start one more worker."""
        line = Line(self.store)
        lobby = Lobby(cast("Store", line), self.clock_ms)
        worker = Worker(lobby, Controller(lobby, owner, {ROOM: self.policy}), line)
        self.workers.append(worker)
        self.clock_ms()
        await worker.open()
        return worker

    def clock_ms(self) -> int:
        """Return the time of all clocks, and move the store's to it."""
        self.store.now_ms = START_MS + round(asyncio.get_running_loop().time() * 1000)
        return self.store.now_ms

    async def live(self, seconds: float) -> None:
        """Let *seconds* pass, with the steps of all controllers."""
        for _ in range(round(seconds * 1000 / TICK_MS)):
            await trip(TICK_MS / 1000)
            await self.step()

    async def step(self) -> None:
        """Let each controller take its step at this moment."""
        self.clock_ms()
        for worker in self.workers:
            await (worker.controller.step() if worker.opened else worker.open())

    async def see(self) -> Snapshot:
        """Return the room as the store has it."""
        self.clock_ms()
        return await self.store.snapshot(ROOM)

    async def fill(self, names: list[str], worker: int = 0) -> list[Ticket]:
        """Let visitors join while nobody goes straight in; return their tickets."""
        await self.store.set_phase(ROOM, Phase.PAUSED)
        joined = [await self.workers[worker].join(name) for name in names]
        await self.store.set_phase(ROOM, Phase.OPEN)
        for one in self.workers:
            await one.lobby.refresh(ROOM)
        tickets = [ticket for _, ticket in joined if ticket is not None]
        assert len(tickets) == len(names)
        return tickets


async def house(policy: Policy = POLICY, size: int = 1, **changes: Any) -> House:
    """
    Return a house that is open.
    """
    made = House(replace(policy, **changes), size)
    await made.open()
    return made


def names(count: int, first: int = 1) -> list[str]:
    """
    Return the names of *count* visitors.
    """
    return [f"v{number}" for number in range(first, first + count)]


async def called(home: House, tickets: list[Ticket]) -> None:
    """
    Let time pass until all *tickets* are called, and every worker knows.
    """
    while (await home.see()).standard.frontier <= tickets[-1].number:
        await home.live(0.25)
    for worker in home.workers:
        await worker.lobby.refresh(ROOM)
