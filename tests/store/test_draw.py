"""
The pre-queue and its draw, on both stores.
"""

import pytest

from tests.store.acts import POLICY, ROOM, call, check_in, claim, lose, pass_time, rotate, visitors
from tests.store.conftest import START_MS, AnyStore
from waiting_room.core.draw import Draw, Order, commitment
from waiting_room.core.opening import Opening, opening_of
from waiting_room.core.phase import Phase
from waiting_room.core.plan import plan
from waiting_room.core.snapshot import LaneSnapshot
from waiting_room.ports import Claim, ClaimCode, JoinCode

SEED, OTHER = "ab" * 32, "cd" * 32


async def gather(store: AnyStore, *names: str, source: str = "", opens_at_ms: int | None = None) -> None:
    """
    Begin a pre-queue with a promise, and let *names* join it.
    """
    await store.configure(ROOM, POLICY)
    await store.set_phase(ROOM, Phase.PREQUEUE)
    assert await store.promise(ROOM, SEED, source, opens_at_ms)
    if names:
        await store.join(ROOM, "standard", names)


async def standard(store: AnyStore) -> LaneSnapshot:
    """
    Return the lane.
    """
    return (await store.snapshot(ROOM)).standard


def order(size: int, first: int = 1, beacon: str = "") -> Order:
    """
    Return the order that the draw gives.
    """
    return Order(Draw(SEED, commitment(SEED), beacon, "standard", first, size))


async def test_who_joins_a_pre_queue_gets_a_number_and_no_rank(store: AnyStore) -> None:
    """
    A retried join keeps it; nobody goes straight in though seats are free.
    """
    await gather(store)
    first = await store.join(ROOM, "standard", visitors(2))
    again = await store.join(ROOM, "standard", visitors(2))

    assert [reply.code for reply in first] == [JoinCode.EARLY, JoinCode.EARLY]
    assert [(reply.code, reply.number) for reply in again] == [(JoinCode.SAME, 1), (JoinCode.SAME, 2)]
    assert (await standard(store)).early_from == 1


async def test_the_opening_orders_all_who_have_a_number_by_one_write(store: AnyStore) -> None:
    """
    Their ranks are those of the published draw; whoever comes later has the next number as rank.
    """
    await gather(store, *visitors(10))
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    await store.join(ROOM, "standard", ["late"])
    lane = await standard(store)

    assert [lane.rank_of(number) for number in range(1, 12)] == [*map(order(10).rank_of, range(1, 11)), 11]
    assert (lane.early_from, (await store.snapshot(ROOM)).promise) == (0, None)


async def test_the_draw_that_was_held_is_known_in_full(store: AnyStore) -> None:
    """
    Seed, beacon, announcement, time, first number and size of each lane.
    """
    await gather(store, *visitors(3), source="drand 5")
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening("8e5c1b"))
    drawn = (await store.snapshot(ROOM)).draws[-1]

    assert (drawn.round, drawn.at_ms, drawn.seed, drawn.source, drawn.beacon) == (
        1,
        START_MS,
        SEED,
        "drand 5",
        "8e5c1b",
    )
    assert drawn.lanes == (("standard", 1, 3),)


async def test_the_first_promise_is_kept(store: AnyStore) -> None:
    """
    Neither the seed nor the announcement can be exchanged; the time of the opening can be set anew.
    """
    await gather(store, source="drand 5", opens_at_ms=START_MS + 1000)
    await store.set_phase(ROOM, Phase.PREQUEUE)
    await store.promise(ROOM, OTHER, "another", START_MS + 2000)
    await store.promise(ROOM, OTHER, "", None)
    snapshot = await store.snapshot(ROOM)

    assert snapshot.promise is not None
    assert (snapshot.promise.seed, snapshot.promise.source) == (SEED, "drand 5")
    assert snapshot.opens_at_ms == START_MS + 2000


async def test_nothing_is_promised_where_nobody_gathers(store: AnyStore) -> None:
    """
    An open room has no draw to come.
    """
    await store.configure(ROOM, POLICY)

    assert not await store.promise(ROOM, SEED, "", None)
    assert (await store.snapshot(ROOM)).promise is None


async def test_all_who_were_drawn_count_as_present_until_a_slot_has_passed(store: AnyStore) -> None:
    """
    After that, who has checked in by their rank.
    """
    await gather(store, *visitors(10))
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening(slot_ms=40_000, no_show=0.25))
    at_once = await store.snapshot(ROOM)
    await store.flush(ROOM, "standard", {0: bytes([0b01010000])}, 0, 1)
    meanwhile = (await standard(store)).waiting
    await rotate(store)
    after = await standard(store)

    assert (at_once.waiting, at_once.assumed, at_once.slot_ms, at_once.no_show) == (10, True, 40_000, 0.25)
    assert at_once.slot_at_ms == START_MS
    assert (meanwhile, after.waiting) == (10, 2)
    assert after.presence.holds(1)
    assert after.presence.holds(3)


async def test_a_check_in_of_before_the_draw_sets_no_bit_after_it(store: AnyStore) -> None:
    """
    Its bits are numbers, which are other people's ranks now: late ones and retried ones are left out.
    """
    await gather(store, *visitors(10))
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    await check_in(store, 1, 2, 3)
    await rotate(store)

    assert (await standard(store)).waiting == 0


async def test_a_leave_of_before_the_draw_takes_nobody_elses_place(store: AnyStore) -> None:
    """
    The caller is told to look again.
    """
    await gather(store, *visitors(3))
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    frontier = await call(store, 1)
    assert await store.claim(ROOM, [Claim("standard", frontier - 1, "v2", 2)])

    assert await store.leave(ROOM, "standard", frontier - 1, "v1", 0) is None
    assert await store.leave(ROOM, "standard", frontier - 1, "v2", 1) is True


async def test_a_retried_join_finds_the_seat_that_a_drawn_rank_has_got(store: AnyStore) -> None:
    """
    Number and rank are two things from the draw on.
    """
    await gather(store, *visitors(3))
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    number = next(number for number in (1, 2, 3) if order(3).rank_of(number) != number)
    rank = order(3).rank_of(number)
    await call(store, 3)
    won = await store.claim(ROOM, [Claim("standard", rank, f"v{number}", number)])
    again = await store.join(ROOM, "standard", [f"v{number}"])

    assert won[0].code is ClaimCode.ADMITTED
    assert (again[0].code, again[0].number) == (JoinCode.STRAIGHT, number)


async def test_a_pre_queue_admits_nobody(store: AnyStore) -> None:
    """
    Not even who was called before it began.
    """
    await store.configure(ROOM, POLICY)
    await store.set_phase(ROOM, Phase.PAUSED)
    await store.join(ROOM, "standard", visitors(2))
    await call(store, 1)
    await store.set_phase(ROOM, Phase.PREQUEUE)

    assert await claim(store, 1) is ClaimCode.PAUSED


async def test_who_waited_before_the_pre_queue_goes_before_those_drawn(store: AnyStore) -> None:
    """
    A room that was in use draws among those who came for the opening, and nobody loses a place.
    """
    await store.configure(ROOM, POLICY)
    await store.set_phase(ROOM, Phase.PAUSED)
    await store.join(ROOM, "standard", visitors(5))
    await store.set_phase(ROOM, Phase.PREQUEUE)
    await store.promise(ROOM, SEED, "", None)
    await store.join(ROOM, "standard", visitors(5, 6))
    early_from = (await standard(store)).early_from
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    lane = await standard(store)

    assert early_from == 6
    assert [lane.rank_of(number) for number in range(1, 6)] == [1, 2, 3, 4, 5]
    assert [lane.rank_of(number) for number in range(6, 11)] == [*map(order(5, 6).rank_of, range(6, 11))]
    assert lane.waiting == 10


async def test_a_second_draw_leaves_the_first_ones_order(store: AnyStore) -> None:
    """
    A ticket lives a day, and so long the draw counts that ordered it.
    """
    await gather(store, *visitors(5))
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    await gather(store, *visitors(5, 6))
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    snapshot = await store.snapshot(ROOM)

    assert [drawn.lanes for drawn in snapshot.draws] == [(("standard", 1, 5),), (("standard", 6, 5),)]
    assert sorted(map(snapshot.standard.rank_of, range(1, 6))) == [1, 2, 3, 4, 5]
    assert sorted(map(snapshot.standard.rank_of, range(6, 11))) == [6, 7, 8, 9, 10]


async def test_a_draw_of_more_than_a_day_ago_is_forgotten_at_the_next_one(store: AnyStore) -> None:
    """
    Nobody's ticket is of its time any more.
    """
    await gather(store, *visitors(5))
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    store.now_ms = START_MS + 86_400_001
    await gather(store, *visitors(2, 6))
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())

    assert [drawn.round for drawn in (await store.snapshot(ROOM)).draws] == [2]


async def test_an_interrupted_pre_queue_is_drawn_when_it_opens(store: AnyStore) -> None:
    """
    Neither a pause nor a closing in between costs anybody their part in it.
    """
    await gather(store, *visitors(3))
    for phase in (Phase.PAUSED, Phase.CLOSED):
        await store.set_phase(ROOM, phase)
        assert (await standard(store)).early_from == 1
    await store.set_phase(ROOM, Phase.DRAINING, opening=Opening())

    assert (await store.snapshot(ROOM)).draws[-1].lanes == (("standard", 1, 3),)


async def test_a_step_that_was_planned_before_the_opening_is_refused(store: AnyStore) -> None:
    """
    It would turn bitmaps that are nobody's any more.
    """
    await gather(store, *visitors(3))
    step = plan(await store.snapshot(ROOM), "test")
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())

    assert step is not None
    assert not await store.advance(ROOM, step)


@pytest.mark.parametrize("phase", [Phase.PREQUEUE, Phase.OPEN])
async def test_a_lost_room_is_put_back_with_its_draw(store: AnyStore, phase: Phase) -> None:
    """
    Promise or draw, announcement, opening and ranks are as they were.
    """
    await gather(store, *visitors(10), source="drand 5", opens_at_ms=START_MS + 5000)
    await store.set_phase(ROOM, phase, opening=Opening("8e5c1b"))
    last = await store.snapshot(ROOM)
    await lose(store)
    assert await store.restore(last, {"standard": 10})
    found = await store.snapshot(ROOM)

    assert (found.phase, found.promise, found.draws) == (phase, last.promise, last.draws)
    assert (found.opens_at_ms, found.round) == (last.opens_at_ms, last.round)
    assert found.standard.early_from == last.standard.early_from
    assert [found.standard.rank_of(number) for number in range(1, 11)] == [
        last.standard.rank_of(number) for number in range(1, 11)
    ]
    assert found.waiting == 10


async def test_a_store_that_lost_the_opening_learns_of_it_from_a_worker(store: AnyStore) -> None:
    """
    A replica that missed the last write still gathers; who has seen the draw puts it back, and it counts once.
    """
    await gather(store, *visitors(10))
    before = await store.snapshot(ROOM)
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    after = await store.snapshot(ROOM)
    await lose(store)
    await store.restore(before, {})
    await store.restore(after, {})
    await store.restore(before, {})
    found = await store.snapshot(ROOM)

    assert (found.phase, found.draws, found.promise) == (Phase.OPEN, after.draws, None)
    assert found.standard.early_from == 0


async def test_a_room_that_is_lost_right_after_its_draw_begins_the_slot_anew(store: AnyStore) -> None:
    """
    All who were drawn count as present again, and then only those of whom a check-in was put back or has come since.
    """
    await gather(store, *visitors(10))
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    await store.flush(ROOM, "standard", {0: bytes([0b01000000])}, 0, 1)
    last = await store.snapshot(ROOM)
    await lose(store)
    pass_time(store, 3000)
    await store.restore(last, {"standard": 10})
    meanwhile = await store.snapshot(ROOM)
    await store.flush(ROOM, "standard", {0: bytes([0b00010000])}, 0, 1)
    await rotate(store)
    after = (await standard(store)).presence

    assert (meanwhile.waiting, meanwhile.assumed, meanwhile.slot_at_ms) == (10, True, START_MS + 3000)
    assert [rank for rank in range(1, 11) if after.holds(rank)] == [1, 3]


async def test_the_opening_expects_those_who_are_there(store: AnyStore) -> None:
    """
    Who joined and has gone away since is the first measure of no-shows.
    """
    await gather(store, *visitors(10))
    await rotate(store)
    await check_in(store, 1, 2, 3, 4)
    await rotate(store)
    opening = opening_of(await store.snapshot(ROOM))

    assert opening.no_show == pytest.approx(0.6)


async def test_who_closes_a_room_takes_back_the_time_of_its_opening(store: AnyStore) -> None:
    """
    A later pre-queue does not end at once, at a time that has long passed.
    """
    await gather(store, opens_at_ms=START_MS + 1000)
    await store.set_phase(ROOM, Phase.CLOSED)
    await store.set_phase(ROOM, Phase.PREQUEUE)

    assert (await store.snapshot(ROOM)).opens_at_ms == 0
