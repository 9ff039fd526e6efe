"""
The modes of a room in every store: who passes at once, who waits, and what a gate hears.
"""

from dataclasses import replace

import pytest

from tests.store.acts import POLICY, ROOM, call, claim, pass_time, proof, tick, visitors
from tests.store.conftest import AnyStore
from waiting_room.core.phase import Phase
from waiting_room.core.standby import CALM_MS
from waiting_room.ports import ClaimCode, JoinCode

BIG = replace(POLICY, capacity=100, rate_per_minute=600, idle_timeout_s=300, max_session_s=3000)


async def passed(store: AnyStore, count: int, first: int = 1) -> int:
    """
    Let *count* newcomers join at once; return how many went straight in.
    """
    replies = await store.join(ROOM, "standard", visitors(count, first))
    return sum(reply.code is JoinCode.STRAIGHT for reply in replies)


async def gate_says_straight(store: AnyStore) -> bool:
    """
    Return what a gate hears of newcomers.
    """
    return (await store.touch(ROOM, {}, [])).straight


async def test_standby_lets_a_crowd_pass_that_a_queue_would_pace(store: AnyStore) -> None:
    """Ten seconds of the rate may come in one moment; in the mode of a queue, one tick of it may."""
    await store.configure(ROOM, replace(BIG, mode="standby"))
    pass_time(store, 20_000)

    assert await gate_says_straight(store)
    assert await passed(store, 79) == 79
    await store.configure(ROOM, BIG)
    pass_time(store, 20_000)
    assert await passed(store, 10, 200) == 2


async def test_standby_queues_from_the_threshold_of_seats_on(store: AnyStore) -> None:
    """Nobody overtakes the first one who must wait, and those after are paced as in any queue."""
    await store.configure(ROOM, replace(BIG, mode="standby", standby_seats=0.3))
    pass_time(store, 20_000)
    assert await passed(store, 40) == 30
    after = await store.snapshot(ROOM)

    assert (after.waiting, after.crowded_ms) == (10, after.now_ms)
    assert after.tokens <= 2.5
    assert not await gate_says_straight(store)
    assert (await proof(store)).flaws == ()


async def test_standby_queues_when_more_come_than_the_rate_allows(store: AnyStore) -> None:
    """Ten seconds' worth in a moment, and not one more."""
    await store.configure(ROOM, replace(BIG, mode="standby", capacity=1000))
    pass_time(store, 60_000)

    assert await passed(store, 150) == 100


async def test_standby_lets_everybody_pass_again_when_it_is_calm(store: AnyStore) -> None:
    """Those who waited went in by their turn, nobody has waited for ten seconds, and the crowd may come again."""
    await store.configure(ROOM, replace(BIG, mode="standby", standby_seats=0.3))
    pass_time(store, 20_000)
    await passed(store, 33)
    seats = [f"standard.{rank}" for rank in range(1, 31)]
    await store.touch(ROOM, {}, seats)
    await call(store, 3)
    for rank in (31, 32, 33):
        pass_time(store, 1000)
        assert await claim(store, rank) is ClaimCode.ADMITTED
    crowded = []
    for _ in range(100):
        pass_time(store, 1000)
        await tick(store)
        crowded.append((await store.snapshot(ROOM)).crowded_ms > 0)

    assert CALM_MS / 1000 <= crowded.count(True) <= 60
    assert crowded == sorted(crowded, reverse=True)
    assert await passed(store, 20, 200) == 20
    assert (await proof(store)).flaws == ()


async def test_hold_lets_everybody_join_and_nobody_in(store: AnyStore) -> None:
    """Neither straight nor by a call; called ones keep their right, and a queue begins where it ends."""
    await store.configure(ROOM, POLICY)
    await store.set_phase(ROOM, Phase.PAUSED)
    await store.join(ROOM, "standard", ["v1"])
    await store.set_phase(ROOM, Phase.OPEN)
    await call(store, 1)
    await store.configure(ROOM, replace(POLICY, mode="hold"))

    assert await passed(store, 5, 2) == 0
    assert await claim(store, 1) is ClaimCode.PAUSED
    assert not await gate_says_straight(store)
    await tick(store)
    assert (await store.snapshot(ROOM)).standard.frontier == 2
    await store.configure(ROOM, POLICY)
    assert await claim(store, 1) is ClaimCode.ADMITTED


async def test_in_shadow_everybody_passes_and_the_room_says_what_it_would_have_done(store: AnyStore) -> None:
    """Fifty come to three seats in a moment: all pass, and 47 would have waited as long as it takes."""
    await store.configure(ROOM, replace(POLICY, mode="shadow"))
    await tick(store)
    assert await gate_says_straight(store)
    assert await passed(store, 50) == 50
    for _ in range(20):
        pass_time(store, 250)
        await tick(store)
    after = await store.snapshot(ROOM)

    assert (after.seats, after.seats_over, after.tokens > 0) == (50, 0, True)
    assert after.shadow is not None
    assert (after.shadow.came, round(after.shadow.waiting)) == (50, 47)
    assert 47 <= after.shadow.waited <= 50
    assert after.shadow.longest_wait_ms == pytest.approx(5000, abs=300)
    assert (await proof(store)).flaws == ()


async def test_shadow_lets_those_pass_who_waited_before(store: AnyStore) -> None:
    """They are called at the next step and claim without pace or seats."""
    await store.configure(ROOM, POLICY)
    await store.set_phase(ROOM, Phase.PAUSED)
    await store.join(ROOM, "standard", visitors(9))
    await store.set_phase(ROOM, Phase.OPEN)
    await store.configure(ROOM, replace(POLICY, mode="shadow"))
    await tick(store)

    assert [await claim(store, rank) for rank in range(1, 10)] == [ClaimCode.ADMITTED] * 9


async def test_after_the_shadow_the_room_bounds_again(store: AnyStore) -> None:
    """Those inside stay; nobody enters until seats are free, and the bucket was not overdrawn."""
    await store.configure(ROOM, replace(POLICY, mode="shadow"))
    await passed(store, 50)
    await tick(store)
    await store.configure(ROOM, POLICY)
    await store.touch(ROOM, {}, [f"standard.{rank}" for rank in range(1, 50)])
    pass_time(store, 1000)
    after = await store.snapshot(ROOM)

    assert (after.seats, after.shadow) == (1, None)
    assert await passed(store, 5, 100) == 2
    assert (await proof(store)).flaws == ()


@pytest.mark.parametrize("phase", [Phase.CLOSED, Phase.DRAINING, Phase.PAUSED])
async def test_an_operators_phase_counts_in_every_mode(store: AnyStore, phase: Phase) -> None:
    """Who closes a room in shadow has closed it."""
    for mode in ("shadow", "standby", "hold"):
        await store.configure(ROOM, replace(POLICY, mode=mode))
        await store.set_phase(ROOM, phase)

        assert await passed(store, 2) == 0
        assert not await gate_says_straight(store)
