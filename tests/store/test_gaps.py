"""
Numbers that a loss has left out, and a draw that takes them with all others.
"""

import pytest

from tests.store.acts import ROOM, call, lose, pass_time, visitors
from tests.store.conftest import AnyStore
from tests.store.test_draw import gather, standard
from waiting_room.core.opening import Opening
from waiting_room.core.phase import Phase
from waiting_room.core.plan import MARK_STEP, RECOVERY_MS
from waiting_room.core.prequeue import Gap
from waiting_room.core.presence import CheckIns
from waiting_room.core.snapshot import Snapshot
from waiting_room.store.memory_lane import GAPS_KEPT
from waiting_room.store.memory_room import RECENT_MS


async def lose_and_restore(store: AnyStore, highest: int, last: Snapshot | None = None) -> None:
    """
    Lose everything; one worker puts it back as it is, or was in *last*, and knows of the number *highest*; wait until
    joins go on.
    """
    last = last or await store.snapshot(ROOM)
    await lose(store)
    assert await store.restore(last, {"standard": highest})
    pass_time(store, RECOVERY_MS)


async def test_numbers_that_a_loss_left_out_are_kept(store: AnyStore) -> None:
    """
    From the one after the highest that is known up to the mark.
    """
    await gather(store, *visitors(10))
    await lose_and_restore(store, 12)

    assert (await standard(store)).gaps == (Gap(13, MARK_STEP),)


async def test_numbers_that_nobody_bears_count_for_nobody_in_the_slot_of_a_draw(store: AnyStore) -> None:
    """
    After two losses in a pre-queue the 100,000 numbers that they left out are drawn, and wait for nothing.
    """
    await gather(store, *visitors(10))
    await lose_and_restore(store, 10)
    await store.join(ROOM, "standard", visitors(5, 11))
    await lose_and_restore(store, MARK_STEP + 5)
    await store.join(ROOM, "standard", visitors(2, 16))
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    lane = await standard(store)
    numbers = [*range(1, 11), *range(MARK_STEP + 1, MARK_STEP + 6), 2 * MARK_STEP + 1, 2 * MARK_STEP + 2]

    assert lane.waiting == 17
    assert all(lane.presence.holds(lane.rank_of(number)) for number in numbers)


async def test_whoever_bears_a_number_that_was_left_out_counts_from_the_first_check_in_on(store: AnyStore) -> None:
    """
    The number was given in the moment before the loss, and no worker that was asked knew of it.
    """
    await gather(store, *visitors(9))
    last = await store.snapshot(ROOM)
    await store.join(ROOM, "standard", ["v10"])
    await lose_and_restore(store, 9, last)
    await store.set_phase(ROOM, Phase.OPEN, opening=Opening())
    lane = await standard(store)
    here = CheckIns()
    here.add(lane.rank_of(10))
    await store.flush(ROOM, "standard", here.chunks(), 10, 1)

    assert (lane.waiting, (await standard(store)).waiting) == (9, 10)


async def test_a_worker_that_puts_the_room_back_later_adds_the_gaps_it_knows_of(store: AnyStore) -> None:
    """
    Each once, however often it is told.
    """
    await gather(store, *visitors(10))
    older = await store.snapshot(ROOM)
    await lose_and_restore(store, 10)
    newer = await store.snapshot(ROOM)
    await lose(store)
    for last in (older, newer, newer):
        await store.restore(last, {"standard": 10})

    assert (await standard(store)).gaps == (Gap(11, MARK_STEP), Gap(MARK_STEP + 1, 2 * MARK_STEP))


async def test_only_the_latest_gaps_are_kept(store: AnyStore) -> None:
    """
    A room may live for years, and be restarted often.
    """
    await gather(store)
    for _ in range(GAPS_KEPT + 2):
        await lose_and_restore(store, 0)
    gaps = (await standard(store)).gaps

    assert (len(gaps), gaps[-1].high) == (GAPS_KEPT, (GAPS_KEPT + 2) * MARK_STEP)


@pytest.mark.parametrize(
    ("after_ms", "first"), [(RECENT_MS - RECOVERY_MS - 1, 1), (RECENT_MS - RECOVERY_MS, 2 * MARK_STEP + 1)]
)
async def test_a_pre_queue_that_a_loss_has_undone_is_drawn_from_where_it_began(
    store: AnyStore, after_ms: int, first: int
) -> None:
    """
    Two were told that they would be drawn, and all that is remembered is of the moment before: within an hour they are.
    """
    await gather(store)
    await store.set_phase(ROOM, Phase.OPEN)
    await store.set_phase(ROOM, Phase.CLOSED)
    last = await store.snapshot(ROOM)
    await store.set_phase(ROOM, Phase.PREQUEUE)
    await store.join(ROOM, "standard", visitors(2))
    for _ in range(2):
        await lose(store)
        await store.restore(last, {})
        last = await store.snapshot(ROOM)
    pass_time(store, RECOVERY_MS + after_ms)
    await store.set_phase(ROOM, Phase.PREQUEUE)

    assert (await standard(store)).early_from == first


async def test_nobody_who_was_called_is_drawn(store: AnyStore) -> None:
    """
    The frontier has passed a gap for which nobody waited: a draw that began there would call its first at once.
    """
    await gather(store)
    await store.set_phase(ROOM, Phase.OPEN)
    await lose_and_restore(store, 0)
    await call(store, MARK_STEP)
    await store.set_phase(ROOM, Phase.PREQUEUE)

    assert (await standard(store)).early_from == MARK_STEP + 1
