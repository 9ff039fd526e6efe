"""
The hands of a time line on the programs of this machine.
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from loadtests.demo_shop import database
from loadtests.rehearsal.asking import RefusedError
from loadtests.rehearsal.processes import Child
from loadtests.rehearsal.stack import Stack

WORKERS: Final = 2
"""Where one is killed another goes on serving."""
_WORKER: Final = "waiting_room.supervisor.worker"


@dataclass(slots=True)
class OwnHands:
    """
    Change the demo shop, the room and its store.

    Args:
        stack: the programs.
        store, room: the store's and the service's processes.
        workers: how many the service has.
        policy: the room's settings as they were.
        connections: the shop's connections to its database as the model has them.
        books: the shop's database.
    """

    stack: Stack
    store: Child
    room: Child
    workers: int
    policy: Mapping[str, Any]
    connections: int
    books: Path
    _killed: set[int] = field(default_factory=set)

    def kill_store(self) -> None:
        """
        End Valkey with SIGKILL.
        """
        self.stack.kill_store(self.store)

    def start_store(self) -> None:
        """
        Start Valkey on the same port, with its append-only file.
        """
        self.store = self.stack.start_store(durable=True, again=True)

    def kill_worker(self) -> None:
        """
        End one of the service's workers with SIGKILL.
        """
        running = self._running()
        if not running:
            raise RefusedError("the service has no worker to be killed")
        self._kill(running[0])

    def keep_worker_away(self) -> None:
        """
        End the newest worker where the service has started one for the killed.
        """
        running = self._running()
        if len(running) >= self.workers:
            self._kill(running[-1])

    def workers_complete(self) -> bool:
        """
        Tell whether as many workers run as before, none of them the killed.
        """
        return len(self._running()) >= self.workers

    def slow_shop(self, factor: float) -> None:
        """
        Make every page so many times as slow.
        """
        self.stack.change_shop(slower=factor)

    def shrink_shop(self, share: float) -> None:
        """
        Leave this share of the connections; one at least, unless the share is 0.
        """
        left = round(self.connections * share)
        self.stack.change_shop(db_connections=max(left, 1) if share > 0 else 0)

    def sell_out(self) -> None:
        """
        Empty the shelves, and close the room as sold out.
        """
        database.sell_out(self.books)
        self.stack.operate("POST", "sold-out")

    def pause_room(self, for_s: float) -> None:
        """
        Begin a break that the room ends by itself.
        """
        self.stack.operate("POST", "pause", {"for_s": for_s})

    def set_room(self, setting: str, value: float) -> float:
        """
        Change a setting, and return what it was.
        """
        facts = self.stack.admin_facts()
        was = float((facts or {}).get("policy", self.policy)[setting])
        self.stack.operate("PATCH", wish={setting: round(value)})
        return was

    def open_room(self) -> None:
        """
        Open the room; after a pre-queue that holds the draw.
        """
        self.stack.operate("POST", "open")

    def _running(self) -> list[int]:
        return [pid for pid in workers_of(self.room.popen.pid) if pid not in self._killed]

    def _kill(self, worker: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        self._killed.add(worker)


def workers_of(parent: int) -> list[int]:
    """
    Return the process ids of a service's workers, the oldest first, by the operating system's list of processes.
    """
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    rows = (line.split(maxsplit=2) for line in listed.stdout.splitlines() if _WORKER in line)
    return sorted(int(pid) for pid, of, _ in rows if int(of) == parent)
