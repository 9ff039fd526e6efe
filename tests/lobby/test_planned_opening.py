"""
An opening that is planned anew while people gather for it, and one that the operator has set.
"""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from tests.lobby.clock import timeless
from tests.lobby.house import POLICY, ROOM, START_MS, House, house
from waiting_room.core.calendar import Entry, local_text
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy


async def plan(home: House, *entries: tuple[int, str]) -> None:
    """
    Let the operator plan other entries, each some seconds after the start; all workers have heard of it.
    """
    await home.workers[0].lobby.configure(ROOM, scheduled(entries))
    for other in home.workers:
        await other.lobby.refresh(ROOM)


def scheduled(entries: Iterable[tuple[int, str]]) -> Policy:
    """
    Return the policy with a schedule.
    """
    return replace(
        POLICY, schedule=tuple(Entry(local_text(START_MS + 1000 * second, "UTC"), do) for second, do in entries)
    )


async def opens_at_s(home: House) -> float | None:
    """
    Return how many seconds after the start the room will open, as visitors are told.
    """
    seen = await home.see()
    return None if seen.opens_in_ms is None else (seen.now_ms + seen.opens_in_ms - START_MS) / 1000


async def planned_prequeue() -> House:
    """
    Return a room in its fifth second: by its schedule it gathers since the third, and is to open at the fourteenth.
    """
    home = await house(scheduled([(3, "prequeue"), (14, "open")]), size=2)
    await home.live(5)
    return home


@timeless
async def test_an_opening_that_is_postponed_in_the_pre_queue_happens_at_the_new_time_only() -> None:
    """
    The countdown follows at once, the seed stays secret at the old time, and the room opens by itself at the new one.
    """
    home = await planned_prequeue()
    before = await opens_at_s(home)
    await plan(home, (60, "open"))
    after = await opens_at_s(home)
    await home.live(20)
    at_the_old_time = await home.see()
    await home.live(40)

    assert (before, after) == (14, 60)
    assert (at_the_old_time.phase, at_the_old_time.draws) == (Phase.PREQUEUE, ())
    assert (await home.see()).draws[-1].at_ms == pytest.approx(START_MS + 60_000, abs=500)


@timeless
async def test_an_opening_that_is_brought_forward_happens_at_the_new_time() -> None:
    """
    Nobody waits for the old one.
    """
    home = await planned_prequeue()
    await plan(home, (3, "prequeue"), (8, "open"))
    await home.live(4)

    assert (await home.see()).draws[-1].at_ms == pytest.approx(START_MS + 8000, abs=500)


@timeless
async def test_a_pre_queue_whose_opening_is_taken_out_gathers_until_it_is_opened() -> None:
    """
    No time is told, and none comes.
    """
    home = await planned_prequeue()
    await plan(home)
    told_ = await opens_at_s(home)
    await home.live(20)

    assert (told_, (await home.see()).phase) == (None, Phase.PREQUEUE)


@timeless
async def test_the_operators_own_time_holds_against_the_schedule() -> None:
    """
    The planned opening before it does not happen, and other settings leave it as it is.
    """
    home = await planned_prequeue()
    await home.workers[0].lobby.prequeue(ROOM, START_MS + 30_000)
    await plan(home, (3, "prequeue"), (14, "open"), (90, "close"))
    await home.live(15)
    at_the_planned_time = (await home.see()).phase
    told_ = await opens_at_s(home)
    await home.live(15)

    assert (at_the_planned_time, told_) == (Phase.PREQUEUE, 30)
    assert (await home.see()).draws[-1].at_ms == pytest.approx(START_MS + 30_000, abs=500)


@timeless
async def test_whoever_plans_another_opening_ends_their_own_time() -> None:
    """
    The last word holds; taking a planned one out is none.
    """
    home = await planned_prequeue()
    await home.workers[0].lobby.prequeue(ROOM, START_MS + 30_000)
    await plan(home)
    kept = await opens_at_s(home)
    await plan(home, (60, "open"))

    assert (kept, await opens_at_s(home)) == (30, 60)


@timeless
async def test_an_opening_that_waits_for_its_beacon_is_not_told_as_another_days() -> None:
    """
    Its time has come, and the next one that is planned is not this draw's.
    """
    home = await house(scheduled([(3, "prequeue"), (14, "open"), (50, "close"), (80, "open")]))
    await home.live(5)
    await home.workers[0].lobby.promise(ROOM, source="drand 5")
    await home.live(15)
    seen = await home.see()

    assert (seen.phase, seen.opens_in_ms) == (Phase.PREQUEUE, 0)
