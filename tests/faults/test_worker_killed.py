"""
One of two workers is killed with -9, and later the service is asked to stop, while visitors poll and claim.
"""

import asyncio
import os
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from loadtests.measuring.fairness import over_admissions
from tests.beside import Stage, beside
from tests.faults.service import Service, serving
from tests.faults.visitors import LOST, TIME_OUT, Crowd, Visitor, crowd_at
from tests.waiting import wait_until
from waiting_room.store.embedded import EmbeddedValkey

CROWD = 600
RATE_PER_S = 10
BEFORE_S = 3.0
AFTER_S = 9.0
FORGOTTEN_S = 2.0
"""After the kill: whoever was on the way in is in by then."""
STRETCH_S = 3.0
BACK_WITHIN_S = 25.0
"""Some seconds are enough on a machine that does nothing else."""
TRIES = 5
PATIENCE_S = 60
"""Some seconds are enough on a machine that does nothing else."""
KNOCKS = 16
"""Connections that find each of the two workers, but for once in thirty thousand times."""

CLAIMS = 40

POLICY: dict[str, Any] = {
    "capacity": 10_000,
    "rate_per_minute": RATE_PER_S * 60,
    "poll_min_s": 0.5,
    "poll_max_s": 2.0,
}


@dataclass
class Drill:
    """
    Hold what became of everybody; *late* counts the answers to claims that were held when the stop was asked for.
    """

    crowd: Crowd
    killed_s: float = 0.0
    failed_by_the_kill: dict[Visitor, int] = field(default_factory=dict)
    late: Counter[int] = field(default_factory=Counter)
    stopped_with: int | None = None


def unheard(made: Drill) -> list[Visitor]:
    """
    Return who is not in and has heard nothing since the kill.
    """
    return [v for v in made.crowd.visitors if v.admitted_s is None and v.states[-1][0] <= made.killed_s]


def at_pace(made: Drill) -> bool:
    """
    Tell whether there were three seconds since the kill in which people came in at the pace that is set.
    """
    since_s = made.killed_s + FORGOTTEN_S
    times = [at_s for visitor in made.crowd.visitors if (at_s := visitor.admitted_s or 0.0) >= since_s]
    best = max((sum(first <= at_s < first + STRETCH_S for at_s in times) for first in times), default=0)
    return best >= 0.8 * RATE_PER_S * STRETCH_S


async def drill() -> Drill:
    """
    Let a crowd wait at two workers, kill one, go on for a while, then stop the service in the middle of claims.
    """
    with EmbeddedValkey() as valkey, serving(valkey.url, workers=2, **POLICY) as service:
        async with crowd_at(service) as crowd:
            made = Drill(crowd)
            crowd.send(Visitor(stays_s=600) for _ in range(CROWD))
            await wait_until(
                lambda: all(visitor.numbers for visitor in crowd.visitors), PATIENCE_S, "everybody to have a place"
            )
            await crowd.go_on_until(crowd.now_s() + BEFORE_S)
            made.killed_s = crowd.now_s()
            os.kill(service.pids[0], signal.SIGKILL)
            await crowd.go_on_until(made.killed_s + AFTER_S)
            with suppress(AssertionError):
                await wait_until(lambda: at_pace(made), BACK_WITHIN_S, "the pace to be back")
            await wait_until(lambda: not unheard(made), PATIENCE_S, "everybody to hear from the service again")
            made.failed_by_the_kill = {visitor: visitor.failed for visitor in crowd.visitors}
            await crowd.go_home()
            await stop_while_claiming(made, service)
        return made


async def stop_while_claiming(made: Drill, service: Service) -> None:
    """
    Send claims of many who are called, more than the pace lets in, and SIGTERM while they are held at the door.
    """
    waiting = sorted((v for v in made.crowd.visitors if v.admitted_s is None), key=lambda visitor: visitor.number)
    sent: list[object] = []

    async def note(*of: object) -> None:
        sent.append(of)

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(note)
    options: dict[str, Any] = {"timeout": TIME_OUT, "cookie_jar": aiohttp.DummyCookieJar(), "trace_configs": [trace]}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), **options) as session:
        # A claim is held for a second and a half: where the machine stood still for so long, all are made once more.
        for _ in range(TRIES):
            sent.clear()
            claims = [asyncio.create_task(claim(session, service, visitor)) for visitor in waiting[:CLAIMS]]
            await wait_until(lambda: len(sent) >= CLAIMS, what="all claims to be sent")
            # Connections are taken in the order in which they came: who answers one that came later has taken these.
            await asyncio.gather(*(knock(service) for _ in range(KNOCKS)))
            if any(not task.done() for task in claims):
                break
        else:
            raise AssertionError("no claim was held")
        service.process.terminate()
        made.late.update(await asyncio.gather(*claims))
        made.stopped_with = await asyncio.to_thread(service.process.wait, PATIENCE_S)


async def knock(service: Service) -> None:
    """
    Be answered by one of the workers, over a connection of its own.
    """
    async with aiohttp.request("GET", f"{service.url}/healthz", timeout=TIME_OUT) as answer:
        assert answer.status == 200


async def claim(session: aiohttp.ClientSession, service: Service, visitor: Visitor) -> int:
    """
    Return the status of the answer to a claim.
    """
    try:
        async with session.post(f"{service.room_url}/claim", headers=visitor.headers) as answer:
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, TimeoutError):
        return LOST


pytestmark = beside(drill)


@pytest.fixture(scope="module")
def fallen(stage: Stage) -> Drill:
    """
    Play the drill once for all facts.
    """
    return stage.outcome(drill)


def test_at_most_one_request_of_each_fails(fallen: Drill) -> None:
    """
    A visitor whose worker dies has at most one call to repeat.
    """
    assert max(fallen.failed_by_the_kill.values()) <= 1


def test_nobody_loses_the_place(fallen: Drill) -> None:
    """
    The number is in the ticket: the other worker knows it.
    """
    assert [visitor.numbers for visitor in fallen.crowd.visitors if len(visitor.numbers) != 1] == []


def test_everybody_is_answered_after_the_kill(fallen: Drill) -> None:
    """
    Nobody was left behind: all heard from the other worker, or were in already.
    """
    assert unheard(fallen) == []


def test_admissions_go_on(fallen: Drill) -> None:
    """
    Whichever worker held the lease: the other takes the next steps, and the pace is back within some seconds: by the
    best three of them, since a busy machine lowers the mean.
    """
    assert at_pace(fallen)


def test_nobody_is_overtaken(fallen: Drill) -> None:
    """
    The order of calls holds over the change of controllers.
    """
    assert fallen.crowd.overtaken() == 0


def test_what_was_accepted_is_answered(fallen: Drill) -> None:
    """
    Claims that were held at the door when the service was asked to stop got their answer, none a 5xx.
    """
    assert fallen.late == {200: CLAIMS}


def test_the_service_stops_in_peace(fallen: Drill) -> None:
    """
    After a killed worker and a stop under load the exit code is 0.
    """
    assert fallen.stopped_with == 0


def test_no_window_holds_more_than_the_rate_allows(fallen: Drill) -> None:
    """
    Of all passes of the drill, in 1, 10 and 60 seconds never more than rate times window and one tick's burst.
    """
    assert over_admissions(fallen.crowd.passes_ms(), rate_per_s=RATE_PER_S) == 0
