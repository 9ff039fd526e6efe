"""
One worker of the service: the real lobby and controller, on a clock of its own.
"""

from contextlib import suppress
from random import Random
from typing import Any, Final, cast

from waiting_room.controller import Controller
from waiting_room.core.pacing import TICK_MS
from waiting_room.core.policy import Policy
from waiting_room.entrance import Entrance
from waiting_room.errors import StoreEmptyError
from waiting_room.lobby import Lobby
from waiting_room.ports import Store
from waiting_room.rooms import Room
from waiting_room.simulation.drive import Desk, Slot, run
from waiting_room.simulation.server import Line, Server

ROOM: Final = "simulation"


class Worker:
    """
    Hold the lobby, the controller and the line to the store of worker *name*, whose clock is off by *skew_ms*.
    """

    def __init__(
        self, name: str, server: Server, policy: Policy, skew_ms: int, timeouts: float, random: Random
    ) -> None:
        self.name = name
        self.skew_ms = skew_ms
        self.line = Line(server, timeouts, random)
        self.alive = True
        self.opened = False
        self.step_at_ms = server.now_ms
        self._late_ms = 0
        self._server = server
        self._desks: list[Desk[Any, Any]] = []
        self.lobby = Lobby(
            cast("Store", self.line), self.clock_ms, self._desk, lambda: f"{random.getrandbits(256):064x}"
        )
        self.entrance = Entrance(self.lobby, self._desk)
        self._controller = Controller(self.lobby, name, {ROOM: policy})

    def clock_ms(self) -> int:
        """
        Return this worker's idea of the time.
        """
        return self._server.now_ms + self.skew_ms

    def _desk(self, *arguments: Any, **options: Any) -> Desk[Any, Any]:
        desk: Desk[Any, Any] = Desk(*arguments, **options)
        desk.clock_ms = self.clock_ms
        self._desks.append(desk)
        return desk

    def open(self) -> None:
        """
        Create the room where there is none, and see it; where it may be lost, try again at the next step.
        """
        with suppress(StoreEmptyError):
            run(self._controller.open_rooms())
            self.opened = self.line.opened = True

    @property
    def serves(self) -> bool:
        """
        Return whether requests are sent to this worker.
        """
        return self.alive and self.opened

    @property
    def room(self) -> Room | None:
        """
        Return what this worker holds of the room.
        """
        return self.lobby.known.get(ROOM)

    def step(self, now_ms: int, late_ms: int = 0) -> None:
        """
        Let the controller take its step where one is due; the next one comes *late_ms* late.
        """
        if now_ms >= self.step_at_ms + self._late_ms:
            self.step_at_ms += TICK_MS
            self._late_ms = late_ms
            if self.opened:
                run(self._controller.step())
            else:
                self.open()

    def round(self) -> None:
        """
        Let the round trips take place that are due.
        """
        for desk in self._desks:
            if desk.slots:
                desk.round()

    def die(self) -> list[Slot[Any, Any]]:
        """
        End as by kill -9; return the requests that get no answer.
        """
        self.alive = False
        return [slot for desk in self._desks for slot in desk.drop()]
