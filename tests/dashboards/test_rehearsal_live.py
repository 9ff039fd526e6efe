"""
A real Prometheus watches a real rehearsal, and then a real outage: what panels show and which alerts are raised.
"""

import asyncio
import os
import signal
import time
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest

from loadtests.rehearsal.brief import brief_of_size
from loadtests.rehearsal.play import Rehearsal
from loadtests.rehearsal.processes import Interrupts
from loadtests.rehearsal.progress import Progress
from loadtests.rehearsal.sizing import QUICK
from tests.beside import Stage, beside
from tests.dashboards.live import LivePrometheus, queries_of
from tests.dashboards.sources import BOARDS
from tests.faults.service import serving
from tests.faults.visitors import Visitor, crowd_at
from tests.waiting import wait_until
from waiting_room.store.embedded import EmbeddedValkey

pytestmark = pytest.mark.peer("prometheus")

SHORT = replace(QUICK, capacity_s=4, calm_s=2, rise_s=1, hold_s=6, tail_s=7, drain_s=3)
UNTOLD = {"waiting-room-day: Stock A"}
OUTAGE = {"RedisDown", "QueueStalled"}
SLOW = {"StatusSlow", "EventLoopLag", "ShopSlow"}
"""What is true of a machine that has too much else to do."""
RAISED_WITHIN_S = 90.0
SILENT_WITHIN_S = 60.0
CROWD = 60


@dataclass(frozen=True, slots=True)
class Watched:
    """
    Hold the result of a rehearsal, the queries that had no answer in its time, and the alerts that fired.
    """

    result: dict[str, Any]
    unanswered: list[str]
    fired: set[str]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """
    Play a short rehearsal under the eyes of Prometheus, which finds the ports in the file that the rehearsal writes.

    Its runs last two thirds of a quick one's, and an alert fires after half of its time: nothing is overlooked by it.
    """
    folder = tmp_path_factory.mktemp("watched")
    out, interrupts = folder / "rehearsal", Interrupts()
    targets = [out / "prometheus-targets.json"]
    with LivePrometheus(folder / "prometheus", target_files=targets, patience=0.5) as prometheus:
        began_s = time.time()
        with interrupts.installed():
            brief = brief_of_size(SHORT, out, 1, "waiting-room rehearse")
            result = Rehearsal(brief, Progress(StringIO()), interrupts).run()
        ended_s = time.time()
        unanswered = [
            query.where
            for path in BOARDS
            for query in queries_of(path)
            if not prometheus.between(query.expr, began_s, ended_s)
        ]
        return Watched(result, unanswered, prometheus.fired_between(began_s, ended_s))


@pytest.mark.alone
def test_the_rehearsal_ran_to_its_end(watched: Watched) -> None:
    """
    What was watched is a whole rehearsal, with people in the room; how fast the machine is decides about its verdict.
    """
    assert watched.result["verdict"] in {"pass", "fail", "invalid"}
    assert watched.result["runs"]["with_room"]["arrivals"] > 100


@pytest.mark.alone
def test_every_panel_shows_something(watched: Watched) -> None:
    """
    Each query of each dashboard returned a series at some moment of the rehearsal, but for what its shop does not tell.
    """
    assert [where for where in watched.unanswered if where not in UNTOLD] == []


@pytest.mark.alone
def test_nothing_fires_in_a_healthy_run(watched: Watched) -> None:
    """
    The room at work raises no alert; the shop's collapse without the room is seen by nobody but the rehearsal.
    """
    assert watched.fired <= SLOW


@dataclass(frozen=True, slots=True)
class Outage:
    """
    Hold which alerts fired before, during and after, how long they took, and the time that the machine took until then.
    """

    before: set[str]
    during: set[str]
    after: set[str]
    raised_after_s: float
    lost_s: float


async def outage() -> Outage:
    """
    Let a crowd wait, freeze Valkey until both alerts fire, and let it go on until they are silent.
    """
    policy: dict[str, Any] = {"capacity": 5, "rate_per_minute": 120, "poll_min_s": 1.0, "poll_max_s": 5.0}
    with EmbeddedValkey() as valkey, serving(valkey.url, **policy) as service:
        target = urlsplit(service.url).netloc
        with TemporaryDirectory() as folder, LivePrometheus(Path(folder), {"waiting-room": [target]}) as prometheus:

            async def firing() -> set[str]:
                return await asyncio.to_thread(prometheus.firing_alerts)

            async def raised() -> bool:
                return await firing() >= OUTAGE

            async def silent() -> bool:
                return not await firing() & OUTAGE

            async with crowd_at(service) as crowd:
                crowd.send(Visitor(stays_s=3) for _ in range(CROWD * 5))
                await crowd.go_on_until(crowd.now_s() + 5)
                before = await firing()
                os.kill(valkey.pid, signal.SIGSTOP)
                stopped_s = crowd.now_s()
                try:
                    await wait_until(raised, RAISED_WITHIN_S, "RedisDown and QueueStalled to fire")
                    raised_s = crowd.now_s()
                    during = await firing()
                finally:
                    os.kill(valkey.pid, signal.SIGCONT)
                await wait_until(silent, SILENT_WITHIN_S, "both to be silent")
                after = await firing()
                lost_s = crowd.lost_s(stopped_s, raised_s)
            return Outage(before, during, after, raised_s - stopped_s, lost_s)


@pytest.fixture(scope="module")
def stalled(stage: Stage) -> Outage:
    """
    Play the outage once for all facts.
    """
    return stage.outcome(outage)


@beside(outage, takes_s=40)
def test_an_outage_raises_redis_down_and_queue_stalled(stalled: Outage) -> None:
    """
    Both fire within a minute of Valkey's silence, and neither before.
    """
    assert not stalled.before & OUTAGE
    assert stalled.during >= OUTAGE
    assert stalled.raised_after_s <= 60 + stalled.lost_s


@beside(outage, takes_s=40)
def test_an_outage_raises_nothing_that_is_not_so(stalled: Outage) -> None:
    """
    What fires beside them is true as well: nobody is let in, so that the rate is off; and of the machine, what is true
    of it. Before, nothing else fires.
    """
    assert stalled.before <= SLOW
    assert stalled.during <= OUTAGE | {"AdmissionRateOff"} | SLOW


@beside(outage, takes_s=40)
def test_the_alerts_are_silent_after_the_return(stalled: Outage) -> None:
    """
    Nobody has to do anything: admissions go on, and both alerts end.
    """
    assert not stalled.after & OUTAGE
