"""
Rooms that were lost: put back from what is remembered, or made anew when nobody remembers.
"""

from dataclasses import replace

import pytest

from tests.store.acts import POLICY, ROOM, call, claim, lose, make_anew, pass_time, still, visitors
from tests.store.conftest import AnyStore
from tests.store.test_contract import fill
from waiting_room.core.phase import Phase
from waiting_room.core.plan import MARK_STEP, PATIENCE_MS, RECOVERY_MS
from waiting_room.errors import StoreEmptyError
from waiting_room.ports import ClaimCode, JoinCode


@pytest.fixture(autouse=True)
async def _room(store: AnyStore) -> None:
    await store.configure(ROOM, POLICY)


async def test_a_lost_room_comes_back_above_the_mark(store: AnyStore) -> None:
    """Frontier, presence and settings return; new numbers begin above the high-water mark; admissions rest."""
    await fill(store, 5)
    await call(store, 2)
    await claim(store, 1)
    last = await store.snapshot(ROOM)
    await lose(store)

    assert await store.restore(last, {"standard": 5})
    back = await store.snapshot(ROOM)
    assert (back.epoch, back.standard.frontier, back.waiting, back.policy) == (last.epoch + 1, 3, 3, POLICY)
    assert back.recovering
    assert await claim(store, 2) is ClaimCode.RECOVERING
    pass_time(store, RECOVERY_MS)
    await store.set_phase(ROOM, Phase.OPEN)
    assert (await store.join(ROOM, "standard", ["new"]))[0].number == MARK_STEP + 1


async def test_passes_take_their_seats_again_after_a_loss(store: AnyStore) -> None:
    """Touched seats return while the room recovers, and never beyond capacity."""
    hard_end_ms = (await store.join(ROOM, "standard", ["v1"]))[0].hard_end_ms
    last = await store.snapshot(ROOM)
    await lose(store)
    await store.restore(last, {"standard": 1})
    seats = {f"standard.{rank}": hard_end_ms for rank in (1, 2, 3, 4)}

    assert (await store.touch(ROOM, seats, [])).gone == ("standard.4",)
    assert (await store.snapshot(ROOM)).seats == POLICY.capacity


async def test_a_room_that_was_made_anew_is_put_back(store: AnyStore) -> None:
    """
    After a loss somebody who knew nothing of the room creates it: whoever remembers more begins the recovery.

    The phase comes back as well, so that a paused room does not open by itself.
    """
    await fill(store, 5)
    await call(store, 2)
    await store.set_phase(ROOM, Phase.PAUSED)
    last = await store.snapshot(ROOM)
    await lose(store)
    await make_anew(store)

    assert await store.restore(last, {"standard": 5})
    back = await store.snapshot(ROOM)
    assert (back.epoch, back.standard.frontier, back.waiting, back.phase) == (last.epoch + 1, 3, 3, Phase.PAUSED)
    assert back.recovering
    pass_time(store, RECOVERY_MS)
    await store.set_phase(ROOM, Phase.OPEN)
    assert (await store.join(ROOM, "standard", ["new"]))[0].number == MARK_STEP + 1


async def test_a_room_that_lost_nothing_is_left_alone(store: AnyStore) -> None:
    """A worker that remembers an older version, or the very present one, changes nothing."""
    await fill(store, 5)
    old = await store.snapshot(ROOM)
    await call(store, 2)
    last = await store.snapshot(ROOM)

    assert not await store.restore(old, {"standard": 5})
    assert not await store.restore(last, {"standard": 900})
    after = await store.snapshot(ROOM)
    assert (after.epoch, after.version, after.standard.issued, after.recovering) == (last.epoch, last.version, 5, False)


async def test_a_second_worker_adds_what_it_remembers(store: AnyStore) -> None:
    """Restoring is by maximum: the order of the workers does not matter, and later it does nothing."""
    await fill(store, 5)
    early = await store.snapshot(ROOM)
    await call(store, 3)
    late = await store.snapshot(ROOM)
    await lose(store)
    await store.restore(early, {"standard": 5})

    assert await store.restore(late, {"standard": 9})
    assert (await store.snapshot(ROOM)).standard.frontier == 4
    pass_time(store, RECOVERY_MS)
    later = replace(late, lanes={"standard": replace(late.standard, frontier=5)})
    assert not await store.restore(later, {"standard": 9})
    assert (await store.snapshot(ROOM)).standard.frontier == 4


async def test_a_room_that_may_be_lost_is_not_made_before_it_was_missed_for_a_while(store: AnyStore) -> None:
    """
    Whoever asks first begins the time, and all who ask wait for the same.
    """
    await store.configure(ROOM, POLICY)
    await lose(store)
    for waited_ms in (0, 1, PATIENCE_MS - 2):
        pass_time(store, waited_ms)
        with pytest.raises(StoreEmptyError):
            await store.configure(ROOM, POLICY)
    pass_time(store, 1)

    assert await store.configure(ROOM, POLICY)


async def test_a_room_that_was_never_there_is_made_at_once(store: AnyStore) -> None:
    """
    The store knows of others, so it holds all it ever held.
    """
    await store.configure(ROOM, POLICY)

    assert await store.configure("another", POLICY)


async def test_a_room_made_anew_yields_to_what_is_remembered_however_far_it_went(store: AnyStore) -> None:
    """
    It bears the same epoch and a higher version; it is the later one by when it was made.
    """
    await store.configure(ROOM, POLICY)
    await store.join(ROOM, "standard", visitors(5))
    last = await store.snapshot(ROOM)
    await lose(store)
    await make_anew(store)
    for _ in range(last.version + 3):
        assert await store.advance(ROOM, await still(store))
    assert await store.restore(last, {"standard": 5})
    found = await store.snapshot(ROOM)

    assert (found.epoch, found.born_ms, found.recovering) == (2, last.born_ms, True)
    assert found.standard.issued == MARK_STEP


async def test_the_life_that_began_first_is_put_back_where_two_bear_one_epoch(store: AnyStore) -> None:
    """
    Lost twice, and put back the second time by a worker that had not heard of the first: the one that had is heard.
    """
    await store.configure(ROOM, POLICY)
    first = await store.snapshot(ROOM)
    await lose(store)
    pass_time(store, 1)
    await store.restore(first, {"standard": 7})
    second = await store.snapshot(ROOM)
    await lose(store)
    pass_time(store, 1)
    await store.restore(first, {"standard": 3})
    pass_time(store, RECOVERY_MS)
    assert await store.restore(second, {"standard": 9})
    found = await store.snapshot(ROOM)

    assert (second.epoch, found.epoch, found.recovering) == (2, 3, True)
    assert found.standard.issued == second.standard.high_water


async def test_no_number_is_given_while_the_room_recovers(store: AnyStore) -> None:
    """
    Until then some worker may know of numbers that nobody else has heard of; the mark is raised ahead meanwhile.
    """
    await store.configure(ROOM, POLICY)
    last = await store.snapshot(ROOM)
    await lose(store)
    await store.restore(last, {"standard": 3})
    refused = (await store.join(ROOM, "standard", ["v1"]))[0]
    pass_time(store, RECOVERY_MS)
    given = (await store.join(ROOM, "standard", ["v1"]))[0]
    lane = (await store.snapshot(ROOM)).standard

    assert (refused.code, refused.number) == (JoinCode.RECOVERING, 0)
    assert (given.number, lane.high_water) == (MARK_STEP + 1, 2 * MARK_STEP)
