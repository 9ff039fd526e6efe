"""
What goes wrong during a run, and what the operator does meanwhile, at moments drawn from the seed.

A store that loses what it held is put back from the workers' memory, so a loss waits until a worker remembers the room,
and no worker falls after it that is the last to do so: what nobody remembers, nobody can put back. Workers may start
while the room is lost, and it may be lost again before it is put back: after half of all losses within a second.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import Final

from waiting_room.core.plan import RECOVERY_MS
from waiting_room.core.presence import CHUNK_RANKS
from waiting_room.simulation.promises import Promises
from waiting_room.simulation.scenario import Faults
from waiting_room.simulation.server import Server
from waiting_room.simulation.visitors import RETRY_MS, Visitors
from waiting_room.simulation.worker import Worker

RESTART_MS: Final = 3000
"""How long a worker that was killed is away."""
SOON_MS: Final = 1000
"""Within so much of a loss the next one comes, and a worker starts, with even chances each."""
MOST_CUT_MS: Final = 15_000
FRESH_MS: Final = 2000
"""A worker whose view is older does not count as one that remembers."""
_SETTLED_MS: Final = RECOVERY_MS + 1000

Act = Callable[[], None]


class Troubles:
    """
    Do to *workers* and *server* what *faults* say, while *length_s* of arrivals last and a little longer; *hire* makes
    the worker that takes a killed one's place.
    """

    def __init__(
        self,
        faults: Faults,
        seed: int,
        length_s: float,
        *,
        server: Server,
        promises: Promises,
        visitors: Visitors,
        workers: list[Worker],
        hire: Callable[[int], Worker],
    ) -> None:
        self._server = server
        self._promises = promises
        self._visitors = visitors
        self._workers = workers
        self._hire = hire
        self._random = Random(f"faults:{seed}")
        self._lost_ms = -_SETTLED_MS
        self._todo: list[tuple[int, int, Act]] = []
        self._order = 0
        span_ms = length_s * 1000
        for act, count in ((self._kill, faults.deaths), (self._cut, faults.partitions), (self._wipe, faults.wipes)):
            for _ in range(count):
                self.plan(self._moment(span_ms), act)
        for _ in range(faults.promotions):
            at_ms = self._moment(span_ms)
            self.plan(at_ms - int(self._random.random() * faults.lag_s * 1000), server.replicate)
            self.plan(at_ms, self._promote)

    def _moment(self, span_ms: float) -> int:
        return self._promises.start_ms + int((0.1 + 1.1 * self._random.random()) * span_ms)

    def plan(self, at_ms: int, act: Act) -> None:
        """
        Let *act* happen at *at_ms*.
        """
        self._order += 1
        self._todo.append((at_ms, self._order, act))
        self._todo.sort(key=lambda entry: entry[:2])

    def due(self, now_ms: int) -> None:
        """
        Do what is due.
        """
        while self._todo and self._todo[0][0] <= now_ms:
            self._todo.pop(0)[2]()

    def _soon(self, delay_ms: int, act: Act) -> None:
        self.plan(self._promises.now_ms + delay_ms, act)

    def _remembering(self) -> Iterable[Worker]:
        """
        Return the workers that could put the room back as it is.
        """
        for worker in self._workers:
            room = worker.room
            if not worker.alive or worker.line.cut or room is None:
                continue
            if worker.clock_ms() - room.viewed_ms <= FRESH_MS:
                yield worker

    def _victims(self) -> list[Worker]:
        if self._settling() and len(list(self._remembering())) < 2:
            return []
        return [worker for worker in self._workers if worker.alive]

    def _kill(self, away_ms: int = RESTART_MS) -> None:
        victims = self._victims()
        if len(victims) < 2:
            self._soon(RETRY_MS, self._kill)
            return
        worker = self._random.choice(victims)
        self._unsure(worker)
        self._visitors.unanswered(worker.die())
        index = self._workers.index(worker)
        self._soon(away_ms, lambda: self._replace(index))

    def _replace(self, index: int) -> None:
        """
        Start a worker in place of one that was killed.
        """
        self._workers[index] = self._hire(index)

    def _settling(self) -> bool:
        return self._promises.now_ms < self._lost_ms + _SETTLED_MS

    def _cut(self) -> None:
        victims = self._victims()
        if not victims:
            self._soon(RETRY_MS, self._cut)
            return
        worker = self._random.choice(victims)
        self._unsure(worker)
        worker.line.cut = True
        self._soon(int(1000 + self._random.random() * (MOST_CUT_MS - 1000)), worker.line.mend)

    def _unsure(self, worker: Worker) -> None:
        """
        Note that the check-ins which *worker* has not sent may not arrive in time.
        """
        if worker.room is None:
            return
        for lane, notes in worker.room.lanes.items():
            book = self._promises.lanes[lane]
            for chunk, bits in notes.checkins.chunks().items():
                for at, byte in enumerate(bits):
                    for bit in range(8) if byte else ():
                        if byte & 0x80 >> bit:
                            self._promises.present.missed(book.who(chunk * CHUNK_RANKS + at * 8 + bit))

    def _promote(self) -> None:
        self._lose(self._server.promote)

    def _wipe(self) -> None:
        self._lose(self._server.wipe)

    def _lose(self, how: Act, *, again: bool = True) -> None:
        if not any(self._remembering()):
            self._soon(RETRY_MS, lambda: self._lose(how, again=again))
            return
        self._lost_ms = self._promises.now_ms
        self._promises.lost()
        how()
        if again and self._random.random() < 0.5:
            self._soon(int(self._random.random() * SOON_MS), lambda: self._lose(how, again=False))
        if self._random.random() < 0.5:
            self._kill(int(self._random.random() * SOON_MS))
