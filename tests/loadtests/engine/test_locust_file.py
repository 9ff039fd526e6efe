"""
A plan driven by Locust itself: its command line, its web page and its workers.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import aiohttp
import pytest

from loadtests.arrivals.rate import Rate
from loadtests.engine import collecting
from loadtests.engine.plan import RunPlan
from loadtests.measuring.measures import Measures
from loadtests.rehearsal.processes import free_ports
from tests.beside import Stage, beside
from tests.loadtests.engine.generator import CROWD, PLAN, served
from tests.loadtests.engine.stub import Script, Stub
from tests.waiting import wait_until

TRIES = 3
STOOD_STILL_MS = 500.0
WITHIN_S = 110.0
"""Some seconds are enough on a machine that does nothing else; each of Locust's processes takes two to start."""
LOCUST_FILE = str(Path(collecting.__file__).with_name("locust_file.py"))


@dataclass(frozen=True)
class Ended:
    """
    Hold what is left of a run by Locust: its exit code and words, the measures, and how many requests were seen.
    """

    code: int
    words: str
    measures: Measures
    counted: int
    asked: int


@asynccontextmanager
async def locust(plan: RunPlan, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """
    Run Locust with our file and a plan, from a folder that is not the plan's; neither it nor a worker outlives the
    block.
    """
    path = Path(plan.out).with_suffix(".plan")
    path.write_text(replace(plan, out=Path(plan.out).name).to_json(), encoding="utf-8")
    command = (sys.executable, "-m", "locust", "-f", LOCUST_FILE, "--rehearsal-plan", str(path), *options)
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-2, start_new_session=True, cwd="/")
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def found_by(plan: RunPlan) -> Path:
    """
    Return where Locust leaves its measures: beside the rehearsal's, which are another run's.
    """
    return Path(plan.out).with_name("measures.locust.json")


def shared_plan(url: str, **changes: Any) -> RunPlan:
    """
    Return a plan whose measures go into a folder of their own.
    """
    return replace(PLAN, shop_url=url, out=str(Path(mkdtemp(prefix="locust")) / "measures.json"), **changes)


async def headless() -> Ended:
    """
    Let four workers of Locust's drive a run without a web page; again where the machine stood still in its 1.5 seconds.
    """
    for _ in range(TRIES - 1):
        ended = await driven_by_four()
        if (ended.measures.start_lag_max_ms or 0.0) < STOOD_STILL_MS:
            return ended
    return await driven_by_four()


async def driven_by_four() -> Ended:
    """
    Let them drive it once.
    """
    stub = Stub(Script())
    [port] = map(str, free_ports(1))
    async with served(stub) as url:
        plan = shared_plan(url)
        figures = Path(plan.out).with_name("figures")
        options = ("--headless", "--processes", "4", "--master-bind-port", port, "--master-port", port)
        async with locust(plan, *options, "--json-file", str(figures)) as process:
            words, _ = await asyncio.wait_for(process.communicate(), timeout=WITHIN_S)
    counted = sum(page["num_requests"] for page in json.loads(figures.with_suffix(".json").read_text()))
    measures = Measures.from_file(found_by(plan))
    return Ended(process.returncode or 0, words.decode(), measures, counted, sum(stub.asked.values()))


async def by_web_page() -> Ended:
    """
    Start a run by Locust's web page, stop it there while shoppers come, and end Locust.
    """
    stub = Stub(Script())
    [port] = free_ports(1)
    page = f"http://127.0.0.1:{port}"
    endless = replace(CROWD, rate=Rate(((0.0, 30.0), (600.0, 30.0))))
    async with served(stub) as url, aiohttp.ClientSession() as session:
        plan = shared_plan(url, streams=(endless,), duration_s=600)
        async with locust(plan, "--web-host", "127.0.0.1", "--web-port", str(port)) as process:
            await wait_until(lambda: answers(session, page), WITHIN_S, "the web page")
            for do, done in (("swarm", lambda: len(stub.orders) > 3), ("stop", found_by(plan).exists)):
                async with session.post(f"{page}/{do}", data={}) as answer:
                    assert answer.status == 200
                await wait_until(done, WITHIN_S, do)
            async with session.get(f"{page}/stats/requests") as answer:
                total = (await answer.json())["stats"][-1]["num_requests"]
            process.send_signal(signal.SIGTERM)
            words, _ = await asyncio.wait_for(process.communicate(), timeout=WITHIN_S)
    measures = Measures.from_file(found_by(plan))
    return Ended(process.returncode or 0, words.decode(), measures, total, sum(stub.asked.values()))


async def answers(session: aiohttp.ClientSession, page: str) -> bool:
    """
    Tell whether somebody listens there.
    """
    try:
        async with session.get(page) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def by_locust() -> tuple[Ended, Ended]:
    """
    Play both ways at the same time.
    """
    return await asyncio.gather(headless(), by_web_page())


pytestmark = beside(by_locust)


def test_four_workers_of_locust_start_the_crowd_of_one(stage: Stage) -> None:
    """
    Headless with --processes 4: everybody in the list, at the list's instants, once.
    """
    ended, _web = stage.outcome(by_locust)

    assert [shopper.arrival_s for shopper in ended.measures.shoppers] == [arrival.at_s for arrival in PLAN.arrivals()]
    assert (ended.measures.scheduled, ended.measures.not_started) == (ended.measures.arrivals, 0)


def test_shoppers_come_by_the_clock_and_not_in_batches(stage: Stage) -> None:
    """
    Locust starts its own users once a second, all in the same moment; these start in moments of their own.

    A moment is what lies within 20 ms: a busy machine lets several start in one, and far fewer than in batches.
    """
    ended, _web = stage.outcome(by_locust)
    starts = sorted(shopper.arrival_s + shopper.start_lag_ms / 1000 for shopper in ended.measures.shoppers)
    moments = 1 + sum(after - before > 0.02 for before, after in pairwise(starts))

    assert moments > 2 * (1 + PLAN.duration_s)


def test_locusts_own_statistics_show_the_requests(stage: Stage) -> None:
    """
    What Locust counts is what the shop was asked, and what our measures hold.
    """
    ended, _web = stage.outcome(by_locust)

    assert ended.counted == ended.asked == ended.measures.shop_requests
    assert ended.code in {0, 6}, ended.words  # 6: the machine has too much else to do


def test_web_page_starts_and_stops_a_run(stage: Stage) -> None:
    """
    A run that is stopped there is written down whole, as one that was stopped, and the page shows its requests.
    """
    _headless, ended = stage.outcome(by_locust)
    measures = ended.measures

    assert measures.interrupted
    assert measures.outcomes.total == measures.arrivals == len(measures.shoppers) > 0
    assert measures.scheduled > measures.arrivals + measures.not_started
    assert ended.counted > 0
    assert ended.code == 130, ended.words


@pytest.mark.parametrize(
    ("plan", "code", "message"),
    [
        (None, 2, "--rehearsal-plan is missing"),
        ("{}", 3, "seed: is missing"),
        (replace(PLAN, out="none/measures.json").to_json(), 3, "none/measures.json cannot be written"),
    ],
)
async def test_bad_calls_of_locust_are_refused_with_a_sentence(
    tmp_path: Path, plan: str | None, code: int, message: str
) -> None:
    """
    No plan, a bad one, or one whose measures would be lost at the end, is told before anything starts.
    """
    options = []
    if plan is not None:
        (tmp_path / "bad").write_text(plan, encoding="utf-8")
        options = ["--rehearsal-plan", str(tmp_path / "bad")]
    command = (sys.executable, "-m", "locust", "-f", LOCUST_FILE, "--headless", *options)
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-2)
    words, _ = await asyncio.wait_for(process.communicate(), timeout=WITHIN_S)

    assert process.returncode == code
    assert message in words.decode()
