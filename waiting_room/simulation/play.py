"""
One run: the clock, the workers, the visitors and the faults, step by step.
"""

import gc
from functools import partial
from random import Random
from typing import Final

from waiting_room.core.opening import WITHOUT_DRAW, opening_of
from waiting_room.core.pacing import TICK_MS
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.shop import ShopWord
from waiting_room.errors import Fault, StoreEmptyError
from waiting_room.simulation.bulk import Bulk, stride_of
from waiting_room.simulation.crowd import Crowd
from waiting_room.simulation.customers import Customers
from waiting_room.simulation.drive import run
from waiting_room.simulation.faults import MOST_CUT_MS, Troubles
from waiting_room.simulation.promises import LATE_MS, Promises
from waiting_room.simulation.result import Result, judge
from waiting_room.simulation.scenario import CALM, Change, Scenario, ScenarioError
from waiting_room.simulation.server import Server
from waiting_room.simulation.tally import Tally
from waiting_room.simulation.visitors import CALLED, STEP_MS, WAITING, Visitors
from waiting_room.simulation.watch import Watch
from waiting_room.simulation.worker import ROOM, Worker

REPORT_MS: Final = 1000
LATER_MS: Final = MOST_CUT_MS + 5000
"""By so much later check-ins and steps come while lines are cut, replies are lost and workers die."""
FOLLOWED: Final = 50_000
"""So many waits are judged at most; of a larger crowd every n-th."""


def simulate(scenario: Scenario, crowd: Crowd | None = None) -> Result:
    """
    Play *scenario* to its end and return what came of it; the same for the same scenario, on every machine.

    *crowd* holds as many visitors as the scenario has; None to draw them by its spike and people. Raises `BreachError`
    where a promise is broken, `ScenarioError` where the scenario makes no sense. The collector of Python rests
    meanwhile: a run makes hardly any cycles, and would be searched for them over and over.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        return Play(scenario.checked(), crowd).run()
    finally:
        if collected:
            gc.enable()


class Play:
    """
    Hold one run.
    """

    def __init__(self, scenario: Scenario, crowd: Crowd | None = None) -> None:
        self.scenario = scenario
        self.now_ms = start_ms = scenario.start_ms
        self.policy = scenario.policy
        self.crowd = Crowd(scenario) if crowd is None else crowd
        if len(self.crowd.arrival_ms) != scenario.visitors:
            what = f"{scenario.visitors} are told, {len(self.crowd.arrival_ms)} are given"
            raise ScenarioError((Fault("visitors", what, "tell as many as there are"),))
        self.stride = stride_of(scenario.visitors) if scenario.in_bulk else 1
        self.promises = Promises(
            scenario.visitors,
            scenario.seed,
            scenario.policy,
            start_ms,
            plan=scenario.plan,
            singly=self.stride == 1,
            late_ms=LATE_MS if scenario.faults == CALM else LATE_MS + LATER_MS,
        )
        self.watch = Watch(self.promises)
        self.server = Server(start_ms, self.promises)
        followed = max(self.stride, scenario.visitors // FOLLOWED)
        self.tally = Tally(scenario.visitors, scenario.seed, followed)
        self.visitors = Visitors(scenario, self.crowd, self.promises, self.tally, self.watch, self._pick)
        self._random = Random(f"play:{scenario.seed}")
        self.left: tuple[int, int] | None = None
        self._asked = 0
        self._arrived = 0
        self._report_ms = start_ms + REPORT_MS
        self._second = [0, 0, 0]
        self.workers = [self._hire(index) for index in range(scenario.workers)]
        self._bulk = Bulk(scenario, self.crowd, self.promises, self.server, self.visitors, self.workers)
        self.customers = self._shoppers(start_ms) if scenario.weather else None
        self._troubles = Troubles(
            scenario.faults,
            scenario.seed,
            scenario.spike.length_s,
            server=self.server,
            promises=self.promises,
            visitors=self.visitors,
            workers=self.workers,
            hire=self._hire,
        )
        for change in scenario.changes:
            self._troubles.plan(start_ms + int(change.at_s * 1000), partial(self._change, change))

    def _shoppers(self, start_ms: int) -> Customers:
        scenario, walks = self.scenario, self.crowd.walks
        idle_ms = int(1000 * scenario.idle_s)
        return Customers(scenario.weather, scenario.seed, self.visitors, start_ms, walks, idle_ms)

    def _hire(self, index: int) -> Worker:
        skew_ms = int(self.scenario.faults.skew_s * 1000)
        off_ms = self._random.randint(-skew_ms, skew_ms) if skew_ms else 0
        worker = Worker(
            f"worker {index}", self.server, self.policy, off_ms, self.scenario.faults.timeouts, self._random
        )
        worker.step_at_ms = self.now_ms + STEP_MS * (1 + 2 * index % 5)
        worker.open()
        return worker

    def _pick(self, who: int) -> Worker | None:
        """
        Return the worker that a balancer sends a request of *who* to.
        """
        workers = self.workers
        if len(workers) == 1:
            return workers[0] if workers[0].serves else None
        self._asked += 1
        first = (who * 2_654_435_761 + self._asked * 40_503 >> 7) % len(workers)
        for offset in range(len(workers)):
            worker = workers[(first + offset) % len(workers)]
            if worker.serves:
                return worker
        return None

    def run(self) -> Result:
        """
        Step until nobody is left, and return what came of it.
        """
        end_ms = self.scenario.start_ms + int(self.scenario.limit_s * 1000)
        visitors, promises = self.visitors, self.promises
        while self.now_ms < end_ms and visitors.ended < self.scenario.visitors:
            self.now_ms += STEP_MS
            promises.step += 1
            promises.now_ms = self.server.now_ms = self.now_ms
            self._troubles.due(self.now_ms)
            for worker in self.workers:
                if worker.alive:
                    worker.step(self.now_ms, self._late_ms())
            if promises.unsettled and (seats := self.server.settled(ROOM)) is not None:
                promises.settle(seats)
            if self.customers is not None:
                self.customers.run_to(self.now_ms)
            visitors.due(self.now_ms)
            self._bulk.due()
            self._arrivals()
            for worker in self.workers:
                if worker.alive:
                    worker.round()
            self.watch.goes_on(served=any(worker.alive and not worker.line.cut for worker in self.workers))
            if self.now_ms >= self._report_ms:
                self._report_ms += REPORT_MS
                self._each_second()
            elif self.scenario.lifelike and self.customers is not None and self.customers.gives_back:
                self._gate_reports()
        return judge(self)

    def _late_ms(self) -> int:
        """
        Return by how much the next step of a worker comes late.
        """
        return STEP_MS * self._random.getrandbits(1) if self.scenario.lifelike else 0

    def _arrivals(self) -> None:
        arrival_ms, count = self.crowd.arrival_ms, self.scenario.visitors
        since_ms = self.now_ms - self.scenario.start_ms
        while self._arrived < count and arrival_ms[self._arrived] <= since_ms:
            (self._bulk if self._arrived % self.stride else self.visitors).arrive(self._arrived)
            self._arrived += 1
        self._bulk.join()

    def _each_second(self) -> None:
        self._bulk.each_second()
        self._gate_reports()
        self.promises.seats.release_due(self.now_ms)
        self._note()

    def _gate_reports(self) -> None:
        """
        Let the gates tell a worker which seats were in use and which are given back, until one has heard, and how the
        shop fares.
        """
        health = None if self.customers is None else self.customers.report()
        visitors, worker = self.visitors, self._pick(0)
        if worker is None or worker.room is None or not (visitors.touched or visitors.released or health):
            return
        touched, released = visitors.touched, visitors.released
        answer = run(worker.lobby.report(ROOM, touched, released, shop=ShopWord(health)))
        if answer.degraded:
            return
        for seat in answer.gone:
            visitors.shut_out(self.promises.holder_of(seat))
        visitors.touched, visitors.released = {}, []

    def _note(self) -> None:
        seconds, promises = self.tally.seconds, self.promises
        snapshot = promises.snapshot
        now = [self._arrived, self.tally.polls, promises.called, promises.admitted]
        for name, total in zip(("arrivals", "polls", "called", "admitted"), now, strict=True):
            seconds[name].append(total)
        seconds["waiting"].append(snapshot.waiting if snapshot else 0)
        seconds["seats"].append(promises.seats.held)
        seconds["capacity"].append(self.policy.capacity)

    def _change(self, change: Change) -> None:
        try:
            if change.settings:
                policy = Policy.parse(self.policy.as_dict() | dict(change.settings))
                run(self.server.configure(ROOM, policy))
                self.policy = policy
            if change.phase is not None:
                until_ms = self.scenario.start_ms + int(change.until_s * 1000) if change.until_s else 0
                known = self.promises.snapshot
                opening = WITHOUT_DRAW if known is None else opening_of(known)
                run(self.server.set_phase(ROOM, change.phase, until_ms, opening=opening))
                if change.phase is Phase.PREQUEUE:
                    run(self.server.promise(ROOM, f"{self._random.getrandbits(256):064x}", "", until_ms))
        except StoreEmptyError:
            self._troubles.plan(self.now_ms + TICK_MS, partial(self._change, change))
            return
        if change.vanishes:
            draw = self._random.random
            waiting = [who for who, state in enumerate(self.visitors.state) if state in {WAITING, CALLED}]
            leaving = [who for who in waiting if draw() < change.vanishes]
            for who in leaving:
                (self._bulk if who % self.stride else self.visitors).vanish(who, goodbye=False)
            self.left = (len(waiting), len(leaving))
            self.promises.stall.mark(self.now_ms)
