"""
The pace of the door with a crowd that polls and claims as told, in rooms of different speed and with different crowds.

On a clock that is moved; `tests/faults/test_pace.py` holds the same of the real service.
"""

import asyncio
from bisect import bisect_left
from random import Random
from typing import Any

import pytest

from tests.lobby.clock import run, trip
from tests.lobby.house import ROOM, House, house
from waiting_room.core.outcomes import Admitted, Called

WARM_UP_MS = 10_000
WINDOW_MS = 10_000
SECONDS = 30
LAG_S = 0.05


async def go(home: House, name: str, random: Random, no_show: float, passes_ms: list[int]) -> None:
    """
    Join, poll as told, and claim when called; some of those who are called have gone away.
    """
    await trip(random.random())
    home.clock_ms()
    lobby, faithful, claimed = home.workers[0].lobby, random.random() >= no_show, False
    outcome, ticket = await home.workers[0].join(name)
    assert ticket is not None
    while not isinstance(outcome, Admitted):
        is_called = isinstance(outcome, Called)
        if is_called and not faithful:
            return
        if not is_called or claimed:
            await trip(getattr(outcome, "next_poll_ms", 0) / 1000)
        await trip(random.uniform(0, 2 * LAG_S))
        home.clock_ms()
        outcome = await lobby.claim(ROOM, ticket) if is_called else lobby.status(ROOM, ticket)
        claimed = is_called
    passes_ms.append(outcome.issued_ms)


async def day(rate_per_s: int, poll_min_s: float, no_show: float) -> list[int]:
    """
    Return when the passes of a crowd were issued that is larger than what can go in.
    """
    policy: dict[str, Any] = {"poll_min_s": poll_min_s, "poll_max_s": 10.0, "poll_budget_per_s": 10_000}
    home = await house(capacity=1_000_000, rate_per_minute=60 * rate_per_s, **policy)
    random, passes_ms = Random(rate_per_s), list[int]()
    crowd = range(int(1.7 * rate_per_s * SECONDS / (1 - no_show)))
    tasks = [asyncio.create_task(go(home, f"v{number}", random, no_show, passes_ms)) for number in crowd]
    await home.live(SECONDS)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return sorted(passes_ms)


@pytest.mark.parametrize(
    ("rate_per_s", "poll_min_s", "no_show"),
    [(10, 2.0, 0.1), (40, 1.0, 0.2), (40, 2.0, 0.0), (40, 5.0, 0.1), (100, 2.0, 0.1)],
)
def test_admissions_keep_the_set_rate(rate_per_s: int, poll_min_s: float, no_show: float) -> None:
    """
    Over every ten seconds within 2 %, whatever the speed, the polls and the share of those who stay away.

    Calling by the rate alone let in 85 to 97 % where polls are two seconds apart, as they are by default.
    """
    times = run(day(rate_per_s, poll_min_s, no_show))
    starts = range(times[0] + WARM_UP_MS, times[-1] - WINDOW_MS, 250)
    counts = [bisect_left(times, start + WINDOW_MS) - bisect_left(times, start) for start in starts]
    due = rate_per_s * WINDOW_MS / 1000

    assert counts
    assert 0.98 * due <= min(counts)
    assert max(counts) <= 1.02 * due
