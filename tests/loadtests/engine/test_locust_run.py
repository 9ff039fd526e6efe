"""
The generator as it really runs: Locust in a process of its own, real HTTP, a few seconds.
"""

import asyncio
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import aiohttp
import pytest

from loadtests.arrivals.rate import Rate
from loadtests.crowd.addresses import address_of
from loadtests.crowd.shoppers import Behaviour
from loadtests.judging.validity import generator_of
from loadtests.measuring.cells import CellSum, summed
from loadtests.measuring.measures import Measures
from loadtests.rehearsal.processes import free_ports
from tests.beside import Stage, beside
from tests.loadtests.engine.generator import (
    CROWD,
    HASTY,
    PLAN,
    Run,
    finish,
    look_inside,
    run,
    run_shared,
    served,
    start,
)
from tests.loadtests.engine.stub import Script, Stub
from tests.waiting import wait_until

SOON_S = 30.0
"""A second or two, and what a busy machine takes; whoever waits for shoppers who never end needs minutes."""


def crowd_of(behaviour: Behaviour) -> dict[str, Any]:
    """
    Return the change of a plan by which its crowd behaves so.
    """
    return {"streams": (replace(CROWD, behaviour=behaviour),)}


async def several_ways() -> dict[str, Run]:
    """
    Run the generator in several ways at the same time.
    """
    [nobody] = free_ports(1)
    five = {"closed_shoppers": 5, "duration_s": 6}
    ways: dict[str, tuple[Script, dict[str, Any]]] = {
        "bare": (Script(), {}),
        "queued": (Script(polls=2, next_poll_s=0.2), {"name": "with_room", "tells_addresses": True}),
        "stalling": (Script(stalls=True), crowd_of(replace(HASTY, page_patience_s=0.3, reloads=1))),
        "absent": (Script(), {"shop_url": f"http://127.0.0.1:{nobody}", **crowd_of(replace(HASTY, reloads=0))}),
        "unended": (Script(polls=10_000), {"drain_s": 4.0, "max_in_flight": 10}),
        "closed": (Script(takes_s=0.05), {"name": "capacity", "mode": "closed", **five, **crowd_of(Behaviour())}),
    }
    *done, shared = await asyncio.gather(
        *(run(Path(mkdtemp(prefix=way)), script, **changes) for way, (script, changes) in ways.items()),
        run_shared(Path(mkdtemp(prefix="shared")), Script(), 3),
    )
    return dict(zip(ways, done, strict=True)) | {"shared": shared}


pytestmark = beside(several_ways)


@pytest.fixture(scope="module")
def runs(stage: Stage) -> dict[str, Run]:
    """
    Offer the same runs to all tests that look at what came of them.
    """
    return stage.outcome(several_ways)


def crowd(told: Run) -> list[tuple[object, ...]]:
    """
    Return who came when, and how it ended for them.
    """
    return [(shopper.i, shopper.arrival_s, shopper.outcome) for shopper in told.measures.shoppers]


def test_runs_end_in_peace(runs: dict[str, Run]) -> None:
    """
    No run that reaches its end complains or fails.
    """
    assert {(told.code, told.errors) for told in runs.values()} == {(0, "")}


def test_outcomes_sum_to_arrivals_exactly(runs: dict[str, Run]) -> None:
    """
    In every run each shopper who started has one outcome and one record.
    """
    for told in runs.values():
        measures = told.measures
        assert measures.outcomes.total == measures.arrivals == len(measures.shoppers)
        assert measures.arrivals + measures.not_started == measures.scheduled


def test_everybody_in_the_list_comes(runs: dict[str, Run]) -> None:
    """
    The shoppers are those of the seeded list, at its instants.
    """
    arrivals = [shopper.arrival_s for shopper in runs["bare"].measures.shoppers]

    assert arrivals == [arrival.at_s for arrival in PLAN.arrivals()]


def test_requests_and_orders_are_those_the_shop_saw(runs: dict[str, Run]) -> None:
    """
    The generator's counts are the shop's own.
    """
    bare = runs["bare"]

    assert bare.measures.shop_requests == sum(bare.stub.asked.values())
    assert bare.measures.outcomes.bought == len(bare.stub.orders) > 0
    assert sum(second.orders_seen for second in bare.measures.seconds) == len(bare.stub.orders)


def test_every_second_is_told_while_it_runs(runs: dict[str, Run]) -> None:
    """
    One line a second on stdout, and together the seconds are the crowd.
    """
    bare = runs["bare"]
    told = [line.second.t for line in bare.progress]

    assert told[0] == 0
    assert told == sorted(set(told))
    assert sum(second.arrivals for second in bare.measures.seconds) == bare.measures.arrivals


def test_two_runs_meet_the_same_crowd(runs: dict[str, Run]) -> None:
    """
    With the room and without it, the same people come at the same instants and buy the same products.
    """
    assert crowd(runs["bare"]) == crowd(runs["queued"])
    assert sorted(runs["bare"].stub.products) == sorted(runs["queued"].stub.products)


def test_several_workers_are_the_same_crowd_as_one(runs: dict[str, Run]) -> None:
    """
    Three generators that share a run start the very shoppers that one starts, and what they found is one result.
    """
    assert crowd(runs["shared"]) == crowd(runs["bare"])
    assert sorted(runs["shared"].stub.products) == sorted(runs["bare"].stub.products)


def test_polls_come_no_sooner_than_told_and_bear_the_position(runs: dict[str, Run]) -> None:
    """
    Shoppers ask as the page does.
    """
    stub = runs["queued"].stub

    assert min(stub.poll_gaps_s) >= 0.2
    assert sorted(set(stub.seen)) == ["1", "2"]


def test_every_wait_is_recorded(runs: dict[str, Run]) -> None:
    """
    Place, lane, polls, pass and the announced wait of each shopper who waited are known, and in order.
    """
    measures = runs["queued"].measures
    for shopper in measures.shoppers:
        assert (shopper.lane, shopper.polls, shopper.number_changed, shopper.vanished) == ("standard", 2, False, False)
        instants = (shopper.joined_s, shopper.last_waiting_s, shopper.called_s, shopper.admitted_s)
        known = [at_s for at_s in instants if at_s is not None]
        assert len(known) == 4
        assert known == sorted(known)
        assert (shopper.pass_issued_ms or 0) > measures.started_at_ms
        assert shopper.eta is not None

    assert sorted(shopper.number or 0 for shopper in measures.shoppers) == list(range(1, measures.arrivals + 1))


def test_every_shopper_is_a_browser_of_their_own(runs: dict[str, Run]) -> None:
    """
    Nobody comes with another one's cookies, and no two orders stand in one session.
    """
    stub = runs["bare"].stub

    assert stub.strays == 0
    assert len({order["session"] for order in stub.orders}) == len(stub.orders)


def test_requests_are_marked_as_a_rehearsal(runs: dict[str, Run]) -> None:
    """
    A shop can tell these requests from its customers'.
    """
    assert {headers["Waiting-Room-Rehearsal"] for headers in runs["bare"].stub.headers} == {"without_room-7"}


def test_requests_bear_an_address_each_where_it_matters(runs: dict[str, Run]) -> None:
    """
    As a proxy tells it, of each shopper their own; else nothing is sent.
    """
    told = {headers.get("X-Forwarded-For", "") for headers in runs["queued"].stub.headers}

    assert told <= {address_of(CROWD, 7, k) for k in range(runs["queued"].measures.arrivals)}
    assert len(told) > 1
    assert not any("X-Forwarded-For" in headers for headers in runs["bare"].stub.headers)


def test_pages_that_do_not_come_to_an_end_are_abandoned(runs: dict[str, Run]) -> None:
    """
    A page of which only the beginning comes is no answer: it counts as abandoned when patience ends.
    """
    measures = runs["stalling"].measures
    home = measures.pages["GET home"]

    assert measures.outcomes.gave_up_shop == measures.arrivals
    assert home.abandoned == home.requests == 2 * measures.arrivals
    assert measures.error_ratio == 1
    assert (measures.shop_p95_ms or 0) >= 300 * 0.75


def test_shop_that_is_not_there_is_told_as_such(runs: dict[str, Run]) -> None:
    """
    Connections refused are errors with a word, and no latencies.
    """
    measures = runs["absent"].measures

    assert (measures.error_ratio, measures.shop_p95_ms) == (1, None)
    assert measures.outcomes.gave_up_shop == measures.arrivals
    assert any("refused" in problem for problem in measures.problems)


def test_those_who_still_wait_at_the_end_are_unfinished(runs: dict[str, Run]) -> None:
    """
    The drain ends when its time is over, and leaves nobody out of the sums.
    """
    measures = runs["unended"].measures

    assert measures.outcomes.unfinished == measures.arrivals
    assert 5.49 <= measures.duration_s < SOON_S


def test_shoppers_beyond_the_limit_are_not_started(runs: dict[str, Run]) -> None:
    """
    The limit of shoppers at one time holds, and whoever it turns away is counted.
    """
    found = runs["unended"].measures

    assert (found.arrivals, found.not_started) == (10, found.scheduled - 10)


def test_a_limit_that_turns_shoppers_away_is_named(runs: dict[str, Run]) -> None:
    """
    Whoever reads that a smaller crowd came wants to know what to raise.
    """
    found = runs["unended"].measures

    assert found.problems["not started, as 10 were under way already (max_in_flight)"] == found.not_started


def test_start_lag_is_that_of_the_shoppers(runs: dict[str, Run]) -> None:
    """
    Every shopper's lateness is known, and nobody comes early.
    """
    measures = runs["bare"].measures
    lags = sorted(shopper.start_lag_ms for shopper in measures.shoppers)

    assert lags[0] >= 0
    assert measures.start_lag_max_ms == pytest.approx(lags[-1], abs=0.01)
    assert measures.start_lag_p50_ms == pytest.approx(lags[(len(lags) - 1) // 2], rel=0.02, abs=0.01)


def test_closed_mode_keeps_the_same_number_going_round(runs: dict[str, Run]) -> None:
    """
    Five shoppers without think times walk whole journeys one after another until the time is over.
    """
    measures, stub = runs["closed"].measures, runs["closed"].stub

    assert max(second.in_shop for second in measures.seconds) <= 5
    assert measures.arrivals > 5
    assert measures.outcomes.bought == len(stub.orders) > 0
    assert measures.outcomes.unfinished == 0


async def test_run_that_two_end_at_once_is_told_whole() -> None:
    """
    Whoever comes second waits for the first, and takes nothing before everybody's visit is closed.
    """
    async with served(Stub(Script(polls=10_000))) as url:
        arrivals, told, unfinished = await look_inside("ended_twice", url)

    assert int(arrivals) == int(told) == int(unfinished) > 0


async def test_overstrained_generator_shows_in_the_start_lag(tmp_path: Path) -> None:
    """
    Coordinated omission: asked for more than any machine can start, whoever times from the sending finds the shop
    quick. The clock from the intended moment shows the truth, and the gate calls the run invalid. Where the machine
    stood still until it was over, no page came, and it runs again.
    """
    flood = replace(CROWD, rate=Rate(((0.0, 20_000.0), (0.2, 20_000.0))))

    async def flooded() -> tuple[Measures, CellSum]:
        found = (await run(tmp_path, Script(), streams=(flood,), duration_s=0.2, drain_s=0.5)).measures
        return found, summed(cell for cell in found.cells if cell.step == "GET home")

    measures, first_pages = await flooded()
    while not first_pages.service.count:
        measures, first_pages = await flooded()

    assert (first_pages.service.percentile_ms(50) or 0) < (first_pages.latency.percentile_ms(50) or 0)
    assert not generator_of(measures, flood.rate).ok
    assert measures.not_started + measures.arrivals == measures.scheduled
    assert measures.outcomes.total == measures.arrivals


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_interruption_ends_at_once_and_keeps_what_was_found(tmp_path: Path, sign: signal.Signals) -> None:
    """
    Ctrl-C in the middle: the process waits for nobody who is on the way, and nobody is missing from the measures.
    """
    stub = Stub(Script(polls=10_000))
    async with served(stub) as url:
        endless = replace(CROWD, rate=Rate(((0.0, 30.0), (600.0, 30.0))))
        plan = replace(PLAN, shop_url=url, out=str(tmp_path / "measures.json"), streams=(endless,), duration_s=600)
        process = await start(plan)
        await wait_until(lambda: len(stub.poll_gaps_s) > 20, what="shoppers to wait")
        before_s = time.monotonic()
        process.send_signal(sign)
        told = await finish(process, plan, stub)

    assert time.monotonic() - before_s < SOON_S < plan.drain_s
    assert (told.code, told.measures.interrupted, told.errors) == (130, True, "")
    assert told.measures.outcomes.unfinished == told.measures.arrivals > 0
    assert told.measures.scheduled > told.measures.arrivals + told.measures.not_started


async def test_generator_shows_itself_to_prometheus(tmp_path: Path) -> None:
    """
    While it runs, /metrics tells arrivals, waiting shoppers and start lag under the catalogue's names.
    """
    stub = Stub(Script(polls=10_000))
    [port] = free_ports(1)

    async def exposition() -> str:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                text = await answer.text()
        except aiohttp.ClientError:
            return ""
        return "" if 'waiting_room_rehearsal_waiting{run="with_room"} 0.0' in text else text

    async with served(stub) as url:
        plan = replace(PLAN, name="with_room", shop_url=url, out=str(tmp_path / "measures.json"), metrics_port=port)
        process = await start(plan)
        text = await wait_until(exposition, what="waiting shoppers in /metrics")
        process.send_signal(signal.SIGTERM)
        await finish(process, plan, stub)

    assert 'waiting_room_rehearsal_arrivals_total{run="with_room"}' in text
    assert 'waiting_room_rehearsal_start_lag_seconds_count{run="with_room"}' in text
    assert 'waiting_room_rehearsal_shop_requests_total{outcome="ok",run="with_room"}' in text


async def test_certificates_are_read_once_for_all_shoppers() -> None:
    """
    Over TLS all shoppers share one context: reading the system's certificates for each costs 20 ms of processor time.
    """
    assert await look_inside("certificates", "https://127.0.0.1:1") == ["1"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [([], 2, "usage:"), (["none"], 3, "none: cannot be read"), (["bad"], 3, "bad.seed: is missing")],
)
async def test_bad_calls_are_refused_with_a_sentence(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    """
    Usage errors and bad plans have exit codes of their own, and say what is wrong.
    """
    (tmp_path / "bad").write_text("{}", encoding="utf-8")
    command = (sys.executable, "-m", "loadtests.engine.locust_run", *[str(tmp_path / name) for name in arguments])
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    _out, err = await process.communicate()

    assert process.returncode == code
    assert message in err.decode()
