"""
Start every shopper of a plan by the clock, and count, inside whichever Locust environment there is.
"""

import gc
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import gevent
from gevent.event import Event
from gevent.pool import Group
from locust.env import Environment

from loadtests import documents
from loadtests.engine.locust_metrics import Exposition
from loadtests.engine.locust_shoppers import Clock, Stage, shopper_class
from loadtests.engine.open_files import OpenFiles
from loadtests.engine.plan import RunPlan
from loadtests.journeys.catalogue import walk_of
from loadtests.measuring.lines import Line
from loadtests.measuring.measures import Measures
from loadtests.measuring.recorder import Recorder, Unobserved

LEAD_S: Final = 0.2
"""Zero lies so far ahead that the first shopper is not late because of our own start."""
BURST: Final = 16
"""When behind the clock, so many shoppers are started before those already started get their turn."""
PRIORITY: Final = -10
"""On the scale of nice(1), where -20 is the highest."""


class Generator:
    """
    Drive one worker's share of a run.

    Args:
        plan: what to do.
        environment: Locust's; its listeners see every request.
        tell: is told of each second that has ended.
    """

    def __init__(self, plan: RunPlan, environment: Environment, tell: Callable[[Line], None]) -> None:
        self._plan = plan
        self._environment = environment
        self._tell = tell
        self._exposition = Exposition(plan) if plan.metrics_port else None
        self._recorder = Recorder(plan, self._exposition or Unobserved())
        self._arrivals = plan.share()
        self._scheduled = len(self._arrivals)
        self._users = shopper_class(plan)
        self._files = OpenFiles(plan.in_flight_share, 2 if plan.name == "with_room" else 1)
        self._shoppers = Group()
        self._stop = Event()
        self._interrupted = False
        self._ended_s: float | None = None
        self._closed = Event()
        self._cpu_s = 0.0
        self._next = 0
        self._clock = Clock()
        self._at_work = Group()

    def interrupt(self) -> None:
        """
        End the run now; called by signals.
        """
        self._interrupted = True
        self._stop.set()

    @property
    def interrupted(self) -> bool:
        """
        Tell whether somebody ended the run before its time.
        """
        return self._interrupted

    @property
    def over(self) -> bool:
        """
        Tell whether the run has ended, so that the next take is the last.
        """
        return self._closed.is_set()

    def prepare(self) -> None:
        """
        Do whatever can be done before the run's zero is known.

        Raises:
            DocumentError: the plan's port for metrics is taken.
            OwnJourneyError: a journey of one's own cannot be walked.
        """
        for kind in {kind for stream in self._plan.streams for kind in stream.journeys}:
            walk_of(kind)
        if self._exposition:
            self._exposition.serve(self._plan.metrics_port)
        documents.get_ready(Line)
        _be_steady()

    def run(self, zero_ms: int = 0) -> None:
        """
        Return when the run has ended, in whatever way.

        Args:
            zero_ms: the run's zero in ms since 1970; 0 for as soon as possible.
        """
        self._clock = Clock(zero_ms or round((time.time() + LEAD_S) * 1000))
        if (late_s := self._clock.now_s()) > 0:
            self._recorder.problem(f"a generator was ready {late_s:.1f} s after the run's zero")
        self._stage = Stage(self._plan, self._recorder, self._clock)
        self._cpu_s = time.process_time()
        self._at_work.spawn(self._tick)
        self._at_work.spawn(self._spawn if self._plan.mode == "open" else self._circle)
        try:
            self._wait_for_end()
        finally:
            self.finish()

    def finish(self) -> None:
        """
        Close the notes on everybody, once: what comes later belongs to no run. A second caller waits for the first.
        """
        if self._ended_s is not None:
            self._closed.wait()
            return
        self._ended_s = max(0.0, self._clock.now_s())
        self._cpu_s = time.process_time() - self._cpu_s
        self._stop.set()
        # Whoever was started a moment ago gets a turn while this waits, and has arrived after it.
        self._at_work.kill()
        self._recorder.end_all(self._ended_s)
        self._recorder.not_started += sum(arrival.at_s <= self._ended_s for _, arrival in self._arrivals[self._next :])
        self._files.give_back()
        self._closed.set()

    def send_home(self) -> None:
        """
        End the visits that still last, where the process goes on after the run.
        """
        self._shoppers.kill()

    def take(self) -> Measures:
        """
        Return what was found since the last time; all of it together, merged, is what the run found.
        """
        scheduled, self._scheduled = self._scheduled, 0
        exchange = self._users.exchange
        self._recorder.unsent, exchange.unsent = exchange.unsent, 0
        now_s = max(0.0, self._clock.now_s()) if self._ended_s is None else self._ended_s
        over = self.over
        return self._recorder.take(
            started_at_ms=self._clock.started_at_ms,
            duration_s=now_s,
            scheduled=scheduled if self._plan.mode == "open" else self._next if over else 0,
            cpu_share=self._cpu_s / now_s if over and now_s else 0.0,
            interrupted=self._interrupted,
        )

    def _wait_for_end(self) -> None:
        """
        Return at an interruption, when the time is over, or when everybody has been and gone.
        """
        end_s = self._plan.duration_s + self._plan.drain_s
        while not self._stop.is_set() and (now_s := self._clock.now_s()) < end_s:
            if now_s >= self._plan.duration_s and not self._shoppers and self._next >= len(self._arrivals):
                return
            self._stop.wait(min(0.1, end_s - now_s))

    def _spawn(self) -> None:
        """
        Start every shopper at the intended instant, whether or not earlier ones are done.
        """
        clock = self._clock
        burst = 0
        in_flight, full = self._most_in_flight()
        for done, (i, arrival) in enumerate(self._arrivals):
            if clock.now_s() < arrival.at_s:
                clock.rest_until(arrival.at_s)
                burst = 0
            elif (burst := burst + 1) % BURST == 0:
                gevent.sleep(0)
            self._next = done + 1
            if len(self._shoppers) >= in_flight:
                self._recorder.not_started += 1
                self._recorder.problem(full)
                continue
            self._users(self._environment, self._stage, i, arrival).start(self._shoppers)

    def _most_in_flight(self) -> tuple[int, str]:
        """
        Return how many shoppers may be under way at one time, and what to say of those beyond.
        """
        wanted, files = self._plan.in_flight_share, self._files
        if wanted <= files.shoppers:
            return wanted, f"not started, as {wanted:,} were under way already (max_in_flight)"
        why = f"of {files.limit:,} open files there was none left (raise the limit: ulimit -n)"
        return files.shoppers, f"not started, as {files.shoppers:,} were under way already and {why}"

    def _circle(self) -> None:
        """
        Keep the same number of shoppers going round until the time is over.
        """
        self._clock.rest_until(0.0)
        rounds = [gevent.spawn(self._go_round) for _ in range(self._plan.closed_share)]
        try:
            gevent.joinall(rounds)
        finally:
            gevent.killall(rounds, block=False)

    def _go_round(self) -> None:
        while self._clock.now_s() < self._plan.duration_s:
            i = self._plan.worker + self._plan.workers * self._next
            self._next += 1
            self._users(self._environment, self._stage, i, None).start(self._shoppers).join()

    def _tick(self) -> None:
        """
        Close each second, and tell of it.
        """
        clock, recorder = self._clock, self._recorder
        clock.rest_until(0.0)
        before_s, cpu_before_s = clock.now_s(), time.process_time()
        t = 0
        while True:
            clock.rest_until(t + 1.0)
            now_s, cpu_s = clock.now_s(), time.process_time()
            second = recorder.close_second(t, (cpu_s - cpu_before_s) / (now_s - before_s))
            if self._exposition:
                self._exposition.show(recorder.in_flight, recorder.waiting)
            self._tell(
                Line(self._plan.name, second, recorder.start_lag_p99_ms, recorder.not_started, recorder.outcomes)
            )
            before_s, cpu_before_s = now_s, cpu_s
            t = max(t + 1, int(now_s))


def _be_steady() -> None:
    # Shoppers live in reference cycles while they last, and those who are killed leave them behind, so the collector
    # must run; what was there before the run need not be looked at again, and a full collection of a whole crowd would
    # be a pause of its own.
    gevent.config.track_greenlet_tree = False  # who started whom is known, and noting it costs as much as a start
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    _go_first()


def _go_first() -> None:
    """
    Go before the shop and the room that share the machine with us, where we may: real shoppers live elsewhere.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    # Linux weighs sessions against each other first (autogroups), and only then the processes of one session.
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(f"{PRIORITY}", encoding="ascii")
