"""
Breaks and schedules in every store: what is kept, what goes on by itself, and what an operator's word is worth.
"""

from dataclasses import replace

import pytest

from tests.store.acts import POLICY, ROOM, call, claim, lose, pass_time, visitors
from tests.store.conftest import START_MS, AnyStore
from waiting_room.core.agenda import NO_RATE
from waiting_room.core.calendar import Entry, local_text
from waiting_room.core.phase import Phase
from waiting_room.core.plan import plan
from waiting_room.core.policy import Policy
from waiting_room.ports import ClaimCode, JoinCode

IDLE_MS = int(POLICY.idle_timeout_s * 1000)
BREAK_MS = 15_000


def planned(*entries: tuple[int, str, int | None]) -> Policy:
    """
    Return the policy with entries, each some seconds after the start.
    """
    schedule = tuple(Entry(local_text(START_MS + 1000 * second, "UTC"), do, rate) for second, do, rate in entries)
    return replace(POLICY, schedule=schedule)


async def tick(store: AnyStore) -> bool:
    """
    Take one step.
    """
    step = plan(await store.snapshot(ROOM), "test")
    assert step is not None
    return await store.advance(ROOM, step)


async def seated(store: AnyStore) -> int:
    """
    Let one visitor in; return the hard end of the seat.
    """
    await store.configure(ROOM, POLICY)
    (reply,) = await store.join(ROOM, "standard", ["v1"])
    assert reply.code is JoinCode.STRAIGHT
    return reply.hard_end_ms


async def test_no_seat_ends_for_being_idle_in_a_break(store: AnyStore) -> None:
    """A break longer than the idle time costs nobody their seat, and each has its whole idle time after it."""
    await seated(store)
    await store.set_phase(ROOM, Phase.PAUSED, START_MS + BREAK_MS)
    pass_time(store, BREAK_MS)
    assert (await store.snapshot(ROOM)).seats == 1
    assert await tick(store)
    pass_time(store, IDLE_MS - 1)

    assert (await store.snapshot(ROOM)).seats == 1
    pass_time(store, 1)
    assert (await store.snapshot(ROOM)).seats == 0


async def test_a_seat_that_had_ended_before_the_break_is_not_brought_back(store: AnyStore) -> None:
    """Only what was held is kept."""
    await seated(store)
    pass_time(store, IDLE_MS)
    await store.set_phase(ROOM, Phase.PAUSED, START_MS + BREAK_MS)

    assert (await store.snapshot(ROOM)).seats == 0


async def test_a_pause_of_unknown_length_lets_idle_seats_go(store: AnyStore) -> None:
    """Those inside go on shopping; who does not makes room."""
    await seated(store)
    await store.set_phase(ROOM, Phase.PAUSED)
    pass_time(store, IDLE_MS)

    assert (await store.snapshot(ROOM)).seats == 0


async def test_a_second_break_keeps_what_the_first_one_kept(store: AnyStore) -> None:
    """The break is prolonged, ends, and begins again before anybody could come back."""
    await seated(store)
    await store.set_phase(ROOM, Phase.PAUSED, START_MS + BREAK_MS)
    pass_time(store, IDLE_MS)
    await store.set_phase(ROOM, Phase.PAUSED, START_MS + 2 * BREAK_MS)
    await store.set_phase(ROOM, Phase.OPEN)
    pass_time(store, 1000)
    await store.set_phase(ROOM, Phase.PAUSED, START_MS + 3 * BREAK_MS)
    pass_time(store, IDLE_MS)

    assert (await store.snapshot(ROOM)).seats == 1


@pytest.mark.parametrize("before", [Phase.OPEN, Phase.DRAINING])
async def test_a_break_is_over_by_itself_and_the_room_is_as_before(store: AnyStore, before: Phase) -> None:
    """At its time, by whichever controller steps first, and once."""
    await store.configure(ROOM, POLICY)
    await store.set_phase(ROOM, before)
    await store.set_phase(ROOM, Phase.PAUSED, START_MS + BREAK_MS, "Back at three")
    during = await store.snapshot(ROOM)
    pass_time(store, BREAK_MS - 1)
    assert await tick(store)
    assert (await store.snapshot(ROOM)).phase is Phase.PAUSED
    pass_time(store, 1)
    assert await tick(store)
    after = await store.snapshot(ROOM)

    assert (during.resumes_in_ms, during.message) == (BREAK_MS, "Back at three")
    assert (after.phase, after.resumes_in_ms, after.message) == (before, None, "")


async def test_every_place_is_kept_over_a_break(store: AnyStore) -> None:
    """Who was called may still claim, who waits is where they were, and who comes meanwhile stands behind."""
    await store.configure(ROOM, POLICY)
    await store.set_phase(ROOM, Phase.PAUSED)
    await store.join(ROOM, "standard", visitors(2))
    await store.set_phase(ROOM, Phase.OPEN)
    await call(store, 1)
    await store.set_phase(ROOM, Phase.PAUSED, START_MS + BREAK_MS)

    assert await claim(store, 1) is ClaimCode.PAUSED
    assert [reply.number for reply in await store.join(ROOM, "standard", ["v2", "v3"])] == [2, 3]
    await store.set_phase(ROOM, Phase.OPEN)
    assert await claim(store, 1) is ClaimCode.ADMITTED


async def test_two_controllers_carry_an_entry_out_once(store: AnyStore) -> None:
    """Both see that it is due; one commits it, and what an operator did in between is not undone by the other."""
    await store.configure(ROOM, planned((5, "pause", None)))
    pass_time(store, 5000)
    seen = await store.snapshot(ROOM)
    one, two = plan(seen, "one"), plan(seen, "two")
    assert one is not None
    assert two is not None
    assert await store.advance(ROOM, one)
    assert (await store.snapshot(ROOM)).phase is Phase.PAUSED
    await store.set_phase(ROOM, Phase.OPEN)

    assert not await store.advance(ROOM, two)
    pass_time(store, 2500)
    assert await tick(store)
    assert (await store.snapshot(ROOM)).phase is Phase.OPEN


async def test_a_step_that_was_planned_before_an_operators_word_is_refused(store: AnyStore) -> None:
    """The entry was due, the operator was faster and knows better; the entry is not carried out over it."""
    await store.configure(ROOM, planned((5, "close", None)))
    pass_time(store, 5001)
    step = plan(await store.snapshot(ROOM), "test")
    assert step is not None
    await store.set_phase(ROOM, Phase.OPEN)

    assert not await store.advance(ROOM, step)
    assert await tick(store)
    assert (await store.snapshot(ROOM)).phase is Phase.OPEN


async def test_a_step_that_was_planned_by_settings_of_before_is_refused(store: AnyStore) -> None:
    """The opening was due, and is postponed; the rate was lowered: neither happens as it was to be any more."""
    await store.configure(ROOM, planned((1, "close", None), (5, "open", None)))
    pass_time(store, 2000)
    assert await tick(store)
    pass_time(store, 3001)
    step = plan(await store.snapshot(ROOM), "test")
    assert step is not None
    await store.configure(ROOM, replace(planned((1, "close", None), (60, "open", None)), rate_per_minute=60))
    late = await store.advance(ROOM, step)
    after = await store.snapshot(ROOM)

    assert (step.orders.phase, late) == (Phase.OPEN, False)
    assert (after.phase, after.rate_per_minute) == (Phase.CLOSED, 60)


async def test_what_was_missed_is_carried_out_late(store: AnyStore) -> None:
    """Nobody stepped for a while: the room is then as the schedule has it, at the last rate."""
    await store.configure(ROOM, planned((5, "rate", 60), (10, "drain", None), (12, "rate", 1200)))
    pass_time(store, 20_000)
    assert await tick(store)
    after = await store.snapshot(ROOM)

    assert (after.phase, after.rate_per_minute, after.agenda.scheduled_ms) == (Phase.DRAINING, 1200, after.now_ms)


async def test_a_new_room_begins_as_its_schedule_says(store: AnyStore) -> None:
    """Closed until it opens: nobody gets in before nine because the room was made at eight."""
    await store.configure(ROOM, planned((5, "open", 300)))
    made = await store.snapshot(ROOM)
    assert (await store.join(ROOM, "standard", ["early"]))[0].code is JoinCode.CLOSED
    pass_time(store, 5000)
    assert await tick(store)
    after = await store.snapshot(ROOM)

    assert (made.phase, made.opens_in_ms) == (Phase.CLOSED, 5000)
    assert (after.phase, after.rate_limit, after.rate_per_minute) == (Phase.OPEN, 300, 300)


async def test_a_room_that_is_made_in_the_middle_begins_there(store: AnyStore) -> None:
    """As if it had been there from the start."""
    await store.configure(ROOM, planned((-20, "open", 300), (-10, "rate", 900), (10, "close", None)))
    made = await store.snapshot(ROOM)

    assert (made.phase, made.rate_per_minute) == (Phase.OPEN, 900)


async def test_a_rate_step_outlasts_a_restart_and_ends_with_a_rate_by_hand(store: AnyStore) -> None:
    """The same settings again change nothing; another rate does, and so does the same one if somebody chose it."""
    policy = planned((5, "rate", 1200))
    await store.configure(ROOM, policy)
    pass_time(store, 5000)
    assert await tick(store)
    await store.configure(ROOM, policy)
    assert (await store.snapshot(ROOM)).rate_per_minute == 1200
    await store.configure(ROOM, policy, rate_by_hand=True)
    chosen = await store.snapshot(ROOM)

    assert (chosen.rate_per_minute, chosen.agenda.rate_step) == (policy.rate_per_minute, NO_RATE)


async def test_plans_survive_the_loss_of_the_store(store: AnyStore) -> None:
    """A break goes on, and an entry that was carried out is not carried out again."""
    await store.configure(ROOM, planned((5, "pause", None), (300, "open", None)))
    pass_time(store, 5000)
    assert await tick(store)
    last = await store.snapshot(ROOM)
    await lose(store)
    pass_time(store, 1000)
    assert await store.restore(last, {})
    back = await store.snapshot(ROOM)

    assert back.agenda == last.agenda
    assert (back.phase, back.resumes_in_ms) == (Phase.PAUSED, 294_000)
