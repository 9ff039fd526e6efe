"""
What every store promises, held against each of them.
"""

from dataclasses import replace

import pytest

from tests.store.acts import POLICY, ROOM, call, check_in, claim, moved, pass_time, rotate, still, visitors
from tests.store.conftest import AnyStore
from waiting_room.core.phase import Phase
from waiting_room.core.plan import plan
from waiting_room.errors import StoreEmptyError
from waiting_room.ports import Claim, ClaimCode, JoinCode


@pytest.fixture(autouse=True)
async def _room(store: AnyStore) -> None:
    await store.configure(ROOM, POLICY)


async def fill(store: AnyStore, count: int) -> None:
    """
    Let *count* visitors join while nobody is let straight in.
    """
    await store.set_phase(ROOM, Phase.PAUSED)
    await store.join(ROOM, "standard", visitors(count))
    await store.set_phase(ROOM, Phase.OPEN)


async def test_numbers_grow_in_the_order_of_the_joins(store: AnyStore) -> None:
    """Three joins in one call get 1, 2, 3."""
    await store.set_phase(ROOM, Phase.PAUSED)

    assert [reply.number for reply in await store.join(ROOM, "standard", visitors(3))] == [1, 2, 3]


async def test_a_repeated_join_gives_the_same_number(store: AnyStore) -> None:
    """A visitor who joins again within a minute has the number of the first time."""
    await fill(store, 2)
    again = await store.join(ROOM, "standard", ["v1"])

    assert (again[0].code, again[0].number) == (JoinCode.SAME, 1)


async def test_a_visitor_twice_in_one_call_gets_one_number(store: AnyStore) -> None:
    """A doubled join is one join."""
    await store.set_phase(ROOM, Phase.PAUSED)
    replies = await store.join(ROOM, "standard", ["v1", "v1", "v2"])

    assert [reply.number for reply in replies] == [1, 1, 2]


async def test_the_first_of_a_crowd_goes_straight_in(store: AnyStore) -> None:
    """With a token in the bucket and a free seat one goes in; the next must wait for the pace."""
    replies = await store.join(ROOM, "standard", visitors(4))

    assert [reply.code for reply in replies] == [JoinCode.STRAIGHT, JoinCode.NEW, JoinCode.NEW, JoinCode.NEW]


async def test_nobody_goes_straight_in_while_others_wait(store: AnyStore) -> None:
    """A newcomer never overtakes."""
    await fill(store, 1)

    assert (await store.join(ROOM, "standard", ["late"]))[0].code is JoinCode.NEW


@pytest.mark.parametrize(
    ("capacity", "expected", "straight"),
    [(50, 4.9, True), (50, 5.0, False), (3, 2.4, True), (3, 2.5, False), (1, 0.4, True), (1, 0.5, False)],
)
async def test_newcomers_go_straight_in_while_those_expected_leave_enough(
    store: AnyStore, capacity: int, expected: float, *, straight: bool
) -> None:
    """All who wait are called; their seats stay theirs, and half of the next second's ten admissions as well."""
    await store.configure(ROOM, replace(POLICY, capacity=capacity))
    await fill(store, 1)
    await call(store, 1)
    assert await store.advance(ROOM, replace(await still(store), expected=expected))

    assert (await store.touch(ROOM, {}, [])).straight == straight


async def test_a_repeated_straight_join_finds_its_seat(store: AnyStore) -> None:
    """A lost reply to a straight join costs neither seat nor number."""
    first = (await store.join(ROOM, "standard", ["v1"]))[0]
    pass_time(store, 500)
    again = (await store.join(ROOM, "standard", ["v1"]))[0]

    assert (again.code, again.number, again.hard_end_ms) == (JoinCode.STRAIGHT, 1, first.hard_end_ms)


@pytest.mark.parametrize(("phase", "code"), [(Phase.CLOSED, JoinCode.CLOSED), (Phase.DRAINING, JoinCode.DRAINING)])
async def test_a_room_that_takes_nobody_says_so(store: AnyStore, phase: Phase, code: JoinCode) -> None:
    """Closed and draining rooms give out no numbers."""
    await store.set_phase(ROOM, phase)

    assert (await store.join(ROOM, "standard", ["v1"]))[0].code is code


async def test_who_is_not_called_cannot_claim(store: AnyStore) -> None:
    """The frontier is the door."""
    await fill(store, 2)

    assert await claim(store, 1) is ClaimCode.NOT_CALLED


async def test_a_called_one_claims_once_and_finds_the_same_seat_again(store: AnyStore) -> None:
    """A retried claim is the same seat with the same end."""
    await fill(store, 2)
    await call(store, 1)
    first = await store.claim(ROOM, [Claim("standard", 1, "v1")])
    again = await store.claim(ROOM, [Claim("standard", 1, "v1")])

    assert (first[0].code, again[0].code) == (ClaimCode.ADMITTED, ClaimCode.SAME)
    assert first[0].hard_end_ms == again[0].hard_end_ms


async def test_claims_never_exceed_the_pace(store: AnyStore) -> None:
    """At ten a second and a bucket of 2.5, a full bucket lets two in at once."""
    await store.configure(ROOM, replace(POLICY, capacity=100))
    await fill(store, 10)
    await call(store, 10)
    pass_time(store, 5000)
    codes = [reply.code for reply in await store.claim(ROOM, [Claim("standard", n, f"v{n}") for n in range(1, 11)])]

    assert codes == [ClaimCode.ADMITTED] * 2 + [ClaimCode.PACED] * 8


async def test_claims_never_exceed_the_seats(store: AnyStore) -> None:
    """The fourth of three seats is refused, until one is free."""
    await fill(store, 4)
    await call(store, 4)
    for rank in (1, 2, 3):
        pass_time(store, 1000)
        assert await claim(store, rank) is ClaimCode.ADMITTED
    pass_time(store, 1000)

    assert await claim(store, 4) is ClaimCode.FULL
    await store.touch(ROOM, {}, ["standard.2"])
    assert await claim(store, 4) is ClaimCode.ADMITTED


async def test_an_idle_seat_ends(store: AnyStore) -> None:
    """After ten idle seconds the seat is free, and its ticket is used."""
    await fill(store, 1)
    await call(store, 1)
    await claim(store, 1)
    pass_time(store, 10_001)

    assert (await store.snapshot(ROOM)).seats == 0
    assert await claim(store, 1) is ClaimCode.USED


async def test_a_touched_seat_lives_on_until_its_hard_end(store: AnyStore) -> None:
    """Use prolongs the idle end and never the hard end."""
    seat = (await store.join(ROOM, "standard", ["v1"]))[0]
    for _ in range(5):
        pass_time(store, 7_900)
        reply = await store.touch(ROOM, {"standard.1": seat.hard_end_ms}, [])
        assert reply.gone == ()
    pass_time(store, 1000)

    assert (await store.touch(ROOM, {"standard.1": seat.hard_end_ms}, [])).gone == ("standard.1",)


async def test_a_report_may_name_all_seats_of_a_large_shop(store: AnyStore) -> None:
    """
    Ten thousand seats that are no longer held are all named, in their order, and those released are freed.

    Lua cannot return so many values at once; the failure once cut the whole worker off from Redis.
    """
    await store.join(ROOM, "standard", ["v1"])
    gone = [f"standard.{rank}" for rank in range(2, 10_002)]
    reply = await store.touch(ROOM, dict.fromkeys(gone, 2**43), ["standard.1"])

    assert reply.gone == tuple(gone)
    assert (await store.snapshot(ROOM)).seats == 0


async def test_a_released_seat_is_gone_and_stays_gone(store: AnyStore) -> None:
    """A late request of the same browser does not bring a finished visit back."""
    seat = (await store.join(ROOM, "standard", ["v1"]))[0]
    await store.touch(ROOM, {}, ["standard.1"])
    reply = await store.touch(ROOM, {"standard.1": seat.hard_end_ms}, [])

    assert reply.gone == ("standard.1",)
    assert (await store.snapshot(ROOM)).seats == 0


async def test_a_gate_hears_whether_a_newcomer_would_go_straight_in(store: AnyStore) -> None:
    """Straight while the room is idle, not straight while somebody waits."""
    idle = await store.touch(ROOM, {}, [])
    await fill(store, 1)

    assert (idle.straight, (await store.touch(ROOM, {}, [])).straight) == (True, False)


async def test_who_leaves_is_counted_no_more(store: AnyStore) -> None:
    """A place that was given back is not ahead of anybody."""
    await fill(store, 3)

    assert await store.leave(ROOM, "standard", 1, "v1")
    assert (await store.snapshot(ROOM)).waiting == 2
    assert not await store.leave(ROOM, "standard", 1, "v1")


async def test_silence_over_two_slots_makes_a_ghost(store: AnyStore) -> None:
    """Who checked in during the last slot is there; who did in the one before is not."""
    await fill(store, 3)
    await rotate(store)
    await check_in(store, 2)

    assert (await store.snapshot(ROOM)).waiting == 3
    await rotate(store)
    after = await store.snapshot(ROOM)
    assert after.waiting == 1
    assert after.standard.presence.holds(2)


async def test_a_returning_ghost_keeps_its_place(store: AnyStore) -> None:
    """A number is never lost by silence."""
    await fill(store, 2)
    await rotate(store)
    await rotate(store)
    await check_in(store, 1)

    assert (await store.snapshot(ROOM)).standard.presence.ahead(2) == 1


async def test_a_second_controller_is_refused(store: AnyStore) -> None:
    """Two steps from one snapshot: the first is committed, the second changes nothing."""
    await fill(store, 5)
    snapshot = await store.snapshot(ROOM)
    pass_time(store, 250)
    one, two = plan(snapshot, "one"), plan(snapshot, "two")
    assert one is not None
    assert two is not None

    assert await store.advance(ROOM, moved(one, frontier=3, called=2))
    assert not await store.advance(ROOM, moved(two, frontier=6, called=5))
    assert (await store.snapshot(ROOM)).standard.frontier == 3


async def test_a_controller_of_an_older_epoch_is_refused(store: AnyStore) -> None:
    """The epoch fences, even where the version happens to fit."""
    step = plan(await store.snapshot(ROOM), "old")
    assert step is not None

    assert not await store.advance(ROOM, replace(step, epoch=step.epoch - 1))


async def test_cohorts_of_one_second_are_one(store: AnyStore) -> None:
    """Steps within a second add up; their claims are counted."""
    await fill(store, 6)
    await call(store, 2)
    pass_time(store, 250)
    await call(store, 3)
    await claim(store, 1)
    cohorts = (await store.snapshot(ROOM)).standard.cohorts

    assert [(c.low, c.high, c.present, c.claimed) for c in cohorts] == [(1, 6, 5, 1)]


async def test_tickets_teach_the_counter(store: AnyStore) -> None:
    """A number that a visitor shows is never given out again."""
    await check_in(store, 41)
    await store.set_phase(ROOM, Phase.PAUSED)

    assert (await store.join(ROOM, "standard", ["v1"]))[0].number == 42


async def test_new_settings_leave_places_and_seats_alone(store: AnyStore) -> None:
    """Capacity below the seats in use: those inside stay, nobody new enters."""
    await store.join(ROOM, "standard", ["v1"])
    await fill(store, 2)
    await store.configure(ROOM, replace(POLICY, capacity=0))
    await call(store, 2)
    pass_time(store, 1000)

    assert (await store.snapshot(ROOM)).seats == 1
    assert await claim(store, 2) is ClaimCode.FULL


@pytest.mark.timeout(20)
@pytest.mark.parametrize("issued", [65_534, 131_070, 200_000, 1_000_000])
async def test_numbers_go_on_over_every_chunk(store: AnyStore, issued: int) -> None:
    """
    The 131,072nd visitor joins like the first, and so does the one after a million.

    Joins once asked for ever with the keys of the first two chunks.
    """
    await store.set_phase(ROOM, Phase.PAUSED)
    await check_in(store, issued)
    replies = await store.join(ROOM, "standard", visitors(5))

    assert [reply.number for reply in replies] == list(range(issued + 1, issued + 6))
    assert (await store.snapshot(ROOM)).waiting == 6


async def test_an_unknown_room_is_said_to_be_empty(store: AnyStore) -> None:
    """Every verb on a lost room says so; none makes half a room."""
    for verb in (
        store.snapshot("lost"),
        store.join("lost", "standard", ["v1"]),
        store.claim("lost", [Claim("standard", 1, "v1")]),
        store.touch("lost", {}, []),
        store.flush("lost", "standard", {}, 0),
        store.leave("lost", "standard", 1, "v1"),
        store.set_phase("lost", Phase.OPEN),
    ):
        with pytest.raises(StoreEmptyError):
            await verb
    assert await store.rooms() == (ROOM,)
