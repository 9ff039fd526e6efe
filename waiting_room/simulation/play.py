"""
One run: the clock, the workers, the visitors and the faults, step by step.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.core.policy import Policy
from waiting_room.core.presence import CHUNK_RANKS
from waiting_room.simulation.crowd import Crowd
from waiting_room.simulation.drive import run
from waiting_room.simulation.promises import Promises
from waiting_room.simulation.result import Result, judge
from waiting_room.simulation.scenario import Change, Scenario
from waiting_room.simulation.server import Server
from waiting_room.simulation.tally import Tally
from waiting_room.simulation.visitors import CALLED, STEP_MS, WAITING, Visitors
from waiting_room.simulation.worker import ROOM, Worker

START_MS: Final = 1_000_000
REPORT_MS: Final = 1000
FOLLOWED: Final = 50_000
"""So many waits are judged at most; of a larger crowd every n-th."""
RESTART_MS: Final = 3000


def simulate(scenario: Scenario) -> Result:
    """
    Play *scenario* to its end and return what came of it; the same for the same scenario, on every machine.

    Raises `BreachError` where a promise is broken, `ScenarioError` where the scenario makes no sense.
    """
    return Play(scenario.checked()).run()


class Play:
    """
    Hold one run.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.now_ms = START_MS
        self.policy = scenario.policy
        self.crowd = Crowd(scenario)
        self.promises = Promises(scenario.visitors, scenario.seed, scenario.policy, START_MS)
        self.server = Server(START_MS, self.promises)
        self.tally = Tally(scenario.visitors, scenario.seed, max(1, scenario.visitors // FOLLOWED))
        self.visitors = Visitors(scenario, self.crowd, self.promises, self.tally, self._pick)
        self._random = Random(f"play:{scenario.seed}")
        self._asked = 0
        self._arrived = 0
        self._report_ms = START_MS + REPORT_MS
        self._second = [0, 0, 0]
        self._todo = sorted(self._planned(), key=lambda entry: entry[0])
        self.workers = [self._hire(index) for index in range(scenario.workers)]

    def _hire(self, index: int) -> Worker:
        skew_ms = int(self.scenario.faults.skew_s * 1000)
        off_ms = self._random.randint(-skew_ms, skew_ms) if skew_ms else 0
        worker = Worker(
            f"worker {index}", self.server, self.policy, off_ms, self.scenario.faults.timeouts, self._random
        )
        worker.step_at_ms = self.now_ms + STEP_MS * (1 + 2 * index % 5)
        timeouts, worker.line.timeouts = worker.line.timeouts, 0.0
        worker.open()
        worker.line.timeouts = timeouts
        return worker

    def _pick(self, who: int) -> Worker | None:
        """
        Return the worker that a balancer sends a request of *who* to.
        """
        workers = self.workers
        if len(workers) == 1:
            return workers[0] if workers[0].alive else None
        self._asked += 1
        first = (who * 2_654_435_761 + self._asked * 40_503 >> 7) % len(workers)
        for offset in range(len(workers)):
            worker = workers[(first + offset) % len(workers)]
            if worker.alive:
                return worker
        return None

    def run(self) -> Result:
        """
        Step until nobody is left, and return what came of it.
        """
        end_ms = START_MS + int(self.scenario.limit_s * 1000)
        visitors, promises = self.visitors, self.promises
        while self.now_ms < end_ms and visitors.ended < self.scenario.visitors:
            self.now_ms += STEP_MS
            promises.step += 1
            promises.now_ms = self.server.now_ms = self.now_ms
            while self._todo and self._todo[0][0] <= self.now_ms:
                self._todo.pop(0)[1]()
            for worker in self.workers:
                if worker.alive:
                    worker.step(self.now_ms)
            visitors.due(self.now_ms)
            self._arrivals()
            for worker in self.workers:
                if worker.alive:
                    worker.round()
            if self.now_ms >= self._report_ms:
                self._report_ms += REPORT_MS
                self._each_second()
        return judge(self)

    def _arrivals(self) -> None:
        arrival_ms, count = self.crowd.arrival_ms, self.scenario.visitors
        since_ms = self.now_ms - START_MS
        while self._arrived < count and arrival_ms[self._arrived] <= since_ms:
            self.visitors.arrive(self._arrived)
            self._arrived += 1

    def _each_second(self) -> None:
        self._gate_reports()
        self.promises.release_due(self.now_ms)
        state = self.server.room(ROOM)
        if state is not None:
            self.promises.settle(frozenset(state.seats), self.now_ms)
        self._note()

    def _gate_reports(self) -> None:
        """
        Let the gates tell a worker which seats were in use and which are given back, until one has heard.
        """
        visitors, worker = self.visitors, self._pick(0)
        if worker is None or worker.room is None or not (visitors.touched or visitors.released):
            return
        touched, released = visitors.touched, visitors.released
        answer = run(worker.lobby.report(ROOM, touched, released))
        if answer.degraded:
            return
        for seat in answer.gone:
            visitors.shut_out(self.promises.holder[int(seat.rpartition(".")[2])])
        visitors.touched, visitors.released = {}, []

    def _note(self) -> None:
        seconds, promises = self.tally.seconds, self.promises
        snapshot = promises.snapshot
        now = [self._arrived, self.tally.polls, len(promises.calls), promises.admitted]
        for name, total in zip(("arrivals", "polls", "called", "admitted"), now, strict=True):
            seconds[name].append(total)
        seconds["waiting"].append(snapshot.waiting if snapshot else 0)
        seconds["seats"].append(promises.seats)
        seconds["capacity"].append(self.policy.capacity)

    # What is planned: the operator's changes and the faults.

    def _planned(self) -> list[tuple[int, Callable[[], None]]]:
        plan: list[tuple[int, Callable[[], None]]] = [
            (START_MS + int(change.at_s * 1000), lambda change=change: self._change(change))  # type: ignore[misc]
            for change in self.scenario.changes
        ]
        faults, random = self.scenario.faults, Random(f"faults:{self.scenario.seed}")
        length_ms = self.scenario.spike.length_s * 1000

        def moment() -> int:
            return START_MS + int((0.1 + 1.1 * random.random()) * length_ms)

        plan += [(moment(), self._kill) for _ in range(faults.deaths)]
        plan += [(moment(), self._cut) for _ in range(faults.partitions)]
        plan += [(moment(), self._wipe) for _ in range(faults.wipes)]
        for _ in range(faults.promotions):
            at = moment()
            plan.append((at - int(random.random() * faults.lag_s * 1000), self.server.replicate))
            plan.append((at, self._promote))
        return plan

    def _soon(self, delay_ms: int, act: Callable[[], None]) -> None:
        self._todo.append((self.now_ms + delay_ms, act))
        self._todo.sort(key=lambda entry: entry[0])

    def _change(self, change: Change) -> None:
        if change.settings:
            self.policy = Policy.parse(self.policy.as_dict() | dict(change.settings))
            run(self.server.configure(ROOM, self.policy))
        if change.phase is not None:
            run(self.server.set_phase(ROOM, change.phase))
        if change.vanishes:
            draw = self._random.random
            for who, state in enumerate(self.visitors.state):
                if state in {WAITING, CALLED} and draw() < change.vanishes:
                    self.visitors.vanish(who, goodbye=False)

    def _kill(self) -> None:
        living = [index for index, worker in enumerate(self.workers) if worker.alive]
        if len(living) < 2:
            return
        index = self._random.choice(living)
        worker = self.workers[index]
        self._unsure(worker)
        self.visitors.unanswered(worker.die())
        self._soon(RESTART_MS, lambda: self._revive(index))

    def _revive(self, index: int) -> None:
        self.workers[index] = self._hire(index)

    def _unsure(self, worker: Worker) -> None:
        """
        Note that the check-ins which *worker* has not sent may not arrive in time.
        """
        if worker.room is None:
            return
        for chunk, bits in worker.room.lanes[STANDARD_LANE].checkins.chunks().items():
            for at, byte in enumerate(bits):
                for bit in range(8) if byte else ():
                    if byte & 0x80 >> bit:
                        who = self.promises.holder[chunk * CHUNK_RANKS + at * 8 + bit]
                        self.promises.due_ms[who] = 0

    def _cut(self) -> None:
        worker = self._random.choice(self.workers)
        self._unsure(worker)
        worker.line.cut = True
        self._soon(int(1000 + self._random.random() * 14_000), lambda: self._mend(worker))

    def _mend(self, worker: Worker) -> None:
        worker.line.cut = False

    def _promote(self) -> None:
        self.promises.lost(self.now_ms)
        self.server.promote()

    def _wipe(self) -> None:
        self.promises.lost(self.now_ms)
        self.server.wipe()
