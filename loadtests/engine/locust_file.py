"""
Drive a rehearsal's plan by Locust itself, with its web page, its statistics and its workers.

    locust -f loadtests/engine/locust_file.py --rehearsal-plan PLAN.json [--headless] [--processes 4]

Locust's users do not shop here: each worker has one, which starts the worker's share of the shoppers by the clock, all
from the one moment that the master names. So shoppers come when the plan says, not in batches once a second, and one
who has left is not replaced. The workers' measures reach the master with Locust's own reports; it merges them into the
plan's `out`, or rather beside it: `NAME.locust.json`, for the measures of the rehearsal whose plan it is stand there.
Only the master needs the plan's file. Exit codes, besides Locust's: 0 done, 3 the plan is invalid, 6 the
generator could not keep up, 130 stopped before its time.
"""

import logging
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from gevent.event import Event
from locust import LoadTestShape, User, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import LocalRunner, MasterRunner, Runner, WorkerRunner

from loadtests import documents
from loadtests.arrivals.rate import together
from loadtests.documents import DocumentError
from loadtests.engine.collecting import Collection
from loadtests.engine.locust_generator import Generator
from loadtests.engine.plan import RunPlan
from loadtests.judging.validity import generator_of
from loadtests.measuring.measures import Measures

SHARE: Final = "rehearsal-share"
"""The message that brings a worker its share, and the key under which its reports bring what it found."""
LEAD_S: Final = 2.0
"""Zero lies so far ahead that the slowest worker has its users started by then."""
SHARE_WITHIN_S: Final = 30.0
REPORTS_WITHIN_S: Final = 10.0
"""A worker that has not made its last report so long after the end of the run is lost."""

log = logging.getLogger(__name__)


class Lead:
    """
    Lead a run: hand out the shares, collect what the workers report, write it down. On the master, or where there is
    no other process.

    Args:
        plan: what to do.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self.collection: Collection | None = None
        self._written = False
        self.exit_code = 0

    @property
    def over(self) -> bool:
        """
        Tell whether every worker has made its last report, or should have long since.
        """
        if self.collection is None or self.collection.complete:
            return True
        plan = self.collection.plan
        return time.time() > plan.start_at_ms / 1000 + plan.duration_s + plan.drain_s + REPORTS_WITHIN_S

    def begin(self, workers: int) -> tuple[RunPlan, ...]:
        """
        Return the shares of a new run that begins soon.
        """
        start_at_ms = round((time.time() + LEAD_S) * 1000)
        whole = replace(self.plan, workers=workers, worker=0, start_at_ms=start_at_ms)
        self.collection = Collection(whole)
        self._written = False
        return whole.shares()

    def heard(self, report: dict[str, Any]) -> None:
        """
        Take a report; one of an earlier run is of no interest.
        """
        collection = self.collection
        if collection is not None and report["start_at_ms"] == collection.plan.start_at_ms:
            collection.heard(report["worker"], Measures.from_json(report["measures"]), last=report["last"])

    def write(self) -> None:
        """
        Write down what the run found, once.
        """
        measures = self.collection.measures() if self.collection is not None else None
        if measures is not None and not self._written:
            documents.write(measures, Path(self.plan.out))
            self._written = self.collection is not None and self.collection.complete
            self.exit_code = self._worth(measures)
            log.info("%d shoppers came; the measures are in %s", measures.arrivals, self.plan.out)

    def _worth(self, measures: Measures) -> int:
        if measures.interrupted:
            return 130
        rate = together(stream.rate for stream in self.plan.streams) if self.plan.mode == "open" else None
        generator = generator_of(measures, rate)
        if not generator.ok:
            log.error("the generator could not keep up, so nothing is proven: %s", generator.to_json())
        return 0 if generator.ok else 6


class Hand:
    """
    Drive the share of one worker.
    """

    def __init__(self) -> None:
        self.generator: Generator | None = None
        self._plan: RunPlan | None = None
        self._come = Event()
        self._last = False

    def receive(self, plan: RunPlan) -> None:
        """
        Take the share of a run that is about to begin.
        """
        self._plan, self.generator, self._last = plan, None, False
        self._come.set()

    def drive(self, environment: Environment) -> None:
        """
        Return when the share has been driven. Where there is none (a worker came late, or has two users), at once.
        """
        self._come.wait(SHARE_WITHIN_S)
        plan = self._plan
        if plan is None or self.generator is not None:
            return
        self.generator = Generator(plan, environment, lambda _line: None)
        self.generator.prepare()
        self.generator.run(plan.start_at_ms)
        if isinstance(environment.runner, LocalRunner) and (found := self.report()):
            OnePerWorker.lead.heard(found)

    def stop(self) -> None:
        """
        End the share, and send everybody home.
        """
        self._come.clear()
        if self.generator is not None:
            self.generator.interrupt()
            self.generator.finish()
            self.generator.send_home()

    def report(self) -> dict[str, Any] | None:
        """
        Return what was found since the last report; None before a run and after its last report.
        """
        if self._plan is None or self.generator is None or self._last:
            return None
        self._last = self.generator.over
        return {
            "start_at_ms": self._plan.start_at_ms,
            "worker": self._plan.worker,
            "measures": self.generator.take().to_json(),
            "last": self._last,
        }


class Spawner(User):
    """
    Start a worker's share of the shoppers; one per worker.
    """

    hand: Hand

    @task
    def spawn(self) -> None:
        """
        Drive the share, and be done.
        """
        self.hand.drive(self.environment)
        raise StopUser


class OnePerWorker(LoadTestShape):
    """
    Ask Locust for one user per worker, and end when every worker has made its last report.
    """

    lead: Lead

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._workers = 0

    def reset_time(self) -> None:
        """
        Begin a new run.
        """
        super().reset_time()  # type: ignore[no-untyped-call]
        self._workers = 0

    def tick(self) -> tuple[int, float] | None:
        """
        Return how many users there are to be; None when the run is over.
        """
        if self._workers and self.lead.over:
            return None
        # Asked once: for a worker that is lost meanwhile nobody can step in.
        self._workers = self._workers or max(1, getattr(self.runner, "worker_count", 1))
        return self._workers, self._workers


Spawner.hand = hand = Hand()


def offer_option(parser: LocustArgumentParser) -> None:
    """
    Add our option to Locust's.
    """
    parser.add_argument(
        "--rehearsal-plan", metavar="PLAN.json", include_in_web_ui=False, help="The rehearsal's run to drive."
    )


def prepare(environment: Environment, runner: Runner, **_more: object) -> None:
    """
    Take up the part that this process has to play.
    """
    if isinstance(runner, WorkerRunner):
        runner.register_message(SHARE, lambda msg, **_more: hand.receive(RunPlan.from_json(msg.data["plan"])))
        return
    name = environment.parsed_options.rehearsal_plan if environment.parsed_options else None
    if not name:
        sys.stderr.write("--rehearsal-plan is missing: name the JSON file of a run, such as runs/with_room.plan.json\n")
        sys.exit(2)
    try:
        plan = RunPlan.from_file(Path(name))
    except DocumentError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(3)
    Spawner.host = plan.shop_url
    OnePerWorker.lead = Lead(replace(plan, out=str(Path(plan.out).with_suffix(".locust.json"))))
    try:
        with TemporaryFile(dir=Path(plan.out).parent):
            pass
    except OSError as error:
        # Not at the end: the whole run would be lost.
        sys.stderr.write(f"out: {plan.out} cannot be written ({error.strerror}); name it from the plan's folder\n")
        sys.exit(3)


def begin(environment: Environment, **_more: object) -> None:
    """
    Hand out the shares.
    """
    match environment.runner:
        case MasterRunner() as master:
            ready = [*master.clients.ready, *master.clients.running, *master.clients.spawning]
            for client, share in zip(ready, OnePerWorker.lead.begin(len(ready)), strict=True):
                master.send_message(SHARE, {"plan": share.to_json()}, client.id)
        case LocalRunner():
            hand.receive(*OnePerWorker.lead.begin(1))


def report(data: dict[str, Any], **_more: object) -> None:
    """
    Put into a worker's report what was found since the last one.
    """
    if found := hand.report():
        data[SHARE] = found


def collect(data: dict[str, Any], **_more: object) -> None:
    """
    Take what a worker found out of its report.
    """
    if found := data.get(SHARE):
        OnePerWorker.lead.heard(found)


def stop(environment: Environment, **_more: object) -> None:
    """
    End a worker's share, and tell at once what was found: the master waits only for a moment.
    """
    match environment.runner:
        case WorkerRunner() as worker:
            hand.stop()
            data: dict[str, Any] = {}
            fire: Callable[..., None] = environment.events.report_to_master.fire
            fire(client_id=worker.client_id, data=data)
            worker.send_message("stats", data)
        case LocalRunner():
            hand.stop()
            if found := hand.report():
                OnePerWorker.lead.heard(found)


def write(environment: Environment, **_more: object) -> None:
    """
    Write down a run that has ended while Locust goes on, for another one by its web page.
    """
    if not isinstance(environment.runner, WorkerRunner):
        OnePerWorker.lead.write()


def leave(environment: Environment, **_more: object) -> None:
    """
    Write down what is not written yet, and tell by the exit code what it is worth.
    """
    if isinstance(environment.runner, WorkerRunner):
        return
    OnePerWorker.lead.write()
    environment.process_exit_code = OnePerWorker.lead.exit_code


LISTENERS: Final[dict[str, Callable[..., None]]] = {
    "init_command_line_parser": offer_option,
    "init": prepare,
    "test_start": begin,
    "report_to_master": report,
    "worker_report": collect,
    "test_stopping": stop,
    "test_stop": write,
    # Its listeners are called in reverse order, and ours must come after the runner's own, which gets the last reports:
    # so it is added here, before there is a runner.
    "quitting": leave,
}
for name, listener in LISTENERS.items():
    getattr(events, name).add_listener(listener)
