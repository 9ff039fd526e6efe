"""
Run one plan: start every shopper by the clock, count, and write down what was found.

    python -m loadtests.engine.locust_run PLAN.json

One JSON line a second on stdout tells the progress; the plan's `out` receives the measures. One of several workers says
`ready` first, and begins at the moment that it is then told on stdin (ms since 1970), unless its plan names one. SIGINT
and SIGTERM end the run within two seconds, and what was found until then is still written. Exit codes: 0 done, 2 usage,
3 the plan is invalid, 130 interrupted.
"""

from locust.env import Environment  # first: it patches what all others import  # isort: skip

import gc
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import gevent
from gevent.event import Event
from gevent.pool import Group
from gevent.socket import wait_read

from loadtests import documents
from loadtests.documents import DocumentError
from loadtests.engine.locust_metrics import Exposition
from loadtests.engine.locust_shoppers import Clock, Stage, mend_http_client, shopper_class
from loadtests.engine.plan import RunPlan
from loadtests.measuring.lines import Line
from loadtests.measuring.measures import Measures
from loadtests.measuring.recorder import Recorder

LEAD_S: Final = 0.2
"""Zero lies so far ahead that the first shopper is not late because of our own start."""
BURST: Final = 16
"""When behind the clock, so many shoppers are started before those already started get their turn."""
PRIORITY: Final = -10
"""On the scale of nice(1), where -20 is the highest."""


class Generator:
    """
    Drive one run.

    Args:
        plan: what to do.
    """

    def __init__(self, plan: RunPlan) -> None:
        self._plan = plan
        self._exposition = Exposition(plan)
        self._recorder = Recorder(plan, self._exposition)
        self._arrivals = plan.share()
        self._users = shopper_class(plan)
        self._environment = Environment(user_classes=[], host=plan.shop_url)
        self._shoppers = Group()
        self._stop = Event()
        self._interrupted = False
        self._next = 0
        self._cpu_zero_s = 0.0

    def interrupt(self) -> None:
        """
        End the run now; called by signals.
        """
        self._interrupted = True
        self._stop.set()

    def run(self) -> Measures:
        """
        Return what the run found out, however it ended.
        """
        plan = self._plan
        if plan.metrics_port:
            self._exposition.serve(plan.metrics_port)
        _be_steady()
        self._clock = Clock(self._zero_ms())
        if (late_s := self._clock.now_s()) > 0:
            self._recorder.problem(f"a generator was ready {late_s:.1f} s after the run's zero")
        self._stage = Stage(plan, self._recorder, self._clock)
        self._cpu_zero_s = time.process_time()
        ticker = gevent.spawn(self._tick)
        spawner = gevent.spawn(self._spawn if plan.mode == "open" else self._circle)
        self._wait_for_end()
        ended_s = max(0.0, self._clock.now_s())
        cpu_s = time.process_time() - self._cpu_zero_s
        spawner.kill()
        ticker.kill()
        self._recorder.end_all(ended_s)
        self._recorder.not_started += self._overdue(ended_s)
        return self._recorder.measures(
            started_at_ms=self._clock.started_at_ms,
            duration_s=ended_s,
            scheduled=len(self._arrivals) if plan.mode == "open" else self._next,
            cpu_share=cpu_s / ended_s if ended_s else 0.0,
            interrupted=self._interrupted,
        )

    def _zero_ms(self) -> int:
        soon_ms = round((time.time() + LEAD_S) * 1000)
        if self._plan.start_at_ms or self._plan.workers == 1:
            return self._plan.start_at_ms or soon_ms
        _tell("ready")
        told = gevent.spawn(_hear_zero)
        while not self._stop.is_set() and not told.ready():
            told.join(0.01)
        return int(told.value or soon_ms)

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
        in_flight = self._plan.in_flight_share
        for done, (i, arrival) in enumerate(self._arrivals):
            if clock.now_s() < arrival.at_s:
                clock.rest_until(arrival.at_s)
                burst = 0
            elif (burst := burst + 1) % BURST == 0:
                gevent.sleep(0)
            self._next = done + 1
            if len(self._shoppers) >= in_flight:
                self._recorder.not_started += 1
                continue
            self._users(self._environment, self._stage, i, arrival).start(self._shoppers)

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

    def _overdue(self, ended_s: float) -> int:
        return sum(arrival.at_s <= ended_s for _, arrival in self._arrivals[self._next :])

    def _tick(self) -> None:
        """
        Close each second, and print it.
        """
        clock, recorder = self._clock, self._recorder
        clock.rest_until(0.0)
        before_s, cpu_before_s = clock.now_s(), time.process_time()
        t = 0
        while True:
            clock.rest_until(t + 1.0)
            now_s, cpu_s = clock.now_s(), time.process_time()
            second = recorder.close_second(t, (cpu_s - cpu_before_s) / (now_s - before_s))
            self._exposition.show(recorder.in_flight, recorder.waiting)
            line = Line(self._plan.name, second, recorder.start_lag_p99_ms, recorder.not_started, recorder.outcomes)
            _tell(line.to_json())
            before_s, cpu_before_s = now_s, cpu_s
            t = max(t + 1, int(now_s))


def main(arguments: list[str]) -> int:
    """
    Run the plan that the arguments name, and return the exit code.
    """
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m loadtests.engine.locust_run PLAN.json\n")
        return 2
    try:
        plan = RunPlan.from_file(Path(arguments[0]))
        generator = Generator(plan)
        for sign in (signal.SIGINT, signal.SIGTERM):
            gevent.signal_handler(sign, generator.interrupt)
        measures = generator.run()
    except DocumentError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    documents.write(measures, Path(plan.out))
    return 130 if measures.interrupted else 0


def _tell(line: str) -> None:
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads any more; the measures are still to be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _hear_zero() -> int:
    """
    Return the moment that standard input names; 0 where it ends without.
    """
    wait_read(sys.stdin.fileno())
    line = sys.stdin.readline().strip()
    return int(line) if line.isdecimal() else 0


def _be_steady() -> None:
    # Shoppers live in reference cycles (greenlets, sessions), so the collector must run; what was there before the run
    # need not be looked at again, and a full collection of a whole crowd would be a pause of its own.
    mend_http_client()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    _go_first()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _go_first() -> None:
    """
    Go before the shop and the room that share the machine with us, where we may: real shoppers live elsewhere.
    """
    with suppress(OSError):
        os.nice(PRIORITY)
    # Linux weighs sessions against each other first (autogroups), and only then the processes of one session.
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(f"{PRIORITY}", encoding="ascii")


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Thousands of shoppers in mid-visit need no farewell each: their connections close with the process.
    os._exit(code)
