"""
What the schedule, a break and a draw make of one step of the controller.
"""

from dataclasses import replace
from typing import Any

import pytest

from tests.core.makings import NOW_MS, POLICY, lane, lanes, snapshot
from waiting_room.core.agenda import Agenda
from waiting_room.core.calendar import Entry, local_text
from waiting_room.core.lanes import Lane
from waiting_room.core.opening import slot_ms
from waiting_room.core.phase import Phase
from waiting_room.core.plan import Advance, plan
from waiting_room.core.policy import Policy
from waiting_room.core.prequeue import Drawn, Promise
from waiting_room.core.recording import link
from waiting_room.core.snapshot import Cohort, Snapshot

BEFORE = Agenda(scheduled_ms=NOW_MS - 250)
"""The last step was a tick ago: what is planned for this moment is due."""
EARLY = lane(range(1, 7), issued=8, early_from=1)
"""Eight wait for the draw, and two of them are silent."""


def planned(do: str, rate: int | None = None) -> Policy:
    """
    Return a policy whose schedule asks for *do* at this moment.
    """
    return replace(POLICY, schedule=(Entry(local_text(NOW_MS, "UTC"), do, rate),))


def gathering(policy: Policy = POLICY, source: str | None = None) -> Snapshot:
    """
    Return a room in its pre-queue, which has promised a draw, with the beacon of *source* where one is given.
    """
    promise = None if source is None else Promise("ab" * 32, source)
    return replace(lanes(policy, standard=EARLY), phase=Phase.PREQUEUE, promise=promise, agenda=BEFORE)


def step(room: Snapshot) -> Advance:
    """
    Return the step of the one who holds the room.
    """
    made = plan(room, "me")
    assert made is not None
    return made


@pytest.mark.parametrize("source", [None, ""])
def test_a_planned_opening_begins_as_the_draw_asks(source: str | None) -> None:
    """The first slot is long enough for all who were drawn, and the silent ones are reckoned with."""
    made = step(gathering(planned("open"), source))

    assert made.orders.phase is Phase.OPEN
    assert made.slot_ms == slot_ms(8, POLICY) > 15_000
    assert made.no_show == pytest.approx(0.25)


def test_nobody_is_called_in_the_step_that_draws() -> None:
    """The ranks are known only after it; also where seats and rate would allow it."""
    made = step(gathering(planned("open")))

    assert (made.called, made.lanes["standard"].frontier) == (0, 1)


def test_an_opening_without_a_draw_keeps_slot_and_no_shows() -> None:
    """And the first are called in the same step."""
    room = snapshot(range(1, 9), policy=planned("open"), phase=Phase.CLOSED, agenda=BEFORE, no_show=0.5)
    made = step(room)

    assert (made.orders.phase, made.slot_ms, made.no_show) == (Phase.OPEN, 15_000, 0.5)
    assert made.called > 0


def test_a_prequeue_for_which_nothing_is_due_goes_on() -> None:
    """Nobody is called, nothing is ordered, and the slot lasts as long as the countdown asks."""
    made = step(gathering())

    assert (made.orders.phase, made.called, made.slot_ms) == (None, 0, slot_ms(6, POLICY))


def test_an_opening_that_waits_for_a_beacon_is_the_operators() -> None:
    """The schedule cannot know its value; it counts as carried out all the same."""
    made = step(gathering(planned("open"), "drand quicknet 4711000"))

    assert made.orders.phase is None
    assert made.orders.scheduled_ms == NOW_MS
    assert made.called == 0


def test_a_room_that_waits_for_a_beacon_is_closed_as_planned() -> None:
    """Only its opening is not the schedule's."""
    assert step(gathering(planned("close"), "drand quicknet 4711000")).orders.phase is Phase.CLOSED


def test_a_break_that_is_over_calls_in_the_same_step() -> None:
    """Nobody waits for another tick."""
    over = replace(BEFORE, resume_at_ms=NOW_MS, resume_to=Phase.OPEN)
    made = step(snapshot(range(1, 50), phase=Phase.PAUSED, agenda=over))

    assert made.orders.phase is Phase.OPEN
    assert made.called > 0


def test_a_planned_rate_is_in_force_in_the_same_step() -> None:
    """Both what is let in and what is remembered."""
    made = step(snapshot(range(1, 50), policy=planned("rate", 120), agenda=BEFORE))

    assert (made.rate_per_minute, made.orders.rate_step) == (120, 120)


def test_a_step_chains_the_record_that_is_due() -> None:
    """And says how many of them are kept."""
    room = snapshot(range(1, 50), events=(f"created:{NOW_MS}:",), policy=replace(POLICY, audit_records=777))
    made = step(room)

    assert made.link == link(room)
    assert made.link is not None
    assert made.records_kept == 777


def test_a_step_names_the_round_of_the_last_draw() -> None:
    """Slots turn for the ranks of that round."""
    held = tuple(Drawn(number, NOW_MS - 9000, "ab" * 32, "", "", (("standard", 1, 4),)) for number in (1, 2))

    assert step(snapshot()).round == 0
    assert step(snapshot(draws=held)).round == 2


@pytest.mark.parametrize(
    ("ranks", "crowded_ms", "told"),
    [
        (range(1, 50), 0, NOW_MS),
        (range(0), 0, None),
        (range(0), NOW_MS - 5000, None),
        (range(0), NOW_MS - 10_000, 0),
    ],
)
def test_a_standby_room_is_told_only_what_changes(ranks: range, crowded_ms: int, told: int | None) -> None:
    """That it queues, and that everybody passes again."""
    made = step(snapshot(ranks, policy=replace(POLICY, mode="standby"), crowded_ms=crowded_ms))

    assert made.crowded_ms == told


def turned(ranks: range = range(0), **changes: Any) -> Advance:
    """
    Return the step in which a slot of 15 s is over.
    """
    return step(snapshot(ranks, slot_at_ms=NOW_MS - 15_000, **changes))


def test_before_the_opening_a_slot_is_as_long_as_the_countdown_asks() -> None:
    """Whoever polls as told is heard of in it: the longest poll, its jitter, the window after it, and a reserve."""
    made = step(replace(gathering(), slot_at_ms=NOW_MS - 15_000))

    assert made.slot_ms == slot_ms(6, POLICY) == 1.5 * (60_000 * 1.2 + 5000 + 2000)


@pytest.mark.parametrize(
    ("rate", "waiting", "told_s"),
    [(600, 1200, 20), (30, 100, 200 / 6), (600, 60, 2), (600, 120_000, 80)],
)
def test_a_slot_is_as_long_as_those_at_the_end_may_be_silent(rate: int, waiting: int, told_s: float) -> None:
    """A sixth of the wait, and what the budget asks for: with its jitter, a flush, a snapshot and half in reserve."""
    policy = replace(POLICY, rate_per_minute=rate, poll_max_s=60)
    made = turned(range(1, waiting + 1), policy=policy)

    assert made.slot_ms == max(15_000, int(1.5 * (1200 * told_s + 2000)))


def test_a_slot_grows_with_the_intervals_that_are_told_in_it() -> None:
    """With 7,500 people at a budget of a hundred each asks every 100 s: a slot of 15 s goes on for longer."""
    policy = replace(POLICY, poll_budget_per_s=100)
    made = step(snapshot(range(1, 7501), policy=policy, slot_at_ms=NOW_MS - 20_000))

    assert (made.rotate, made.slot_ms) == (False, int(1.5 * (100_000 * 1.2 + 2000)))


def test_the_slot_after_a_crowd_is_as_long_as_that_was_told_to_wait() -> None:
    """Those who were told to ask in two minutes are waited for, though all others have been called."""
    grown_ms = int(1.5 * (100_000 * 1.2 + 2000))
    made = step(snapshot([7], slot_at_ms=NOW_MS - grown_ms, slot_ms=grown_ms))

    assert made.rotate
    assert made.slot_ms >= 100_000 * 1.2


def test_before_the_opening_no_slot_is_shorter_than_was_told_in_the_last() -> None:
    """Of a crowd that waited for the draw most have gone."""
    made = step(replace(gathering(), slot_at_ms=NOW_MS - 900_000, slot_ms=900_000))

    assert (made.rotate, made.slot_ms) == (True, 600_000)


def test_a_slot_keeps_its_length_until_it_is_over() -> None:
    """Where the budget lets all who have come since ask as often as before."""
    assert step(snapshot(range(1, 1201))).slot_ms == 15_000


def test_a_slot_shrinks_by_its_reserve_at_most() -> None:
    """What was told in the one before must still fit; also where nobody waits."""
    assert step(snapshot(slot_at_ms=NOW_MS - 90_000, slot_ms=90_000)).slot_ms == 60_000


def test_where_nobody_is_called_the_budget_alone_makes_the_slot() -> None:
    """Nobody knows how long the wait is: all seats are taken."""
    assert turned(range(1, 1201), seats=POLICY.capacity).slot_ms == 15_000


def test_the_slowest_lane_makes_the_slot() -> None:
    """One in ten calls is for the others: their wait counts."""
    policy = replace(POLICY, lanes=(Lane("standard", 1), Lane("vip", 9)))
    room = lanes(policy, standard=lane(range(1, 121)), vip=lane(range(1, 121)))

    assert step(replace(room, slot_at_ms=NOW_MS - 15_000)).slot_ms == int(1.5 * (1200 * 20 + 2000))


def test_an_empty_room_learns_nothing_of_no_shows_and_forgets_those_who_left() -> None:
    """Half of the rate of leaving goes with each slot."""
    made = turned(no_show=0.3, leaving_per_s=0.02)

    assert (made.no_show, made.leaving_per_s) == (0.3, 0.01)


def test_a_few_who_wait_are_enough_to_tell_who_is_silent() -> None:
    """One of four will not come: half of those called came so far, of those who stay it will be two of three."""
    assert turned(range(1, 5), fresh=b"\x70", no_show=0.5).no_show == pytest.approx(1 / 3)


def test_of_a_crowd_the_first_hundred_tell() -> None:
    """Half of them are silent, and nobody behind them is."""
    fresh = bytes([0x55] * 12 + [0x4F] + [0xFF] * 13)
    made = turned(range(1, 201), fresh=fresh, seats=POLICY.capacity - 2, no_show=0.9)

    assert made.no_show == pytest.approx(0.8)


def test_where_many_are_called_as_many_as_four_steps_call_tell() -> None:
    """A hundred are due: of the next four hundred half are silent, and so is half of those who were expected."""
    policy = replace(POLICY, rate_per_minute=60_000)
    fresh = bytes([0x7F] + [0xFF] * 24 + [0x80] + [0] * 75)
    made = turned(range(1, 801), policy=policy, fresh=fresh, seats=50, no_show=0.5, tokens=250.0)

    assert made.called == 100
    assert made.no_show == pytest.approx(0.0)


def test_those_next_in_all_lanes_tell() -> None:
    """One of two is silent here, and none of two there."""
    room = lanes(POLICY, standard=lane([1, 2], fresh=b"\x40"), vip=lane([1, 2]))
    made = step(replace(room, slot_at_ms=NOW_MS - 15_000, no_show=0.5))

    assert made.no_show == pytest.approx(1 / 3)


def test_one_call_goes_to_one_lane_and_the_other_keeps_its_frontier() -> None:
    """And each is told what it is owed, or has had too much of."""
    policy = replace(POLICY, lanes=(Lane("standard", 1), Lane("vip", 3)))
    room = replace(lanes(policy, standard=lane(range(1, 9)), vip=lane(range(1, 9))), seats=POLICY.capacity - 1)
    made = step(room).lanes

    assert {name: (one.called, one.frontier) for name, one in made.items()} == {"standard": (0, 1), "vip": (1, 2)}
    assert {name: one.credit for name, one in made.items()} == {"standard": 0.25, "vip": -0.25}


def test_in_strict_order_the_first_lane_is_called_first() -> None:
    """Whatever the weights say."""
    policy = replace(POLICY, lane_order="strict", lanes=(Lane("standard", 1), Lane("vip", 9)))
    room = replace(lanes(policy, standard=lane(range(1, 9)), vip=lane(range(1, 9))), seats=POLICY.capacity - 3)

    assert step(room).lanes["standard"].called == 3


def test_one_free_seat_moves_the_frontier_by_one() -> None:
    """One call is as good as many."""
    made = step(snapshot(range(1, 50), seats=POLICY.capacity - 1))

    assert (made.called, made.lanes["standard"].frontier) == (1, 2)


def test_a_room_that_nobody_holds_is_anybodys() -> None:
    """Whatever is left of the last one's time."""
    assert plan(snapshot(owner="", owner_until_ms=NOW_MS + 1000), "me") is not None


def test_those_called_before_are_counted_on() -> None:
    """Ten of them are still to come: the seats that are free are theirs."""
    called = Cohort(NOW_MS, 1, 11, 10)
    room = snapshot(range(11, 50), frontier=11, seats=POLICY.capacity - 12, cohorts=(called,))

    assert step(room).called < 4
