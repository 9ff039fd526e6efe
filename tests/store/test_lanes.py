"""
Several lanes in one room, in both stores.
"""

from dataclasses import replace

import pytest

from tests.store.acts import POLICY, ROOM, call, check_in, claim, lose, moved, pass_time, rotate, still, visitors
from tests.store.conftest import AnyStore
from waiting_room.core.lanes import DEFAULT_LANES, Lane
from waiting_room.core.phase import Phase
from waiting_room.core.plan import MARK_STEP, RECOVERY_MS
from waiting_room.ports import Claim, ClaimCode, JoinCode

TWO = replace(POLICY, lanes=(Lane("loyal", weight=3, floor=0.1, entry="invitation"), Lane("standard")))


@pytest.fixture(autouse=True)
async def _room(store: AnyStore) -> None:
    await store.configure(ROOM, TWO)


async def fill(store: AnyStore, lane: str, count: int) -> list[int]:
    """
    Let *count* visitors join *lane* while nobody is let straight in; return their numbers.
    """
    await store.set_phase(ROOM, Phase.PAUSED)
    replies = await store.join(ROOM, lane, visitors(count))
    await store.set_phase(ROOM, Phase.OPEN)
    return [reply.number for reply in replies]


async def test_each_lane_counts_for_itself(store: AnyStore) -> None:
    """One visitor in two lanes has two numbers, and finds each again."""
    assert await fill(store, "standard", 3) == [1, 2, 3]
    assert await fill(store, "loyal", 2) == [1, 2]
    assert await fill(store, "loyal", 2) == [1, 2]
    waiting = {name: lane.waiting for name, lane in (await store.snapshot(ROOM)).lanes.items()}
    assert waiting == {"loyal": 2, "standard": 3}


async def test_the_lanes_stand_in_the_order_of_the_settings(store: AnyStore) -> None:
    """Turned round as well, and with one that the room knew before at the end."""
    assert list((await store.snapshot(ROOM)).lanes) == ["loyal", "standard"]
    await store.configure(ROOM, replace(TWO, lanes=TWO.lanes[::-1]))
    assert list((await store.snapshot(ROOM)).lanes) == ["standard", "loyal"]
    await store.configure(ROOM, replace(TWO, lanes=(Lane("new"), *DEFAULT_LANES)))
    assert list((await store.snapshot(ROOM)).lanes) == ["new", "standard", "loyal"]


@pytest.mark.parametrize("lane", ["standard", "loyal"])
async def test_nobody_goes_straight_in_while_others_wait_in_another_lane(store: AnyStore, lane: str) -> None:
    """Neither the loyal past the others nor the other way round; a gate hears the same."""
    other = {"standard": "loyal", "loyal": "standard"}[lane]
    await fill(store, other, 1)

    assert (await store.join(ROOM, lane, ["late"]))[0].code is JoinCode.NEW
    assert not (await store.touch(ROOM, {}, [])).straight


async def test_an_idle_room_lets_straight_in_from_any_lane(store: AnyStore) -> None:
    """The seat bears the lane."""
    reply = (await store.join(ROOM, "loyal", ["v1"]))[0]

    assert reply.code is JoinCode.STRAIGHT
    assert (await store.touch(ROOM, {"loyal.1": reply.hard_end_ms}, [])).gone == ()


async def test_a_call_in_one_lane_calls_nobody_in_the_other(store: AnyStore) -> None:
    """Claims of both come in one batch, and each is judged by its own frontier."""
    await fill(store, "standard", 2)
    await fill(store, "loyal", 2)
    await call(store, 1, "loyal")
    pass_time(store, 1000)
    replies = await store.claim(ROOM, [Claim("standard", 1, "v1"), Claim("loyal", 1, "v1"), Claim("loyal", 2, "v2")])

    assert [reply.code for reply in replies] == [ClaimCode.NOT_CALLED, ClaimCode.ADMITTED, ClaimCode.NOT_CALLED]


async def test_lanes_share_seats_and_pace(store: AnyStore) -> None:
    """One a second and three seats for all: with two of the loyal and one of the others inside a fourth finds none."""
    await store.configure(ROOM, replace(TWO, rate_per_minute=60))
    await fill(store, "standard", 2)
    await fill(store, "loyal", 2)
    await call(store, 2, "standard")
    await call(store, 2, "loyal")
    for lane, rank in (("loyal", 1), ("loyal", 2), ("standard", 1)):
        assert await claim(store, rank, lane) is ClaimCode.ADMITTED
        assert await claim(store, 2, "standard") in {ClaimCode.PACED, ClaimCode.FULL}
        pass_time(store, 1000)

    assert await claim(store, 2, "standard") is ClaimCode.FULL


async def test_cohorts_and_the_door_are_those_of_the_lane(store: AnyStore) -> None:
    """Who was called, who came and who stands at the door."""
    await fill(store, "standard", 3)
    await fill(store, "loyal", 3)
    await call(store, 1, "standard")
    await call(store, 3, "loyal")
    await store.claim(ROOM, [Claim("loyal", rank, f"v{rank}") for rank in (1, 2, 3)])
    cohorts = {
        name: [(one.low, one.high, one.present, one.claimed, one.at_door) for one in lane.cohorts]
        for name, lane in (await store.snapshot(ROOM)).lanes.items()
    }

    assert cohorts == {"loyal": [(1, 4, 3, 1, 2)], "standard": [(1, 2, 1, 0, 0)]}


async def test_a_slot_turns_in_all_lanes(store: AnyStore) -> None:
    """Who is silent in both slots is a ghost, whatever the lane."""
    await fill(store, "standard", 2)
    await fill(store, "loyal", 2)
    await rotate(store)
    await check_in(store, 2, lane="loyal")
    await rotate(store)
    room = await store.snapshot(ROOM)

    assert (room.waiting, room.lanes["loyal"].presence.holds(2)) == (1, True)


async def test_who_leaves_one_lane_keeps_the_place_in_another(store: AnyStore) -> None:
    """A number is of its lane."""
    await fill(store, "standard", 1)
    await fill(store, "loyal", 1)

    assert await store.leave(ROOM, "loyal", 1, "v1")
    assert (await store.join(ROOM, "standard", ["v1"]))[0].code is JoinCode.SAME
    assert (await store.snapshot(ROOM)).waiting == 1


async def test_what_a_lane_is_owed_is_kept(store: AnyStore) -> None:
    """In millionths of a call."""
    step = moved(await still(store), "loyal", credit=-0.25)
    await store.advance(ROOM, step)

    assert (await store.snapshot(ROOM)).lanes["loyal"].credit == -0.25


async def test_a_lane_that_is_taken_out_keeps_its_people(store: AnyStore) -> None:
    """Its tickets are called and claimed as before."""
    await fill(store, "loyal", 2)
    await store.configure(ROOM, POLICY)
    await call(store, 1, "loyal")
    room = await store.snapshot(ROOM)

    assert (room.lanes["loyal"].waiting, [lane.name for lane in room.line_up]) == (1, ["standard", "loyal"])
    assert await claim(store, 1, "loyal") is ClaimCode.ADMITTED


async def test_a_lane_that_the_room_lost_comes_back_with_its_tickets(store: AnyStore) -> None:
    """A signed number of a lane that nobody remembers is never given again, and is served."""
    await check_in(store, 41, lane="forgotten")
    room = await store.snapshot(ROOM)

    assert (room.lanes["forgotten"].issued, room.waiting) == (41, 1)
    assert await fill(store, "forgotten", 1) == [42]


async def test_all_lanes_come_back_above_their_marks(store: AnyStore) -> None:
    """After a loss each lane goes on where nobody has a number."""
    await fill(store, "standard", 5)
    await fill(store, "loyal", 3)
    await call(store, 2, "loyal")
    last = await store.snapshot(ROOM)
    await lose(store)
    assert await store.restore(last, {"standard": 70_000, "loyal": 3})
    back = await store.snapshot(ROOM)

    assert {name: lane.waiting for name, lane in back.lanes.items()} == {"loyal": 1, "standard": 5}
    assert back.lanes["loyal"].frontier == 3
    pass_time(store, RECOVERY_MS)
    assert await fill(store, "loyal", 1) == [MARK_STEP + 1]
    assert (await store.join(ROOM, "standard", ["late"]))[0].number == 70_001


async def test_the_door_goes_by_the_rate_in_force(store: AnyStore) -> None:
    """A step may slow the room down, and the settings stay; a new rate does not hurry it before the next step."""
    await store.advance(ROOM, replace(await still(store), rate_per_minute=60))
    await fill(store, "standard", 3)
    await call(store, 3)
    await store.advance(ROOM, replace(await still(store), rate_per_minute=60))
    pass_time(store, 1000)

    assert [await claim(store, rank) for rank in (1, 2)] == [ClaimCode.ADMITTED, ClaimCode.PACED]
    await store.configure(ROOM, replace(TWO, rate_per_minute=6000))
    assert (await store.snapshot(ROOM)).rate_per_minute == 60
    await store.configure(ROOM, replace(TWO, rate_per_minute=30))
    assert (await store.snapshot(ROOM)).rate_per_minute == 30


async def test_a_new_rate_holds_at_once_where_nothing_slows_the_room(store: AnyStore) -> None:
    """Up and down."""
    for rate in (6000, 60, 0, 600):
        await store.configure(ROOM, replace(TWO, rate_per_minute=rate))
        assert (await store.snapshot(ROOM)).rate_per_minute == rate
